#include "test/unit/Catch.h"

#include "runtime/tensor/Random.h"

#include <cmath>
#include <vector>

using namespace attn;

TEST_CASE("the stream is SplitMix64's") {
  Random random(1234567);
  CHECK(random.bits() == 6457827717110365317u);
  CHECK(random.bits() == 3203168211198807973u);
  CHECK(random.bits() == 9817491932198370423u);
}

TEST_CASE("uniform and normal numbers have their moments") {
  Random random(1);
  double sum = 0, squares = 0, fourth = 0, uniform = 0;
  constexpr int count = 400000;
  for (int n = 0; n < count; ++n) {
    double value = random.normal();
    REQUIRE(std::isfinite(value));
    sum += value;
    squares += value * value;
    fourth += value * value * value * value;
    double u = random.uniform();
    REQUIRE(u >= 0);
    REQUIRE(u < 1);
    uniform += u;
  }
  CHECK(std::fabs(sum / count) < 0.01);
  CHECK(std::fabs(squares / count - 1) < 0.01);
  CHECK(std::fabs(fourth / count - 3) < 0.06);
  CHECK(std::fabs(uniform / count - 0.5) < 0.003);
}

TEST_CASE("integers cover their range evenly") {
  Random random(2);
  std::vector<int> seen(7);
  for (int n = 0; n < 70000; ++n)
    ++seen[size_t(random.integer(-3, 4) + 3)];
  for (int count : seen)
    CHECK(std::abs(count - 10000) < 500);
  CHECK(random.integer(5, 6) == 5);
  int64_t wide = random.integer(INT64_MIN, INT64_MAX);
  CHECK(wide < INT64_MAX);
}

TEST_CASE("streams of one seed differ") {
  CHECK(seedOf(1, 0) != seedOf(1, 1));
  CHECK(seedOf(1, 0) != seedOf(2, 0));
  CHECK(seedOf(1, 0) == seedOf(1, 0));
}
