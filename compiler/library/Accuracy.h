#pragma once

#include "compiler/library/Inputs.h"

#include <atomic>
#include <optional>
#include <string>
#include <vector>

namespace attn::library {

/// How a run compares with the oracle, and what is accepted. With M(row) the largest magnitude that enters a score of the row
/// (`scale * sum(d: abs(q * k))` plus the magnitudes of what is added; tanh and the like pass it on):
///
/// - an output `sum(j: weight * v)` may be off by (2e-6 + M * 2^-21) of the largest |v| the row sees; one stored in 16 bits by (2^-8 + M * 2^-21)
///   (bf16) or (2^-11 + M * 2^-21) (f16) of it, beside its rounding;
/// - the log-sum-exp by 1e-5 + M * 2^-21;
/// - any other output by 1e-5 of the row's largest magnitude;
///
/// and a NaN or an infinity must be the same on both sides.
struct OutputCheck {
  std::string output;
  double error = 0; ///< of the row that comes closest to its bound or exceeds it by most; infinite where only one side is NaN or infinite
  double bound = 0; ///< of that row
  bool agrees = true;
  int64_t rows = 0, checkedRows = 0;
  std::string worstRow;      ///< `b = 0, h = 3, i = 17`
  std::string disagreement;  ///< the worst element where the output doesn't agree: what was computed and what was expected
};

/// The part of the first bound that doesn't grow with M, by what an output is stored as, as a number and as a person writes it.
struct ValueBound {
  double bound;
  const char *text;
};
ValueBound valueBound(sema::ElementType stored);

struct CheckOptions {
  std::optional<double> tolerance; ///< instead of the bounds above
  bool sampleLarge = true;         ///< check at least 64 rows, not all, of a run of more than `mostWhole` multiply-adds
  int64_t mostWhole = int64_t(1) << 30;
  uint64_t seed = 0;               ///< of the sample
  unsigned threads = 1;
  const std::atomic<bool> *stop = nullptr; ///< ends the comparison, before its next row, with the failure `stopped`
};

struct CheckResult {
  std::vector<OutputCheck> outputs;
  std::string failure; ///< the oracle ended in an error; `outputs` is empty

  bool agrees() const;
};

/// Compares the outputs in `data` with the oracle's.
CheckResult checkOutputs(const sema::Attention &attention, const RunData &data, const CheckOptions &options);

/// Multiply-adds of a run as the spec's two matrix products have them: B * H * I * J * (D + E).
double multiplyAdds(const sema::Attention &attention, const reference::Binding &binding);

/// The rows a sample holds: first, last, both sides of tile edges, and random ones; all where there are at most 64.
std::vector<int64_t> sampleRows(int64_t rows, int64_t rowsPerHead, uint64_t seed);

} // namespace attn::library
