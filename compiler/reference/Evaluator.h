#pragma once

#include "compiler/reference/Binding.h"
#include "compiler/reference/TensorView.h"
#include "compiler/sema/Program.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// The oracle: evaluates a checked attention by its definition, in float64, sharing nothing with the compiler's
/// lowering.
namespace attn::reference {

/// An index or integer divisor in the data was wrong where it counts, or a store hit an element twice.
struct EvaluationError {
  std::string message; ///< one line: tensor, dimension, value, source text and place
  SourceRange range;
};

/// All elements of one output that share its b, h, g and i.
struct Row {
  std::vector<int64_t> elements; ///< row-major element numbers in the output's shape
  bool real = true;
  std::vector<double> reals;     ///< in float64, not yet rounded to the output's type; if `real`
  std::vector<int64_t> integers; ///< else
};

struct RowResult {
  Row row;
  std::optional<EvaluationError> error; ///< then `row` is empty
};

/// Evaluates rows one at a time: memory grows with J (times what one key needs), never with I × J. Neighbouring rows
/// and outputs of one row share work, so ask for them together. Attention and binding must outlive it. Not thread-safe:
/// one per thread.
class Evaluator {
public:
  Evaluator(const sema::Attention &attention, const Binding &binding);
  ~Evaluator();

  int64_t rowCount(uint32_t output) const;
  /// Row `number` of an output, counted with i fastest, then g or h, then b.
  RowResult evaluateRow(uint32_t output, int64_t number);
  /// `b = 0, h = 3, i = 17`
  std::string rowName(uint32_t output, int64_t number) const;

private:
  class Implementation;
  std::unique_ptr<Implementation> implementation;
};

/// Evaluates all outputs into `outputs` (one view per output, of `outputShape`), each element rounded once. Elements
/// that a store does not reach are left alone. The result does not depend on `threads`. On an error outputs are
/// unspecified. Where `stop` (may be null) becomes true, evaluation ends before its next row, with the error `stopped`.
std::optional<EvaluationError> evaluateAll(const sema::Attention &attention, const Binding &binding,
                                           const std::vector<TensorView> &outputs, unsigned threads = 1,
                                           const std::atomic<bool> *stop = nullptr);

} // namespace attn::reference
