#pragma once

#include <string>
#include <vector>

namespace attn::test {

/// A function of the language, its reference in higher precision and the error that docs/math.md promises, in units in
/// the last place of the exact result.
struct TestedFunction {
  enum class Domain { Everything, NotPositive };

  std::string name;
  std::string operation; ///< see FunctionSource
  long double (*reference)(long double);
  double (*referenceOfFloat)(double); ///< enough for f32
  double boundF32;
  double boundF64; ///< 0: not offered in f64
  Domain domain = Domain::Everything;
  /// Arguments around which something changes: poles, zeros, borders of a range.
  std::vector<double> hardPoints;
};

std::vector<TestedFunction> testedFunctions();

} // namespace attn::test
