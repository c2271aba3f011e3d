#pragma once

#include <optional>
#include <string>
#include <vector>

namespace attn::test {

using LongReference = long double (*)(long double);
using FloatReference = double (*)(double);

/// The errors that docs/math.md states, in units in the last place of the exact result.
struct Bounds {
  double f32;
  std::optional<double> f64; ///< absent: not offered in f64
};

/// A function of the language and what it is held to.
struct TestedFunction {
  std::string name;
  std::string operation; ///< see FunctionSource
  LongReference reference;
  FloatReference referenceOfFloat; ///< enough for f32
  Bounds bounds;
  bool isSoftmaxExp2; ///< buildSoftmaxExp2 instead of the pass, for arguments up to 0 and results from 2^-126
  /// Arguments around which something changes: poles, zeros, borders of a range.
  std::vector<double> hardPoints;
};

std::vector<TestedFunction> testedFunctions();

} // namespace attn::test
