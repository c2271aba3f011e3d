#include "test/unit/Catch.h"
#include "test/unit/reference/Run.h"

using namespace attn::reference;

TEST_CASE("a store puts elements where its indices say and leaves the others") {
  Run run("attention a { x: f32[I]; p: i32[I]; out y: f32[N]; N: int; y[p[i]] = x }");
  run.tensor("x", {3}, {1, 2, 3}).tensor("p", {3}, {4, 0, 2}).scalar("N", 5).fill(9);
  CHECK(run.output("y") == std::vector<double>{2, 9, 3, 9, 1});
}

TEST_CASE("a store into a merged dimension") {
  Run run("attention a { x: f32[H, I, D]; out y: f32[I, H * D]; y[i, h * D + d] = x }");
  run.tensor("x", {2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
  CHECK(run.shape("y") == std::vector<int64_t>{2, 4});
  CHECK(run.output("y") == std::vector<double>{1, 2, 5, 6, 3, 4, 7, 8});
}

TEST_CASE("a store that hits an element twice is an error") {
  Run run("attention a { x: f32[I]; p: i32[I]; out y: f32[N]; N: int; y[p[i]] = x }");
  run.tensor("x", {3}, {1, 2, 3}).tensor("p", {3}, {4, 0, 4}).scalar("N", 5);
  const std::string error = run.evaluate();
  INFO(error);
  CHECK(error.find("y: element [4] is stored more than once") != std::string::npos);
}

TEST_CASE("a store outside its output is an error") {
  Run run("attention a { x: f32[I]; p: i32[I]; out y: f32[N]; N: int; y[p[i]] = x }");
  run.tensor("x", {3}, {1, 2, 3}).tensor("p", {3}, {4, 0, 5}).scalar("N", 5);
  const std::string error = run.evaluate();
  INFO(error);
  CHECK(error.find("y: stored at index 5 of dimension 0, whose size is 5") != std::string::npos);
}
