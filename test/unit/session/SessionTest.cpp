#include "test/unit/Catch.h"
#include "test/unit/runtime/TemporaryFolder.h"
#include "test/unit/session/Said.h"

using namespace attn;
using namespace attn::test;

TEST_CASE("the first line begins an attention") {
  Talk talk;
  CHECK(talk.add("mask = causal") ==
        "note: attention `main` begins with `layout mha`; another `layout` line takes its place\n");
  CHECK(talk.session.text() == "attention main {\n  layout mha\n  mask = causal\n}\n");
  CHECK(talk.session.current() == "main");
  CHECK(talk.checks("main"));
  CHECK(talk.add("layout gqa") == "");
  CHECK(talk.session.text() == "attention main {\n  layout gqa\n  mask = causal\n}\n");
}

TEST_CASE("inputs of one's own take the place of the assumed layout") {
  Talk talk;
  talk.add("mask = causal");
  CHECK(talk.add("q: f32[I, D]; k: f32[J, D]; v: f32[J, D]") == "");
  CHECK(talk.ask("dot(q, k)") == "f32 [i, j]");
  CHECK(talk.session.text() == "attention main {\n  q: f32[I, D]\n  k: f32[J, D]\n  v: f32[J, D]\n  mask = causal\n}\n");
  CHECK(talk.add("bias: f32[I]") == "");
  CHECK(talk.add("score = dot(q, k) + bias") == "");
  CHECK(talk.add("w: int = 3") == "");
  CHECK(talk.session.text() == "attention main {\n  q: f32[I, D]\n  k: f32[J, D]\n  v: f32[J, D]\n  bias: f32[I]\n  w: int = 3\n"
                               "  mask = causal\n  score = dot(q, k) + bias\n}\n");
  CHECK(talk.checks("main"));
  Talk other;
  CHECK(other.add("q: f32[I, D]") == "");
  CHECK_FALSE(other.checks("main"));
  CHECK(other.add("k: f32[J, D]") == "");
  CHECK(other.add("v: f32[J, D]") == "");
  CHECK(other.checks("main"));
  CHECK(other.ask("dot(q, k)") == "f32 [i, j]");
}

TEST_CASE("a line replaces the one that defined its name") {
  Talk talk;
  talk.add("mask = causal");
  talk.add("n_ = i - j");
  talk.add("score = dot(q, k) + n_");
  CHECK(talk.add("n_ = abs(i - j)") == "");
  CHECK(talk.session.text() ==
        "attention main {\n  layout mha\n  mask = causal\n  n_ = abs(i - j)\n  score = dot(q, k) + n_\n}\n");
  // It moves behind what it uses.
  talk.add("late = 3");
  CHECK(talk.add("mask = causal and i < late") == "");
  CHECK(talk.session.text() == "attention main {\n  layout mha\n  n_ = abs(i - j)\n  score = dot(q, k) + n_\n  late = 3\n"
                               "  mask = causal and i < late\n}\n");
  CHECK(talk.checks("main"));
}

TEST_CASE("a line that reads the earlier meaning of its name leaves it standing") {
  Talk talk;
  talk.add("mask = causal");
  CHECK(talk.add("mask = mask and window(8)") == "");
  CHECK(talk.add("mask = mask and window(4)") == "note: it takes the place of `mask = mask and window(8)`\n");
  CHECK(talk.session.text() == "attention main {\n  layout mha\n  mask = causal\n  mask = mask and window(4)\n}\n");
  CHECK(talk.add("mask = prefix(3)") == "");
  CHECK(talk.session.text() == "attention main {\n  layout mha\n  mask = prefix(3)\n}\n");
  // The layout's q is read by each.
  talk.add("q = rope(q, i)");
  talk.add("q = rope(q, i, base = 5e5)");
  CHECK(talk.session.text() ==
        "attention main {\n  layout mha\n  mask = prefix(3)\n  q = rope(q, i, base = 5e5)\n}\n");
}

TEST_CASE("items replace those of their kind and name, comments around them stay") {
  Talk talk;
  TemporaryFolder folder;
  putContent(folder / "a.attn", "# What it is for.\ndef f(x) = x + 1   # one more\nattention a {\n  layout mha # heads first\n"
                                "  score = f(dot(q, k))\n}\n");
  session::Messages messages;
  REQUIRE(talk.session.load(folder / "a.attn", messages));
  CHECK(textOf(messages) == "");
  CHECK(talk.session.current() == "a");
  CHECK(talk.add("def f(x) = x + 2") == "");
  CHECK(talk.add("score = f(dot(q, k)) / 2") == "");
  CHECK(talk.session.text() == "# What it is for.\ndef f(x) = x + 2   # one more\nattention a {\n  layout mha # heads first\n"
                               "  score = f(dot(q, k)) / 2\n}\n");
  CHECK(talk.add("layout mine { q: f32[I, D]; k: f32[J, D]; v: f32[J, D] }") == "");
  CHECK(talk.add("attention b { layout mine }") == "");
  CHECK(talk.session.current() == "b");
  CHECK(talk.session.attentions() == std::vector<std::string>{"a", "b"});
  CHECK(talk.checks("a"));
  CHECK(talk.checks("b"));
}

