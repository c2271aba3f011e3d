#include "test/unit/Catch.h"
#include "test/unit/reference/Run.h"

using namespace attn::reference;

namespace {
/// Each batch of x has its own place in y.
const std::string source = "attention a { x: f32[B, I]; start: i32[B]; out y: f32[N]; N: int; y[start[b] + i] = x }";
} // namespace

TEST_CASE("a store puts elements where its indices say and leaves the others") {
  Run run(source);
  run.tensor("x", {2, 2}, {1, 2, 3, 4}).tensor("start", {2}, {3, 0}).scalar("N", 6).fill(9);
  CHECK(run.output("y") == std::vector<double>{3, 4, 9, 1, 2, 9});
}

TEST_CASE("a store into a merged dimension") {
  Run run("attention a { x: f32[H, I, D]; out y: f32[I, H * D]; y[i, h * D + d] = x }");
  run.tensor("x", {2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
  CHECK(run.shape("y") == std::vector<int64_t>{2, 4});
  CHECK(run.output("y") == std::vector<double>{1, 2, 5, 6, 3, 4, 7, 8});
}

TEST_CASE("a store that hits an element twice is an error") {
  Run run(source);
  run.tensor("x", {2, 2}, {1, 2, 3, 4}).tensor("start", {2}, {3, 2}).scalar("N", 6);
  const std::string error = run.evaluate();
  INFO(error);
  CHECK(error.find("y: element [3] is stored more than once") != std::string::npos);
}

TEST_CASE("a store outside its output is an error") {
  Run run(source);
  run.tensor("x", {2, 2}, {1, 2, 3, 4}).tensor("start", {2}, {3, 5}).scalar("N", 6);
  const std::string error = run.evaluate();
  INFO(error);
  CHECK(error.find("y: stored at index 6 of dimension 0, whose size is 6") != std::string::npos);
}
