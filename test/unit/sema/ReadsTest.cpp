#include "test/unit/Catch.h"
#include "test/unit/sema/Checked.h"

using namespace attn;
using namespace attn::test;
using Kinds = std::vector<std::string>;

TEST_CASE("rule 4.4: dimensions left out are read at their coordinates", "[reads]") {
  Checked c = mha("a: f32[N, D]; t: f32[H, M]\nx = a[i]; y = t[h][j]; z = sum(n: a)\nout o, x, y, z");
  INFO(c.rendered());
  REQUIRE(c.program);
  CHECK(c.text("x") == "a[i, d]");
  CHECK(c.text("y") == "t[h, j]");
  CHECK(c.text("z") == "sum(n: a[n, d])");
}

TEST_CASE("rules 4.1, 4.5: brackets by coordinate", "[reads]") {
  Checked c = mha("x = q[i = j]; y = causal[i = j, j = i]; z = (q + k)[d = 0]\nout o, x, y, z");
  INFO(c.rendered());
  REQUIRE(c.program);
  CHECK(c.text("x") == "q[b, h, j, d]");
  CHECK(c.text("y") == "(j <= i)[i = j, j = i]");
  CHECK(c.varies("z") == "b h i j");
}

TEST_CASE("a second name for a tensor keeps its positions", "[reads]") {
  CHECK(mha("bias: f32[H, N]\nmore = bias\nscore = dot(q, k) + more[h, 3]").kinds().empty());
}

TEST_CASE("rules 4.1 to 4.6: wrong reads", "[reads]") {
  auto kinds = [](const std::string &x) {
    return mha("t: f32[H, 4]; u: f32[N, N]; w: f32[4]\nscore = dot(q, k) + " + x +
               "\nout o, y\ny = t[0, 0] + u[0, 0] + w[0]")
        .kinds();
  };
  CHECK(kinds("t[h, 3]").empty());
  CHECK(kinds("t[h, 4]") == Kinds{"index-out-of-range"});
  CHECK(kinds("t[h, -1]") == Kinds{"index-out-of-range"});
  CHECK(kinds("t[h]") == Kinds{"missing-index"});
  CHECK(kinds("t[h, 0, 0]") == Kinds{"too-many-indices"});
  CHECK(kinds("u") == Kinds{"repeated-extent"});
  CHECK(kinds("u[i]").front() != "repeated-extent");
  CHECK(kinds("w[i / 2]") == Kinds{"not-integer"});
  CHECK(kinds("w[]") == Kinds{"empty-brackets"});
  CHECK(kinds("q[z = 0]") == Kinds{"not-coordinate"});
  CHECK(kinds("k[i = 0]") == Kinds{"not-varying"});
  CHECK(kinds("(2 * w[0])[0]") == Kinds{"positional-read"});
}

TEST_CASE("rule 4.6: a mask of a mask may set coordinates the inner one lacks", "[reads]") {
  CHECK(mha("mask = tiled(prefix(4), 8)").kinds().empty());
  CHECK(mha("mask = prefix(4)[i = 0]").kinds() == Kinds{"not-varying"});
  CHECK(Checked("def f(x) = x[d = 0]\nattention a { layout mha; score = dot(q, k) + f(i) }").kinds() ==
        Kinds{"not-varying"});
}
