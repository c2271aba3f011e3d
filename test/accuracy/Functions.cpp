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
  using Domain = TestedFunction::Domain;
  auto rsqrtLong = [](long double x) { return 1 / std::sqrt(x); };
  auto rsqrtDouble = [](double x) { return 1 / std::sqrt(x); };
  const std::vector<double> angles = multiplesOfQuarterPi();
  const double half = 0.5 * std::numbers::ln2;
  return {
      {"exp",
       "math.exp %x : TYPE",
       std::exp,
       std::exp,
       1.25,
       1.25,
       Domain::Everything,
       {half, -half, 88.72, -87.33, -103.97, 709.78, -708.39, -745.13}},
      {"exp2",
       "math.exp2 %x : TYPE",
       std::exp2,
       std::exp2,
       1.25,
       1.25,
       Domain::Everything,
       {0.5, -0.5, 1.5, 128, -126, -149, -150, 1024, -1022, -1074, -1075}},
      {"softmax exp2", "math.exp2 %x : TYPE", std::exp2, std::exp2, 2.5, 0, Domain::NotPositive, {-0.5, -1.5, -125.5}},
      {"expm1",
       "math.expm1 %x : TYPE",
       std::expm1,
       std::expm1,
       1.5,
       1.5,
       Domain::Everything,
       {half, -half, 3 * half, 88.72, -17.3, 709.78, -37.4}},
      {"log", "math.log %x : TYPE", std::log, std::log, 1, 1, Domain::Everything, {1, 0.70710678, 1.41421356, 2, 0.5}},
      {"log2",
       "math.log2 %x : TYPE",
       std::log2,
       std::log2,
       1.25,
       1.25,
       Domain::Everything,
       {1, 0.70710678, 1.41421356, 2, 0.5}},
      {"log1p",
       "math.log1p %x : TYPE",
       std::log1p,
       std::log1p,
       1.5,
       1.5,
       Domain::Everything,
       {-1, -0.29289322, 0.41421356, 1, 0x1p-24, 0x1p24, 0x1p53, 0x1p-53}},
      {"sqrt", "math.sqrt %x : TYPE", std::sqrt, std::sqrt, 0.51, 0.51, Domain::Everything, {1, 2, 4}},
      {"rsqrt", "math.rsqrt %x : TYPE", rsqrtLong, rsqrtDouble, 1.5, 1.5, Domain::Everything, {1, 2, 4}},
      {"sin", "math.sin %x : TYPE", std::sin, std::sin, 1.6, 1, Domain::Everything, angles},
      {"cos", "math.cos %x : TYPE", std::cos, std::cos, 1.6, 1, Domain::Everything, angles},
      {"tan", "math.tan %x : TYPE", std::tan, std::tan, 0.51, 1, Domain::Everything, angles},
      {"tanh",
       "math.tanh %x : TYPE",
       std::tanh,
       std::tanh,
       1.5,
       1.5,
       Domain::Everything,
       {half / 2, half, 9.01, 19.06, 10, 20}},
      {"atan",
       "math.atan %x : TYPE",
       std::atan,
       std::atan,
       1.75,
       1.75,
       Domain::Everything,
       {1, 0.41421356, 2.41421356}},
      {"erf", "math.erf %x : TYPE", std::erf, std::erf, 1.5, 1.5, Domain::Everything, {1, 3.92, 4, 5.86, 5.95}},
      {"floor",
       "math.floor %x : TYPE",
       std::floor,
       std::floor,
       0,
       0.001,
       Domain::Everything,
       {0, 1, 2, 0.5, 0x1p23, 0x1p52}},
      {"ceil",
       "math.ceil %x : TYPE",
       std::ceil,
       std::ceil,
       0,
       0.001,
       Domain::Everything,
       {0, 1, 2, 0.5, 0x1p23, 0x1p52}},
      {"trunc",
       "math.trunc %x : TYPE",
       std::trunc,
       std::trunc,
       0,
       0.001,
       Domain::Everything,
       {0, 1, 2, 0.5, 0x1p23, 0x1p52}},
      {"round",
       "math.round %x : TYPE",
       std::round,
       std::round,
       0,
       0.001,
       Domain::Everything,
       {0.5, 1.5, 2.5, 0x1p22, 0x1p51}},
      {"roundeven",
       "math.roundeven %x : TYPE",
       std::nearbyint,
       std::nearbyint,
       0,
       0.001,
       Domain::Everything,
       {0.5, 1.5, 2.5, 0x1p22, 0x1p51}},
  };
}

} // namespace attn::test