TEST_CASE("lines of a block on one line of text") {
  Talk talk;
  talk.add("attention a { layout mha; mask = causal; w: int = 3 }");
  CHECK(talk.add("mask = window(w)") == "");
  CHECK(talk.session.text() == "attention a { layout mha; w: int = 3\n  mask = window(w)\n }\n");
  CHECK(talk.checks("a"));
  CHECK(talk.add("out o, lse") == "");
  CHECK(talk.checks("a"));
}

TEST_CASE("lines wait for their use") {
  Talk talk;
  talk.add("mask = causal");
  CHECK(talk.add("distance = abs(i - j)") == "");
  CHECK(talk.add("far = distance > 3") == "");
  CHECK(talk.checks("main"));
  session::Messages messages;
  CHECK(talk.session.savedText(messages) ==
        "attention main {\n  layout mha\n  mask = causal\n  # unused: distance = abs(i - j)\n  # unused: far = distance > 3\n}\n");
  CHECK(textOf(messages) == "note: nothing in `main` uses `distance = abs(i - j)`: it is saved as a comment\n"
                            "note: nothing in `main` uses `far = distance > 3`: it is saved as a comment\n");
  CHECK(talk.add("mask = causal and not far") == "");
  session::Messages none;
  CHECK(talk.session.savedText(none) == talk.session.text());
}

TEST_CASE("drop and undo") {
  Talk talk;
  talk.add("mask = causal");
  talk.add("def f(x) = x");
  talk.add("score = f(dot(q, k))");
  session::Messages messages;
  CHECK(talk.session.drop("mask", messages));
  CHECK(talk.session.text() == "attention main {\n  layout mha\n  score = f(dot(q, k))\n}\ndef f(x) = x\n");
  CHECK_FALSE(talk.session.drop("maks", messages));
  CHECK(textOf(messages) == "error: nothing here is called `maks`\n");
  session::Messages broken;
  CHECK(talk.session.drop("f", broken));
  CHECK(textOf(broken).find("unknown function `f`") != std::string::npos);
  CHECK(textOf(broken).find("note: attention `main` no longer checks\n") != std::string::npos);
  session::Messages again;
  CHECK(talk.session.undo(again));
  CHECK(textOf(again) == "note: attention `main` checks again\n");
  CHECK(talk.session.drop("main", again));
  CHECK(talk.session.current() == "");
  while (talk.session.undo(again)) {
  }
  CHECK(talk.session.text() == "");
  CHECK(textOf(again).ends_with("error: there is nothing to undo\n"));
}

TEST_CASE("files accumulate, and their imports are found from where they are") {
  TemporaryFolder folder;
  std::filesystem::create_directory(folder / "sub");
  putContent(folder / "sub/masks.attn", "def mine = j < 3\n");
  putContent(folder / "sub/b.attn", "import \"masks.attn\"\nattention b { layout mha; mask = mine }\n");
  putContent(folder / "a.attn", "attention a { layout mha; mask = causal }\n");
  Talk talk;
  session::Messages messages;
  REQUIRE(talk.session.load(folder / "a.attn", messages));
  REQUIRE(talk.session.load(folder / "sub/b.attn", messages));
  CHECK(textOf(messages) == "");
  CHECK(talk.checks("a"));
  CHECK(talk.checks("b"));
  CHECK(talk.session.current() == "b");
  CHECK_FALSE(talk.session.load(folder / "none.attn", messages));
  putContent(folder / "bad.attn", "attention c {{\n");
  std::string before = talk.session.text();
  CHECK_FALSE(talk.session.load(folder / "bad.attn", messages));
  CHECK(talk.session.text() == before);
}

TEST_CASE("names for completion") {
  Talk talk;
  talk.add("w: int = 4");
  talk.add("mask = window(w)");
  talk.add("def mine(x) = x");
  session::KnownNames names = talk.session.names();
  auto has = [](const std::vector<std::string> &list, const char *name) {
    return std::find(list.begin(), list.end(), name) != list.end();
  };
  for (const char *name : {"q", "w", "mask", "mine", "softcap", "causal", "i", "d", "D", "tanh", "score", "and"})
    CHECK(has(names.values, name));
  CHECK_FALSE(has(names.values, "g"));
  CHECK(has(names.layouts, "gqa"));
  CHECK(names.inputs == std::vector<std::string>{"k", "q", "v", "w"});
  CHECK(names.extents == std::vector<std::string>{"B", "D", "H", "I", "J"});
}
