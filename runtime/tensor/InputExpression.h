#pragma once

#include "runtime/tensor/Convert.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace attn {

/// What an input expression may refer to.
struct InputContext {
  std::optional<ElementType> element;        ///< the tensor's type where it is known
  std::optional<std::vector<int64_t>> shape; ///< its shape where it is known: what functions without dimensions fill
  std::map<std::string, int64_t, std::less<>> extents; ///< names that stand for a number, as in `arange(J)`
  uint64_t seed = 0;
  const std::atomic<bool> *stop = nullptr; ///< where it becomes true, evaluating fails with `stoppedText`; may be null
};

/// A tensor written on the command line:
///
///     [0, 512, 1000]           nested lists; the numbers may be sums and products of extents: [0, B * 4]
///     3.5                      a tensor of rank 0, or `shape` filled with it
///     arange(n)  arange(lo, hi)  arange(lo, hi, step)
///     randint(lo, hi, dims...) in [lo, hi)
///     randn(dims...)           normal, mean 0, variance 1
///     rand(dims...)            uniform in [0, 1)
///     zeros(dims...)  ones(dims...)  full(value, dims...)
///
/// Without dimensions they take `shape`. Without `element`, integers become i64, `true` and `false` bool, all else f32.
/// The same text, context and seed give the same tensor everywhere. The failure quotes the text and says where it goes
/// wrong.
Result<Converted> evaluateInput(std::string_view text, const InputContext &context);

/// Whether a command-line argument is such an expression and not the name of a file.
bool looksLikeInputExpression(std::string_view text);

} // namespace attn
