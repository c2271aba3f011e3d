#include "test/unit/Catch.h"
#include "test/unit/session/Said.h"

#include "compiler/session/Evaluation.h"

using namespace attn;
using namespace attn::test;
using session::Evaluation;

namespace {

Evaluation evaluate(const Talk &talk, const std::string &typed) {
  session::Messages messages;
  auto probe = talk.session.probe(typed, messages);
  INFO(textOf(messages));
  REQUIRE(probe);
  return session::evaluate(*probe, talk.session.bindings);
}

} // namespace

TEST_CASE("without any attention coordinates are there all the same") {
  Talk talk;
  CHECK(talk.ask("causal") == "bool [i, j]");
  CHECK(talk.ask("sqrt(D)") == "f64 []");
  CHECK(evaluate(talk, "1 + 2").grid->integers == std::vector<int64_t>{3});
  CHECK(evaluate(talk, "causal").missing == "I, J");
  (void)talk.session.bindings.set("I", "2");
  (void)talk.session.bindings.set("J", "3");
  Evaluation mask = evaluate(talk, "causal");
  REQUIRE(mask.grid);
  CHECK(mask.grid->coordinates == std::vector<std::string>{"i", "j"});
  CHECK(mask.shape == std::vector<int64_t>{2, 3});
  CHECK(mask.grid->integers == std::vector<int64_t>{1, 0, 0, 1, 1, 0});
  CHECK(evaluate(talk, "sum(j: 1)").grid->integers == std::vector<int64_t>{3});
}

TEST_CASE("heads don't need their groups, nor groups their heads, unless both are read") {
  Talk talk;
  CHECK(evaluate(talk, "h").missing == "H");
  CHECK(evaluate(talk, "h + g").missing == "H, G");
  (void)talk.session.bindings.set("H", "4");
  CHECK(evaluate(talk, "h").grid->integers == std::vector<int64_t>{0, 1, 2, 3});
  CHECK(evaluate(talk, "sum(h: h)").grid->integers == std::vector<int64_t>{6});
  CHECK(evaluate(talk, "g").missing == "G");
  CHECK(evaluate(talk, "10 * h + g").missing == "G");
  CHECK(evaluate(talk, "g[h = 3]").missing == "G");
  talk.add("layout gqa");
  CHECK(evaluate(talk, "h").grid->integers == std::vector<int64_t>{0, 1, 2, 3});
  CHECK(evaluate(talk, "10 * h + g").missing == "G");
  (void)talk.session.bindings.set("G", "2");
  CHECK(evaluate(talk, "g").grid->integers == std::vector<int64_t>{0, 1});
  CHECK(evaluate(talk, "10 * h + g").grid->integers == std::vector<int64_t>{0, 10, 21, 31});
  CHECK(evaluate(talk, "g[h = 3]").grid->integers == std::vector<int64_t>{1});
}

TEST_CASE("only what an expression reads must be given") {
  Talk talk;
  talk.add("slopes: f32[H]");
  talk.add("layout mha");
  talk.add("score = dot(q, k) + slopes * (j - i)");
  talk.add("mask = causal");
  CHECK(evaluate(talk, "score").missing == "q, k, slopes");
  (void)talk.session.bindings.set("slopes", "[0.5, 0.25]");
  Evaluation slopes = evaluate(talk, "slopes * 2");
  REQUIRE(slopes.grid);
  CHECK(slopes.grid->reals == std::vector<double>{1, 0.5});
  (void)talk.session.bindings.set("q", "randn(1, 2, 4, 8)");
  CHECK(evaluate(talk, "i").grid->integers == std::vector<int64_t>{0, 1, 2, 3});
  CHECK(evaluate(talk, "score").missing == "k");
  (void)talk.session.bindings.set("k", "randn(1, 2, 4, 8)");
  Evaluation weight = evaluate(talk, "softmax(score)");
  REQUIRE(weight.grid);
  CHECK(weight.shape == std::vector<int64_t>{1, 2, 4, 4});
  CHECK(weight.grid->reals[0] == 1);
  CHECK(weight.grid->reals[1] == 0);
  (void)talk.session.bindings.set("k", "randn(1, 2, 4, 9)");
  Evaluation wrong = evaluate(talk, "score");
  CHECK(wrong.missing == "");
  REQUIRE(wrong.errors.size() == 1);
  CHECK(wrong.errors[0] == "k: expected f32[B, H, J, D=8], got f32[1, 2, 4, 9]: extent D is 8 by dimension 3 of q");
}

TEST_CASE("a visible key is what the attention's own mask says") {
  Talk talk;
  talk.add("mask = causal");
  talk.add("score = -inf if j == 0 else dot(q, k)");
  talk.session.bindings.seed = 1;
  for (const char *extent : {"B", "H"})
    (void)talk.session.bindings.set(extent, "1");
  for (const char *extent : {"I", "J", "D"})
    (void)talk.session.bindings.set(extent, "3");
  // A score of -inf hides a key where the weight uses it.
  CHECK(evaluate(talk, "sum(j: 1)").grid->integers == std::vector<int64_t>{0, 1, 2});
}

TEST_CASE("values that are too many, or differ from batch to batch") {
  Talk talk;
  (void)talk.session.bindings.set("I", "1000");
  (void)talk.session.bindings.set("J", "1000");
  Evaluation large = evaluate(talk, "causal");
  CHECK(large.tooLarge);
  CHECK_FALSE(large.grid);
  CHECK(large.shape == std::vector<int64_t>{1000, 1000});
  CHECK(evaluate(talk, "causal[i = 3]").grid->shape == std::vector<int64_t>{1000});

  Talk ragged;
  ragged.add("attention r { q: f32[B, I, D]; keys: f32[B, N, D]; values: f32[B, N, D]; len: i32[B]; J = len[b]\n"
             "  k = keys[b, j]; v = values[b, j] }");
  REQUIRE(ragged.good);
  CHECK(ragged.ask("dot(q, k)") == "f32 [b, i, j]");
  (void)ragged.session.bindings.set("len", "[1, 2]");
  ragged.session.bindings.seed = 0;
  for (const char *extent : {"I", "D", "N"})
    (void)ragged.session.bindings.set(extent, "3");
  CHECK(evaluate(ragged, "dot(q, k)").missing == "one batch, since J differs between them");
  CHECK(evaluate(ragged, "sum(j: 1)").grid->integers == std::vector<int64_t>{1, 1, 1, 2, 2, 2});
}

TEST_CASE("what is wrong in the data is said") {
  Talk talk;
  talk.add("layout mha");
  talk.add("doc: i32[N]");
  (void)talk.session.bindings.set("doc", "[5, 6]");
  (void)talk.session.bindings.set("I", "3");
  Evaluation outside = evaluate(talk, "doc[i]");
  REQUIRE(outside.errors.size() == 1);
  CHECK(outside.errors[0].find("doc: index 2") == 0);
}

TEST_CASE("an evaluation that is stopped") {
  Talk talk;
  (void)talk.session.bindings.set("I", "10");
  session::Messages messages;
  auto probe = talk.session.probe("i", messages);
  std::atomic<bool> stop = true;
  Evaluation evaluation = session::evaluate(*probe, talk.session.bindings, &stop);
  CHECK(evaluation.errors == std::vector<std::string>{"stopped"});
}
