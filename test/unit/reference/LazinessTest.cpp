#include "test/unit/Catch.h"
#include "test/unit/reference/Run.h"

#include <cctype>

using namespace attn::reference;

namespace {
/// Five rows, or more, of a y over x[I] = i / 2, t = {10, 20, 30} and z[I], which is 0 at every third i; what `text`
/// doesn't name isn't there.
Run lines(const std::string &text, int64_t rows = 5) {
  auto uses = [&](char name) {
    for (size_t n = 0; n < text.size(); ++n)
      if (text[n] == name && (n == 0 || !std::isalnum(text[n - 1])) && !std::isalnum((text + " ")[n + 1]))
        return true;
    return false;
  };
  Run run("attention a { I: int; " + std::string(uses('x') ? "x: f32[I]; " : "") + (uses('t') ? "t: f32[N]; " : "") +
          (uses('z') ? "z: i32[I]" : "") + "\n" + text + "\nout y }");
  std::vector<double> x, z;
  for (int64_t i = 0; i < rows; ++i) {
    x.push_back(double(i) / 2);
    z.push_back(double(i % 3 == 0 ? 0 : i));
  }
  run.scalar("I", double(rows));
  if (uses('x'))
    run.tensor("x", {rows}, x);
  if (uses('t'))
    run.tensor("t", {3}, {10, 20, 30});
  if (uses('z'))
    run.tensor("z", {rows}, z);
  return run;
}
} // namespace

TEST_CASE("a branch that is not taken is not loaded") {
  CHECK(agree(lines("y = t[i] if i < N else -x").output("y"), {10, 20, 30, -1.5, -2}));
  CHECK(agree(lines("y = -x if i >= N else t[i]").output("y"), {10, 20, 30, -1.5, -2}));
}

TEST_CASE("what does not decide an `and` or `or` is not loaded") {
  CHECK(lines("y = i < N and t[i] > 15").output("y") == std::vector<double>{0, 1, 1, 0, 0});
  CHECK(lines("y = i >= N or t[i] > 15").output("y") == std::vector<double>{0, 1, 1, 1, 1});
}

TEST_CASE("a comparison chain stops at what decides it") {
  CHECK(lines("y = 0 <= i < N <= int(t[i])").output("y") == std::vector<double>{1, 1, 1, 0, 0});
}

TEST_CASE("a first operand that fails fails the whole, whatever the second says") {
  CHECK_FALSE(lines("y = t[i] > 15 or true").evaluate().empty());
}

TEST_CASE("a divisor of 0 counts only where it decides") {
  CHECK(agree(lines("y = 100 // z if z != 0 else -1").output("y"), {-1, 100, 50, -1, 25}));
  CHECK_FALSE(lines("y = 100 % z").evaluate().empty());
}

TEST_CASE("a wrong index names tensor, dimension, index and source") {
  const std::string error = lines("y = t[2 * i] + x").evaluate();
  INFO(error);
  CHECK(error.find("t: index 4 is outside dimension 0 (N) of size 3") != std::string::npos);
  CHECK(error.find("t[2 * i]") != std::string::npos);
  CHECK(error.find(":2:5") != std::string::npos);
}

TEST_CASE("a negative index is wrong and does not count from the end") {
  const std::string error = lines("y = t[i - 1] if i < N else x").evaluate();
  CHECK(error.find("index -1") != std::string::npos);
}

TEST_CASE("division by zero is an error that names its source") {
  CHECK(lines("y = i // z").evaluate().find("integer division by zero in `i // z`") != std::string::npos);
}

TEST_CASE("the error of the earliest row is reported for any number of threads") {
  for (unsigned threads : {1u, 3u})
    CHECK(lines("y = t[i]", 50).evaluate(threads).find("index 3 ") != std::string::npos);
}

TEST_CASE("a wrong index in a gather of gathers counts once it is used") {
  CHECK(agree(lines("y = t[z[i]] if z[i] < 3 else x").output("y"), {10, 20, 30, 10, 2}));
  CHECK_FALSE(lines("y = t[z[i + 1]]").evaluate().empty());
}

TEST_CASE("masked keys are not loaded") {
  Run run("attention a { q: f32[I]; k: f32[J]; v: f32[J]; t: f32[N]\n"
          "score = q + k + t[j]; mask = j < N; out o }");
  run.tensor("q", {1}, {0}).tensor("k", {3}, {0, 0, 0}).tensor("v", {3}, {1, 3, 100}).tensor("t", {2}, {1, 1});
  CHECK(agree(run.output("o"), {2}));
}

TEST_CASE("a mask that reads out of range is an error") {
  Run run("attention a { q: f32[I]; k: f32[J]; v: f32[J]; t: f32[N]\n"
          "score = q + k; mask = t[j] > 0; out o }");
  run.tensor("q", {1}, {0}).tensor("k", {3}, {0, 0, 0}).tensor("v", {3}, {1, 3, 100}).tensor("t", {2}, {1, 1});
  CHECK(run.evaluate().find("t: index 2 is outside dimension 0 (N) of size 2") != std::string::npos);
}

TEST_CASE("an error in a reduction over nothing visible does not count") {
  Run run("attention a { t: f32[N]; J = 3; mask = j < 0; y = sum(j: t[j + 100]); out y }");
  CHECK(agree(run.tensor("t", {2}, {1, 1}).output("y"), {0}));
}
