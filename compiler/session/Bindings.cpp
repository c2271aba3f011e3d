#include "compiler/session/Bindings.h"

#include <fmt/format.h>

#include <charconv>

using namespace attn;
using namespace attn::session;

namespace {

bool isCapital(const std::string &name) { return !name.empty() && name[0] >= 'A' && name[0] <= 'Z'; }

} // namespace

std::string_view session::trimmed(std::string_view text) {
  size_t begin = text.find_first_not_of(" \t\n");
  if (begin == std::string_view::npos)
    return {};
  return text.substr(begin, text.find_last_not_of(" \t\n") - begin + 1);
}

Result<std::string> session::sourceOf(const std::string &value) {
  std::string_view text = trimmed(value);
  bool isLoad = false;
  if (text.starts_with("load")) {
    std::string_view rest = trimmed(text.substr(4));
    isLoad = rest.starts_with("(");
    if (isLoad && !rest.ends_with(")"))
      return Failure{fmt::format("`{}` lacks its `)`: write `load(\"q.npy\")`", text)};
    if (isLoad)
      text = trimmed(rest.substr(1, rest.size() - 2));
  }
  bool opens = text.starts_with("\""), closes = text.size() > 1 && text.ends_with("\"");
  if (opens != closes || (isLoad && !opens))
    return Failure{fmt::format("`{}`: the name of a file stands in double quotes, as in `load(\"q.npy\")`", text)};
  if (opens)
    text = text.substr(1, text.size() - 2);
  if (text.empty())
    return Failure{"a value is missing"};
  return std::string(text);
}

Status Bindings::set(const std::string &name, const std::string &value) {
  if (isCapital(name)) {
    std::string_view text = trimmed(value);
    int64_t size = 0;
    auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), size);
    if (error != std::errc() || rest != text.data() + text.size() || size < 0)
      return Failure{fmt::format("extent `{}`: expected a whole number from 0, got `{}`", name, text)};
    sizes[name] = size;
    return std::monostate();
  }
  Result<std::string> source = sourceOf(value);
  if (!source)
    return Failure{fmt::format("`{}`: {}", name, source.message())};
  texts[name] = *std::move(source);
  return std::monostate();
}

bool Bindings::unset(const std::string &name) { return texts.erase(name) + sizes.erase(name) > 0; }

void Bindings::clear() {
  texts.clear();
  sizes.clear();
  seed.reset();
}

library::InputRequest Bindings::requestFor(const sema::Attention &attention) const {
  library::InputRequest request;
  for (const auto &[name, text] : texts) {
    if (attention.findTensor(name) != sema::none)
      request.tensors.push_back({name, text});
    else if (attention.findScalar(name) != sema::none)
      request.scalars.push_back({name, text});
  }
  // Sizes are for whatever is tried; where nothing has heads, their number has no meaning.
  for (const auto &[name, size] : sizes)
    if (sema::ExtentId id = attention.findExtent(name);
        id != sema::none && !(attention.extents[id].binding == sema::ExtentBinding::One && attention.extents[id].fixed))
      request.dims[name] = size;
  request.random = seed.has_value();
  request.seed = seed.value_or(0);
  request.wording = library::InputWording::Session;
  return request;
}
