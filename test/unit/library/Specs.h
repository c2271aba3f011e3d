#pragma once

#include "compiler/library/Inputs.h"
#include "test/unit/Catch.h"

namespace attn::test {

/// A spec that has no mistakes; the test fails if it does.
inline std::shared_ptr<const library::Spec> specOf(const std::string &text) {
  auto spec = library::Spec::fromText("test.attn", text);
  INFO(render(spec->diagnostics()));
  REQUIRE(spec->isGood());
  return spec;
}

/// Random inputs for the only attention of a spec.
inline library::RunData dataOf(const library::Spec &spec, std::map<std::string, int64_t> dims,
                               std::vector<std::pair<std::string, std::string>> tensors = {},
                               std::vector<std::pair<std::string, std::string>> scalars = {}) {
  library::InputRequest request;
  request.dims = std::move(dims);
  request.tensors = std::move(tensors);
  request.scalars = std::move(scalars);
  request.random = true;
  std::vector<std::string> errors;
  auto data = library::gatherInputs(spec.program().attentions.front(), request, errors);
  INFO((errors.empty() ? std::string() : errors.front()));
  REQUIRE(data);
  return std::move(*data);
}

} // namespace attn::test
