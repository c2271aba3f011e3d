#pragma once

#include "compiler/sema/Program.h"
#include "runtime/tensor/Result.h"

#include <string>
#include <string_view>
#include <vector>

namespace attn::library {

/// A kernel as its caller sees it, in texts that need nothing else to live. An object file carries the same as a
/// section, so that a program that loads it knows what it holds.
struct KernelSignature {
  struct Tensor {
    std::string name;
    sema::ElementType element = sema::ElementType::F32;
    bool isOutput = false;
    std::vector<std::string> dimensions; ///< as the spec writes them
    bool operator==(const Tensor &) const = default;
  };
  struct Scalar {
    std::string name;
    sema::ScalarKind kind = sema::ScalarKind::Int;
    bool hasDefault = false;
    std::string defaultText;
    bool operator==(const Scalar &) const = default;
  };
  std::string name;
  std::string symbol;          ///< under which an object exports it
  std::vector<Tensor> tensors; ///< inputs, then outputs
  std::vector<Scalar> scalars;
  bool operator==(const KernelSignature &) const = default;
};

KernelSignature signatureOf(const sema::Attention &attention);

/// One line of JSON, and back: text of any origin is taken, and may hold several such lines.
std::string describe(const std::vector<KernelSignature> &kernels);
Result<std::vector<KernelSignature>> readDescriptions(std::string_view text);

} // namespace attn::library
