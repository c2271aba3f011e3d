#include "compiler/library/KernelSignature.h"

#include "compiler/codegen/ExportedName.h"

#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <fmt/format.h>

#include <iterator>

using namespace attn;
using namespace attn::library;

namespace llvm::json {

static bool fromJSON(const Value &value, sema::ElementType &element, Path path) {
  std::string name;
  if (!fromJSON(value, name, path))
    return false;
  for (unsigned n = 0; n <= unsigned(sema::ElementType::Bool); ++n)
    if (spelling(sema::ElementType(n)) == name) {
      element = sema::ElementType(n);
      return true;
    }
  path.report("no element type");
  return false;
}

static constexpr std::string_view scalarKinds[] = {"int", "float", "bool"};

static bool fromJSON(const Value &value, sema::ScalarKind &kind, Path path) {
  std::string name;
  if (!fromJSON(value, name, path))
    return false;
  for (size_t n = 0; n < std::size(scalarKinds); ++n)
    if (scalarKinds[n] == name) {
      kind = sema::ScalarKind(n);
      return true;
    }
  path.report("no scalar type");
  return false;
}

static bool fromJSON(const Value &value, KernelSignature::Tensor &tensor, Path path) {
  ObjectMapper map(value, path);
  return map && map.map("name", tensor.name) && map.map("element", tensor.element) &&
         map.map("output", tensor.isOutput) && map.map("dimensions", tensor.dimensions);
}

static bool fromJSON(const Value &value, KernelSignature::Scalar &scalar, Path path) {
  ObjectMapper map(value, path);
  if (!map || !map.map("name", scalar.name) || !map.map("kind", scalar.kind) ||
      !map.mapOptional("default", scalar.defaultText))
    return false;
  scalar.hasDefault = value.getAsObject()->get("default") != nullptr;
  return true;
}

static bool fromJSON(const Value &value, KernelSignature &kernel, Path path) {
  ObjectMapper map(value, path);
  return map && map.map("name", kernel.name) && map.map("symbol", kernel.symbol) && map.map("tensors", kernel.tensors) &&
         map.map("scalars", kernel.scalars);
}

} // namespace llvm::json

/// A default as the spec writes it.
static std::string defaultText(const sema::Attention &attention, const sema::Scalar &scalar) {
  if (scalar.defaultValue == sema::none)
    return "";
  std::string_view written = attention.node(scalar.defaultValue).range.text();
  if (!written.empty() && written.find_first_of("\n#") == std::string_view::npos)
    return std::string(written);
  return sema::format(attention, scalar.defaultValue);
}

KernelSignature library::signatureOf(const sema::Attention &attention) {
  KernelSignature kernel{attention.name, codegen::exportedName(attention.name), {}, {}};
  auto add = [&](const std::string &name, sema::ElementType element, bool isOutput,
                 const std::vector<sema::Dimension> &dimensions) {
    KernelSignature::Tensor &tensor = kernel.tensors.emplace_back();
    tensor.name = name;
    tensor.element = element;
    tensor.isOutput = isOutput;
    for (const sema::Dimension &dimension : dimensions)
      tensor.dimensions.push_back(codegen::dimensionText(attention, dimension));
  };
  for (const sema::Tensor &input : attention.tensors)
    add(input.name, input.element, false, input.dimensions);
  for (const sema::Output &output : attention.outputs)
    add(output.name, output.element, true, output.dimensions);
  for (const sema::Scalar &scalar : attention.scalars)
    kernel.scalars.push_back(
        {scalar.name, scalar.kind, scalar.defaultValue != sema::none, defaultText(attention, scalar)});
  return kernel;
}

std::string library::describe(const std::vector<KernelSignature> &kernels) {
  using llvm::json::Array, llvm::json::Object, llvm::json::Value;
  Array list;
  for (const KernelSignature &kernel : kernels) {
    Array tensors, scalars;
    for (const KernelSignature::Tensor &tensor : kernel.tensors)
      tensors.push_back(Object{{"name", tensor.name},
                               {"element", std::string(spelling(tensor.element))},
                               {"output", tensor.isOutput},
                               {"dimensions", tensor.dimensions}});
    for (const KernelSignature::Scalar &scalar : kernel.scalars) {
      Object one{{"name", scalar.name}, {"kind", std::string(llvm::json::scalarKinds[size_t(scalar.kind)])}};
      if (scalar.hasDefault)
        one["default"] = scalar.defaultText;
      scalars.push_back(std::move(one));
    }
    list.push_back(Object{{"name", kernel.name},
                          {"symbol", kernel.symbol},
                          {"tensors", std::move(tensors)},
                          {"scalars", std::move(scalars)}});
  }
  std::string text;
  llvm::raw_string_ostream(text) << Value(std::move(list)) << '\n';
  return text;
}

Result<std::vector<KernelSignature>> library::readDescriptions(std::string_view text) {
  std::vector<KernelSignature> all;
  while (!text.empty()) {
    size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    // Linkers may pad what they join.
    line.remove_prefix(std::min(line.find_first_not_of('\0'), line.size()));
    if (line.empty())
      continue;
    llvm::Expected<llvm::json::Value> value = llvm::json::parse(llvm::StringRef(line));
    if (!value)
      return Failure{fmt::format("its description is damaged: {}", llvm::toString(value.takeError()))};
    std::vector<KernelSignature> some;
    llvm::json::Path::Root root("kernels");
    if (!fromJSON(*value, some, root))
      return Failure{fmt::format("its description is damaged: {}", llvm::toString(root.getError()))};
    all.insert(all.end(), std::make_move_iterator(some.begin()), std::make_move_iterator(some.end()));
  }
  return all;
}
