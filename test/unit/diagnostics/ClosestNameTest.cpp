#include "compiler/diagnostics/Diagnostics.h"
#include "test/unit/Catch.h"

using namespace attn;

static const std::vector<std::string> names = {"score", "mask", "weight", "softmax", "softcap",
                                               "q",     "k",    "J",      "window"};

TEST_CASE("a slip of the keyboard finds its name") {
  CHECK(closestName("scroe", names) == "score");
  CHECK(closestName("scor", names) == "score");
  CHECK(closestName("sccore", names) == "score");
  CHECK(closestName("sofcap", names) == "softcap");
  CHECK(closestName("windw", names) == "window");
}

TEST_CASE("a change of case is a small mistake") {
  CHECK(closestName("Q", names) == "q");
  CHECK(closestName("SoftMax", names) == "softmax");
}

TEST_CASE("of two candidates the closer one is taken") {
  CHECK(closestName("softmx", {"softcap", "softmax"}) == "softmax");
  CHECK(closestName("softmx", {"softmax", "softcap"}) == "softmax");
}

TEST_CASE("a name that resembles nothing finds nothing") {
  CHECK(closestName("temperature", names).empty());
  CHECK(closestName("x", names).empty());
  CHECK(closestName("ab", names).empty());
  CHECK(closestName("", names).empty());
  CHECK(closestName("score", {}).empty());
}

TEST_CASE("a name is not its own correction") { CHECK(closestName("mask", {"mask"}).empty()); }

TEST_CASE("names of any length are compared in bounded time") {
  std::string long1(1000000, 'a');
  CHECK(closestName(long1, {long1 + "b", "mask"}).empty());
}
