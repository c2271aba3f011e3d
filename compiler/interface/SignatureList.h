#pragma once

#include "compiler/library/KernelSignature.h"

#include "attn/attn.h"

#include <deque>
#include <string>
#include <vector>

namespace attn::interface {

/// Signatures as the C interface shows them, with all that they point to.
class SignatureList {
public:
  explicit SignatureList(std::vector<library::KernelSignature> kernels);
  SignatureList(const SignatureList &) = delete;
  SignatureList &operator=(const SignatureList &) = delete;

  size_t count() const { return signatures.size(); }
  const attn_signature *get(size_t index) const { return index < signatures.size() ? &signatures[index] : nullptr; }

  /// The index of the kernel of that name; of the only one for null. On failure `problem` says why, about what `where`
  /// names.
  bool find(const char *name, const std::string &where, size_t &index, std::string &problem) const;

private:
  std::vector<library::KernelSignature> kernels; ///< whose texts the others point to
  std::deque<std::vector<const char *>> dimensions;
  std::deque<std::vector<attn_tensor_signature>> tensors;
  std::deque<std::vector<attn_scalar_signature>> scalars;
  std::vector<attn_signature> signatures;
};

} // namespace attn::interface
