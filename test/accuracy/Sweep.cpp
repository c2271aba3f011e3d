#include "test/accuracy/Sweep.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

namespace attn::test {

void Errors::merge(const Errors &other) {
  if (other.ulp > ulp)
    ulp = other.ulp, where = other.where;
  if (other.relative > relative)
    relative = other.relative, relativeWhere = other.relativeWhere;
  if (other.wrongSpecial && !wrongSpecial)
    wrongWhere = other.wrongWhere;
  compared += other.compared;
  wrongSpecial += other.wrongSpecial;
}

static std::string placeOf(double x, double y, bool hasY) {
  return hasY ? fmt::format("{:.9g}, {:.9g}", x, y) : fmt::format("{:.17g}", x);
}

template <typename T> void compare(Errors &errors, T value, long double exact, double x, double y, bool hasY) {
  using Limits = std::numeric_limits<T>;
  ++errors.compared;
  auto wrong = [&](const char *what) {
    if (!errors.wrongSpecial++)
      errors.wrongWhere =
          fmt::format("{} at {}: {:.9g} for {:.9g}", what, placeOf(x, y, hasY), double(value), double(exact));
  };
  if (std::isnan(exact) || std::isnan(value)) {
    if (std::isnan(exact) != std::isnan(value))
      wrong("NaN");
    return;
  }
  if (exact == 0 || std::isinf(exact)) {
    if ((long double)value != exact || std::signbit(value) != std::signbit(exact))
      wrong(exact == 0 ? "zero" : "infinity");
    return;
  }
  if (std::signbit(value) != std::signbit(exact))
    wrong("sign");
  long double limit = std::ldexp(1.0L, Limits::max_exponent);
  long double wanted = std::clamp(exact, -limit, limit);
  long double given = std::isinf(value) ? std::copysign(limit, (long double)value) : (long double)value;
  long double difference = std::fabs(given - wanted);
  int exponent = std::max(std::ilogb(wanted), Limits::min_exponent - 1);
  exponent = std::min(exponent, Limits::max_exponent - 1);
  double ulp = double(std::ldexp(difference, Limits::digits - 1 - exponent));
  if (ulp > errors.ulp)
    errors.ulp = ulp, errors.where = placeOf(x, y, hasY);
  if (std::fabs(wanted) >= (long double)Limits::min() && difference / std::fabs(wanted) > errors.relative)
    errors.relative = double(difference / std::fabs(wanted)), errors.relativeWhere = placeOf(x, y, hasY);
}
template void compare<float>(Errors &, float, long double, double, double, bool);
template void compare<double>(Errors &, double, long double, double, double, bool);

template <typename T> std::vector<T> specialValues() {
  using Limits = std::numeric_limits<T>;
  std::vector<T> values;
  for (T value : {T(0),
                  Limits::denorm_min(),
                  3 * Limits::denorm_min(),
                  Limits::min() / 2,
                  std::nextafter(Limits::min(), T(0)),
                  Limits::min(),
                  Limits::epsilon(),
                  T(1e-10),
                  T(0.25),
                  T(0.5),
                  T(0.75),
                  std::nextafter(T(1), T(0)),
                  T(1),
                  std::nextafter(T(1), T(2)),
                  T(1.5),
                  T(2),
                  T(2.5),
                  T(3),
                  T(4),
                  T(5),
                  T(7.5),
                  T(64),
                  T(101),
                  T(1e10),
                  T(0x1p22) + T(0.5),
                  T(0x1p23) - 1,
                  T(0x1p23) + 1,
                  T(0x1p24) - 1,
                  T(0x1p24),
                  T(0x1p51) + T(0.5),
                  T(0x1p52) - 1,
                  T(0x1p52) + 1,
                  T(0x1p53) - 1,
                  T(0x1p53),
                  T(0x1p100),
                  T(0x1p104),
                  Limits::max() / 2,
                  Limits::max(),
                  Limits::infinity(),
                  Limits::quiet_NaN()}) {
    values.push_back(value);
    values.push_back(-value);
  }
  return values;
}
template std::vector<float> specialValues<float>();
template std::vector<double> specialValues<double>();

template <typename T> void appendNeighbourhoods(Numbers<T> &to, const std::vector<double> &points, int radius) {
  for (double point : points) {
    T below = T(point), above = T(point);
    for (int step = 0; step <= radius; ++step) {
      for (T value : {below, -below, above, -above})
        to.push_back(value);
      below = std::nextafter(below, T(0));
      above = std::nextafter(above, std::numeric_limits<T>::infinity());
    }
  }
}
template void appendNeighbourhoods<float>(Numbers<float> &, const std::vector<double> &, int);
template void appendNeighbourhoods<double>(Numbers<double> &, const std::vector<double> &, int);

void appendWholeRange(Numbers<float> &to, uint64_t stride) {
  for (uint64_t pattern = 0; pattern < uint64_t(1) << 32; pattern += stride)
    to.push_back(std::bit_cast<float>(uint32_t(pattern)));
}

void appendWholeRange(Numbers<double> &to, uint64_t stride) {
  std::mt19937_64 random(1);
  uint64_t perExponent = std::max<uint64_t>(1, (uint64_t(1) << 52) / stride);
  for (uint64_t top = 0; top < 4096; ++top) {
    // Where the functions have most of their range, ten times as many.
    bool isBusy = (top & 2047) > 1023 - 30 && (top & 2047) < 1023 + 12;
    for (uint64_t n = 0; n < perExponent * (isBusy ? 10 : 1); ++n)
      to.push_back(std::bit_cast<double>(top << 52 | (random() >> 12)));
  }
}

} // namespace attn::test
