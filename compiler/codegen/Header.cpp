#include "compiler/codegen/Header.h"

#include "compiler/codegen/Defaults.h"
#include "compiler/codegen/ExportedName.h"
#include "compiler/codegen/HeaderText.h"

#include <fmt/format.h>

#include <cctype>
#include <cmath>
#include <map>

using namespace attn;
using namespace attn::codegen;

namespace {

/// Text that may stand in a C comment: one line, without comment marks or trigraphs.
std::string inComment(std::string_view text) {
  std::string safe;
  for (char c : text) {
    if (!safe.empty() && ((safe.back() == '*' && c == '/') || (safe.back() == '/' && c == '*') ||
                          (safe.back() == '?' && c == '?')))
      safe += ' ';
    safe += c == '\n' || c == '\r' || c == '\\' ? ' ' : c;
  }
  return safe;
}

std::string guardName(const std::string &stem, std::string_view body) {
  uint64_t hash = 14695981039346656037u;
  for (char c : body)
    hash = (hash ^ uint8_t(c)) * 1099511628211u;
  std::string name = "ATTN_";
  for (char c : stem)
    name += std::isalnum(uint8_t(c)) ? char(std::toupper(uint8_t(c))) : '_';
  return fmt::format("{}_{:08X}_H", name, uint32_t(hash ^ (hash >> 32)));
}

std::string realLiteral(double value) {
  if (std::isnan(value))
    return "(0.0 / 0.0)";
  if (std::isinf(value))
    return value > 0 ? "(1.0 / 0.0)" : "(-1.0 / 0.0)";
  std::string text = fmt::format("{}", value);
  return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}

std::string integerLiteral(int64_t value) {
  return value == INT64_MIN ? "INT64_MIN" : fmt::format("INT64_C({})", value);
}

std::string_view scalarType(sema::ScalarKind kind) {
  return kind == sema::ScalarKind::Int ? "int" : kind == sema::ScalarKind::Float ? "float" : "bool";
}

/// What NAME_defaults() stores: the default where it is a constant, else the marker.
std::string defaultLiteral(const sema::Attention &attention, const sema::Scalar &scalar) {
  bool real = scalar.kind == sema::ScalarKind::Float;
  std::optional<ConstantValue> value = constantValue(attention, scalar.defaultValue);
  if (!value)
    return real ? "ATTN_UNSET_FLOAT" : "ATTN_UNSET_INT";
  return real ? realLiteral(value->real) : integerLiteral(value->integer);
}

std::string scalarComment(const sema::Attention &attention, const sema::Scalar &scalar) {
  std::string text(scalarType(scalar.kind));
  if (scalar.defaultValue == sema::none)
    return text + ", must be set";
  text += " = " + sema::format(attention, scalar.defaultValue);
  if (!constantValue(attention, scalar.defaultValue))
    text += ", computed where left at its default";
  return text;
}

std::string extentsComment(const sema::Attention &attention) {
  std::string text;
  for (const sema::Extent &extent : attention.extents)
    if (extent.fixed)
      text += fmt::format("{} = {}, ", extent.name, *extent.fixed);
  if (text.empty())
    return "";
  text.resize(text.size() - 2);
  return "Compiled for " + text + ". ";
}

std::string kernelText(const sema::Attention &attention) {
  std::string symbol = exportedName(attention.name);
  std::vector<std::string> members = memberNames(attention);
  std::string text = fmt::format("/* `{}`. {}Tensors: element type and dimensions in memory order, as the spec writes "
                                 "them. */\ntypedef struct {}_args {{\n",
                                 attention.name, inComment(extentsComment(attention)), symbol);
  size_t next = 0;
  auto tensor = [&](const char *role, sema::ElementType element, const std::vector<sema::Dimension> &dimensions) {
    text += fmt::format("  const DLTensor *{}; /* {} {} */\n", members[next++], role,
                        inComment(tensorType(attention, element, dimensions)));
  };
  for (const sema::Tensor &input : attention.tensors)
    tensor("in ", input.element, input.dimensions);
  for (const sema::Output &output : attention.outputs)
    tensor("out", output.element, output.dimensions);
  for (const sema::Scalar &scalar : attention.scalars)
    text += fmt::format("  {} {}; /* {} */\n", scalar.kind == sema::ScalarKind::Float ? "double" : "int64_t",
                        members[next++], inComment(scalarComment(attention, scalar)));
  if (members.empty())
    text += "  int64_t attn_nothing;\n";
  text += fmt::format("}} {0}_args;\n\n/* The spec's default scalars; every tensor is still to be set. */\n"
                      "static inline {0}_args {0}_defaults(void) {{\n  {0}_args args;\n",
                      symbol);
  size_t tensors = attention.tensors.size() + attention.outputs.size();
  for (size_t n = 0; n < tensors; ++n)
    text += fmt::format("  args.{} = NULL;\n", members[n]);
  for (size_t n = 0; n < attention.scalars.size(); ++n)
    text += fmt::format("  args.{} = {};\n", members[tensors + n], defaultLiteral(attention, attention.scalars[n]));
  if (members.empty())
    text += "  args.attn_nothing = 0;\n";
  text += fmt::format("  return args;\n}}\n\n/* Checks every argument, then computes the outputs. Returns ATTN_OK, or another "
                      "attn_status with *error filled (error may\n   be null). A null context runs serially with malloc. "
                      "Re-entrant. */\nint32_t {0}(const {0}_args *args, const attn_context *context, attn_error "
                      "*error);\n\n",
                      symbol);
  return text;
}

llvm::Error checkNames(const std::vector<const sema::Attention *> &attentions) {
  std::map<std::string, std::string> taken;
  for (const char *name : {"DLTensor", "DLDevice", "DLDeviceType", "DLDataType", "DLDataTypeCode", "DLManagedTensor",
                           "DLManagedTensorVersioned", "DLPackVersion", "attn_status", "attn_error", "attn_context"})
    taken[name] = "the header itself";
  for (const sema::Attention *attention : attentions) {
    std::string symbol = exportedName(attention->name);
    for (const char *suffix : {"", "_args", "_defaults"}) {
      auto [entry, isNew] = taken.insert({symbol + suffix, "attention `" + attention->name + "`"});
      if (!isNew)
        return llvm::createStringError(
            llvm::Twine("attention `") + attention->name + "` would declare `" + symbol + suffix +
                                           "` in the header, which " + entry->second +
                                           " declares too: rename it, or write one object for each with `--only`");
    }
  }
  return llvm::Error::success();
}

} // namespace

llvm::Expected<std::string> codegen::writeHeader(const std::vector<const sema::Attention *> &attentions,
                                                 const std::string &stem) {
  if (llvm::Error error = checkNames(attentions))
    return error;
  std::string kernels;
  for (const sema::Attention *attention : attentions)
    kernels += kernelText(*attention);
  std::string guard = guardName(stem, kernels);
  std::string text = fmt::format("/* Compiled from {}.attn by attnc. Link the object of the same name; C99 or C++. */\n"
                                 "#ifndef {}\n#define {}\n\n#include <stddef.h>\n#include <stdint.h>\n\n",
                                 inComment(stem), guard, guard);
  text += headerTensorText();
  text += "\n";
  text += headerSharedText();
  text += "\n/* What NAME_defaults() puts into a scalar that has no constant default: the kernel computes it, or asks for it. */\n"
          "#ifndef ATTN_UNSET_INT\n#define ATTN_UNSET_INT INT64_MIN\n"
          "#define ATTN_UNSET_FLOAT (-1.7976931348623157e308)\n#endif\n\n";
  text += "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n";
  text += kernels;
  text += "#ifdef __cplusplus\n}\n#endif\n\n#endif\n";
  return text;
}
