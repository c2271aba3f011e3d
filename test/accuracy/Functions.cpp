#include "test/accuracy/Functions.h"

#include <cmath>
#include <numbers>

namespace attn::test {

static std::vector<double> multiplesOfQuarterPi() {
  std::vector<double> points;
  for (int n = 1; n <= 64; ++n)
    points.push_back(n * std::numbers::pi / 4);
  // Doubles and floats that lie extremely close to a multiple of pi/2, found from its continued fraction.
  for (double near : {6381956970095103.0 * 0x1p797, 16367173.0 * 0x1p72, 11.0, 344.0, 51819.0, 573204.0, 80143857.0,
                      245850922.0, 411557987.0, 0x1p40, 0x1p41, 0x1p60, 1e22, 0x1p127, 0x1.fffffep127})
    points.push_back(near);
  return points;
}

std::vector<TestedFunction> testedFunctions() {
  using Points = std::vector<double>;
  std::vector<TestedFunction> all;
  auto add = [&](std::string name, LongReference exact, FloatReference exactOfFloat, Bounds bounds, Points points) {
    all.push_back({name, "math." + name + " %x : TYPE", exact, exactOfFloat, bounds, false, std::move(points)});
  };
  const double half = 0.5 * std::numbers::ln2;
  add("exp", std::exp, std::exp, {1.25, 1.25}, {half, -half, 88.72, -87.33, -103.97, 709.78, -708.39, -745.13});
  add("exp2", std::exp2, std::exp2, {1.25, 1.25}, {0.5, 1.5, 128, -126, -149, -150, 1024, -1022, -1074, -1075});
  add("exp2", std::exp2, std::exp2, {2.5, std::nullopt}, {-0.5, -1.5, -125.5});
  all.back().name = "softmax exp2";
  all.back().isSoftmaxExp2 = true;
  add("expm1", std::expm1, std::expm1, {1.5, 1.5}, {half, -half, 3 * half, 88.72, -17.3, 709.78, -37.4});
  add("log", std::log, std::log, {1, 1}, {1, 0.70710678, 1.41421356, 2, 0.5});
  add("log2", std::log2, std::log2, {1.25, 1.25}, {1, 0.70710678, 1.41421356, 2, 0.5});
  add("log1p", std::log1p, std::log1p, {1.5, 1.5}, {-1, -0.29289322, 0.41421356, 1, 0x1p-24, 0x1p24, 0x1p53, 0x1p-53});
  add("sqrt", std::sqrt, std::sqrt, {0.51, 0.51}, {1, 2, 4});
  auto rsqrtLong = [](long double x) { return 1 / std::sqrt(x); };
  auto rsqrtDouble = [](double x) { return 1 / std::sqrt(x); };
  add("rsqrt", rsqrtLong, rsqrtDouble, {1.5, 1.5}, {1, 2, 4});
  const Points angles = multiplesOfQuarterPi();
  add("sin", std::sin, std::sin, {1.75, 1}, angles);
  add("cos", std::cos, std::cos, {1.75, 1}, angles);
  add("tan", std::tan, std::tan, {0.51, 1.25}, angles);
  add("tanh", std::tanh, std::tanh, {2, 2.25}, {half / 2, half, 1.5 * half, 9.01, 19.06, 10, 20});
  add("atan", std::atan, std::atan, {2, 2}, {1});
  add("erf", std::erf, std::erf, {1.5, 1.5}, {1, 3.92, 4, 5.86, 5.95});
  const Points steps{0, 1, 2, 0.5, 1.5, 2.5, 0x1p22, 0x1p23, 0x1p51, 0x1p52};
  add("floor", std::floor, std::floor, {0, 0}, steps);
  add("ceil", std::ceil, std::ceil, {0, 0}, steps);
  add("trunc", std::trunc, std::trunc, {0, 0}, steps);
  add("round", std::round, std::round, {0, 0}, steps);
  add("roundeven", std::nearbyint, std::nearbyint, {0, 0}, steps);
  return all;
}

} // namespace attn::test
