#include "compiler/interface/SignatureList.h"

#include "compiler/diagnostics/Diagnostics.h"

#include <fmt/format.h>

#include <cstring>

using namespace attn;
using namespace attn::interface;

static DLDataType typeOf(sema::ElementType element) {
  auto type = [](uint8_t code, uint8_t bits) { return DLDataType{code, bits, 1}; };
  switch (element) {
  case sema::ElementType::F16:
    return type(kDLFloat, 16);
  case sema::ElementType::BF16:
    return type(kDLBfloat, 16);
  case sema::ElementType::F32:
    return type(kDLFloat, 32);
  case sema::ElementType::I8:
    return type(kDLInt, 8);
  case sema::ElementType::U8:
    return type(kDLUInt, 8);
  case sema::ElementType::I32:
    return type(kDLInt, 32);
  case sema::ElementType::I64:
    return type(kDLInt, 64);
  case sema::ElementType::Bool:
    return type(kDLBool, 8);
  }
  return {};
}

SignatureList::SignatureList(std::vector<library::KernelSignature> given) : kernels(std::move(given)) {
  for (const library::KernelSignature &kernel : kernels) {
    std::vector<attn_tensor_signature> &itsTensors = tensors.emplace_back();
    for (const library::KernelSignature::Tensor &tensor : kernel.tensors) {
      std::vector<const char *> &texts = dimensions.emplace_back();
      for (const std::string &dimension : tensor.dimensions)
        texts.push_back(dimension.c_str());
      // The names of element types are literals, which end in NUL.
      itsTensors.push_back({tensor.name.c_str(), spelling(tensor.element).data(), typeOf(tensor.element), tensor.isOutput,
                            int32_t(texts.size()), texts.data()});
    }
    std::vector<attn_scalar_signature> &itsScalars = scalars.emplace_back();
    for (const library::KernelSignature::Scalar &scalar : kernel.scalars) {
      int32_t kind = scalar.kind == sema::ScalarKind::Int     ? ATTN_KIND_INT
                     : scalar.kind == sema::ScalarKind::Float ? ATTN_KIND_FLOAT
                                                              : ATTN_KIND_BOOL;
      itsScalars.push_back({scalar.name.c_str(), kind, scalar.hasDefault, scalar.defaultText.c_str()});
    }
    signatures.push_back(
        {kernel.name.c_str(), itsTensors.size(), itsScalars.size(), itsTensors.data(), itsScalars.data()});
  }
}

bool SignatureList::find(const char *name, const std::string &where, size_t &index, std::string &problem) const {
  std::vector<std::string> names;
  std::string list;
  for (const library::KernelSignature &kernel : kernels) {
    if (name && kernel.name == name) {
      index = names.size();
      return true;
    }
    names.push_back(kernel.name);
    list += (list.empty() ? "" : ", ") + kernel.name;
  }
  if (!name && kernels.size() == 1) {
    index = 0;
    return true;
  }
  if (kernels.empty())
    problem = fmt::format("`{}` has no attention", where);
  else if (!name)
    problem = fmt::format("`{}` has {} attentions ({}): name one", where, kernels.size(), list);
  else if (std::string close = closestName(name, names); !close.empty())
    problem = fmt::format("`{}` has no attention `{}`; did you mean `{}`?", where, name, close);
  else
    problem = fmt::format("`{}` has no attention `{}`; it has {}", where, name, list);
  return false;
}

int32_t attn_signature_tensor(const attn_signature *signature, const char *name) {
  for (size_t n = 0; signature && name && n < signature->tensor_count; ++n)
    if (std::strcmp(signature->tensors[n].name, name) == 0)
      return int32_t(n);
  return -1;
}

int32_t attn_signature_scalar(const attn_signature *signature, const char *name) {
  for (size_t n = 0; signature && name && n < signature->scalar_count; ++n)
    if (std::strcmp(signature->scalars[n].name, name) == 0)
      return int32_t(n);
  return -1;
}
