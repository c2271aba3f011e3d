#include "test/unit/Catch.h"
#include "test/unit/session/Said.h"

using namespace attn;
using namespace attn::test;
using session::Bindings;

TEST_CASE("values are kept as text, extents as sizes") {
  Bindings bindings;
  CHECK(bindings.set("q", " randn(1, 2) "));
  CHECK(bindings.set("k", "load(\"a b.npy\")"));
  CHECK(bindings.set("v", "\"x.safetensors:v\""));
  CHECK(bindings.set("D", "64"));
  CHECK(bindings.values() ==
        std::map<std::string, std::string>{{"k", "a b.npy"}, {"q", "randn(1, 2)"}, {"v", "x.safetensors:v"}});
  CHECK(bindings.dims() == std::map<std::string, int64_t>{{"D", 64}});
  CHECK(bindings.set("D", "-1").message() == "extent `D`: expected a whole number from 0, got `-1`");
  CHECK(bindings.set("D", "many").message() == "extent `D`: expected a whole number from 0, got `many`");
  CHECK(bindings.set("q", "load(\"a\"").message() == "`q`: `load(\"a\"` lacks its `)`: write `load(\"q.npy\")`");
  CHECK(bindings.set("q", "load(a.npy)").message() ==
        "`q`: `a.npy`: the name of a file stands in double quotes, as in `load(\"q.npy\")`");
  CHECK(bindings.set("q", "\"a.npy").message() ==
        "`q`: `\"a.npy`: the name of a file stands in double quotes, as in `load(\"q.npy\")`");
  CHECK(bindings.set("q", "\"\"").message() == "`q`: a value is missing");
  CHECK(bindings.unset("q"));
  CHECK_FALSE(bindings.unset("q"));
}

TEST_CASE("a number of heads is no obstacle where there are none") {
  Talk talk;
  talk.add("q: f32[B, I, D]");
  talk.add("k: f32[B, J, D]");
  talk.add("v: f32[B, J, D]");
  for (const char *name : {"B", "H", "I", "J", "D"})
    (void)talk.session.bindings.set(name, "4");
  library::InputRequest request = talk.session.bindings.requestFor(*talk.session.spec("main")->find("main"));
  CHECK(request.dims == std::map<std::string, int64_t>{{"B", 4}, {"I", 4}, {"J", 4}, {"D", 4}});
}

TEST_CASE("an attention gets what it has a use for") {
  Talk talk;
  talk.add("w: int = 4");
  talk.add("mask = window(w)");
  Bindings &bindings = talk.session.bindings;
  (void)bindings.set("q", "randn()");
  (void)bindings.set("w", "3");
  (void)bindings.set("other", "3");
  (void)bindings.set("D", "8");
  (void)bindings.set("N", "8");
  bindings.seed = 7;
  library::InputRequest request = bindings.requestFor(*talk.session.spec("main")->find("main"));
  CHECK(request.tensors == std::vector<std::pair<std::string, std::string>>{{"q", "randn()"}});
  CHECK(request.scalars == std::vector<std::pair<std::string, std::string>>{{"w", "3"}});
  CHECK(request.dims == std::map<std::string, int64_t>{{"D", 8}});
  CHECK(request.random);
  CHECK(request.seed == 7);
}
