#include "test/unit/Catch.h"
#include "test/unit/reference/Run.h"

#include <string>

using namespace attn;
using namespace attn::reference;

namespace {
bool has(const std::string &text, const std::string &part) {
  UNSCOPED_INFO("looking for: " << part << "\nin: " << text);
  return text.find(part) != std::string::npos;
}
} // namespace

TEST_CASE("a fixed extent names its place") {
  Run run("attention a {\n  layout gqa\n  D = 128\n}");
  run.random("q", {1, 8, 16, 64}).random("k", {1, 8, 16, 128}).random("v", {1, 8, 16, 128});
  CHECK(has(run.bindErrors(), "q: expected f32[B, H, I, D=128], got f32[1, 8, 16, 64]: extent D is fixed to 128 at "));
}

TEST_CASE("extents must agree between tensors") {
  Run run("attention a { layout mha }");
  run.random("q", {1, 2, 3, 4}).random("k", {1, 2, 5, 4}).random("v", {1, 2, 6, 4});
  CHECK(has(run.bindErrors(), "v: expected f32[B, H, J=5, D], got f32[1, 2, 6, 4]: extent J is 5 by dimension 2 of k"));
}

TEST_CASE("rank and element type are checked") {
  Run run("attention a { layout mha }");
  run.random("q", {2, 3, 4}).random("k", {1, 2, 5, 4}).random("v", {1, 2, 5, 4});
  CHECK(has(run.bindErrors(), "q: expected f32[B, H, I, D], got f32[2, 3, 4]: rank 3 is not 4"));
  run.random("q", {1, 2, 3, 4});
  run.inputs().tensors[0]->element = sema::ElementType::BF16;
  CHECK(has(run.bindErrors(), "got bf16[1, 2, 3, 4]: the element type is f32, not bf16"));
}

TEST_CASE("missing inputs are all listed") {
  Run run("attention a { layout mha; w: int; mask = window(w) }");
  run.random("q", {1, 2, 3, 4});
  const std::string errors = run.bindErrors();
  CHECK(has(errors, "k: missing input, expected f32[B, H, J, D]"));
  CHECK(has(errors, "v: missing input"));
  run.random("k", {1, 2, 3, 4}).random("v", {1, 2, 3, 4});
  CHECK(has(run.bindErrors(), "w: missing scalar input of type int"));
}

TEST_CASE("query heads must be a multiple of key heads") {
  Run run("attention a { layout gqa }");
  run.random("q", {1, 4, 3, 4}).random("k", {1, 3, 3, 4}).random("v", {1, 3, 3, 4});
  CHECK(has(run.bindErrors(), "H = 4 query heads cannot share G = 3 key/value heads"));
}

TEST_CASE("a dimension a * X + c binds X, and must fit") {
  const std::string source = "attention a { cu: i32[2 * X + 1]; y: f32[I]; z = y + float(X); out z }";
  Run run(source);
  run.tensor("cu", {7}, std::vector<double>(7, 0)).tensor("y", {1}, {0});
  CHECK(run.output("z") == std::vector<double>{3});
  Run wrong(source);
  wrong.tensor("cu", {6}, std::vector<double>(6, 0)).tensor("y", {1}, {0});
  CHECK(has(wrong.bindErrors(), "cu: dimension 0, `2 * X + 1`, cannot be 6: no X gives that size"));
}

TEST_CASE("an extent given as a scalar divides a merged dimension") {
  Run run("attention a { x: f32[I, H * D]; H: int; q = x[i, h * D + d]; y = q * 1; out y }");
  run.random("x", {2, 6}).scalar("H", 3);
  CHECK(run.shape("y") == std::vector<int64_t>{3, 2, 2});
  Run wrong("attention a { x: f32[I, H * D]; H: int; q = x[i, h * D + d]; y = q * 1; out y }");
  wrong.random("x", {2, 6}).scalar("H", 4);
  CHECK_FALSE(wrong.bindErrors().empty());
}

TEST_CASE("an extent given outright stands for the scalar of its name") {
  Run run("attention a { x: f32[I, H * D]; H: int; q = x[i, h * D + d]; y = q * float(H); out y }");
  run.tensor("x", {1, 6}, {1, 2, 3, 4, 5, 6}).extent("H", 2);
  CHECK(run.shape("y") == std::vector<int64_t>{2, 1, 3});
  CHECK(run.output("y") == std::vector<double>{2, 4, 6, 8, 10, 12});
}

TEST_CASE("a dimension that is an expression is checked against its value") {
  Run run("attention a { x: f32[I]; t: f32[I + 1]; y = x + t[i]; out y }");
  run.random("x", {3}).random("t", {5});
  CHECK(has(run.bindErrors(), "t: expected f32[I + 1=4], got f32[5]: dimension 0, `I + 1`, is 4"));
}

TEST_CASE("scalar defaults may use extents") {
  Run run("attention a { x: f32[I, D]; s: float = 1 / sqrt(D); y = x * s; out y }");
  run.tensor("x", {1, 4}, {2, 4, 6, 8});
  CHECK(run.output("y") == std::vector<double>{1, 2, 3, 4});
  run.scalar("s", 10);
  CHECK(run.output("y") == std::vector<double>{20, 40, 60, 80});
}

TEST_CASE("input shapes follow from given extents, and what is missing is named") {
  Run run("attention a { layout gqa; cu: i32[B + 1]; mask = cu[b] <= j }");
  for (const auto &[name, value] :
       std::vector<std::pair<std::string, int64_t>>{{"B", 2}, {"H", 4}, {"I", 8}, {"D", 16}})
    run.extent(name, value);
  InputShapes shapes = inputShapes(run.attention(), run.inputs());
  CHECK(shapes.missing == std::vector<std::string>{"G", "J"});
  run.extent("G", 2).extent("J", 32);
  shapes = inputShapes(run.attention(), run.inputs());
  CHECK(shapes.missing.empty());
  REQUIRE(shapes.errors.empty());
  CHECK(shapes.shapes[run.attention().findTensor("k")] == std::vector<int64_t>{2, 2, 32, 16});
  CHECK(shapes.shapes[run.attention().findTensor("cu")] == std::vector<int64_t>{3});
  run.extent("G", 3);
  CHECK_FALSE(inputShapes(run.attention(), run.inputs()).errors.empty());
}

TEST_CASE("given extents must agree with the tensors") {
  Run run("attention a { layout mha }");
  run.random("q", {1, 2, 3, 4}).random("k", {1, 2, 5, 4}).random("v", {1, 2, 5, 4}).extent("J", 6);
  CHECK_FALSE(run.bindErrors().empty());
}
