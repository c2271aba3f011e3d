#pragma once

#include "compiler/session/Session.h"

#include <atomic>
#include <optional>
#include <string>
#include <vector>

namespace attn::session {

/// The values of an expression, in row-major order over its coordinates.
struct Grid {
  std::vector<std::string> coordinates;
  std::vector<int64_t> shape;
  sema::ScalarType type = sema::ScalarType::Float64;
  std::vector<double> reals;     ///< of floats
  std::vector<int64_t> integers; ///< of ints and bools
};

/// What became of evaluating an expression: a grid, or why there is none.
struct Evaluation {
  std::optional<Grid> grid;
  std::vector<int64_t> shape; ///< where it is known
  std::string missing;        ///< what isn't given yet: `q, J`; then nothing was computed, and nothing is wrong
  bool tooLarge = false;
  std::vector<std::string> errors; ///< what is wrong with the data
};

/// Values beyond this many are not computed only to be looked at.
inline constexpr int64_t largestGrid = 1 << 16;

/// Evaluates by the oracle what the bindings suffice for. Where `stop` (may be null) becomes true it ends with the
/// error `stopped`.
Evaluation evaluate(const Probe &probe, const Bindings &bindings, const std::atomic<bool> *stop = nullptr);

} // namespace attn::session
