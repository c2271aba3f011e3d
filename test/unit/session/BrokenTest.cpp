#include "test/unit/Catch.h"
#include "test/unit/runtime/TemporaryFolder.h"
#include "test/unit/session/Said.h"

using namespace attn;
using namespace attn::test;

TEST_CASE("what has mistakes is not taken in, and the message shows what was typed") {
  Talk talk;
  talk.add("mask = causal");
  std::string before = talk.session.text();
  CHECK(talk.add("mask = causl and window(3)") ==
        "<input>:1:8: error[unknown-name]: unknown name `causl`\n"
        "  1 | mask = causl and window(3)\n    |        ^^^^^\n"
        "help: a similar name exists\n  1 | mask = causal and window(3)\n    |        ++++++\n");
  CHECK_FALSE(talk.good);
  CHECK(talk.add("mask = dot(q, k)").starts_with("<input>:1:8: error[mask-type]"));
  CHECK(talk.add("mask = (causal").starts_with("<input>:1:8: error[unclosed-bracket]"));
  CHECK(talk.add("def twice(x) = x + nothing").starts_with("<input>:1:20: error[unknown-name]"));
  CHECK(talk.add("def twice(x) = twice(x)").starts_with("<input>:1:16: error[recursive-definition]"));
  CHECK(talk.add("attention b {\n  layout mha\n  mask = 3\n}").starts_with("<input>:3:10: error[mask-type]"));
  CHECK(talk.add("attention b { layout mah }").starts_with("<input>:1:22: error[unknown-layout]"));
  CHECK(talk.session.text() == before);
  CHECK(talk.session.attentions() == std::vector<std::string>{"main"});
}

TEST_CASE("a mistake in a def that a new line calls is the line's") {
  Talk talk;
  talk.add("mask = causal");
  talk.add("def f(x) = x and true");
  std::string before = talk.session.text();
  std::string message = talk.add("score = f(dot(q, k))");
  CHECK_FALSE(talk.good);
  CHECK(message.find("<input>:1:9: note: `f` is called here") != std::string::npos);
  CHECK(talk.session.text() == before);
}

TEST_CASE("an attention that grows line by line is told of only once it was whole") {
  Talk talk;
  CHECK(talk.add("q: f32[B, I, D]") == "");
  CHECK(talk.add("k: f32[B, J, D]") == "");
  CHECK_FALSE(talk.checks("main"));
  CHECK(talk.add("v: f32[B, J, D]") == "");
  CHECK(talk.checks("main"));
  CHECK(talk.add("def f(x) = x") == "");
  CHECK(talk.add("score = f(dot(q, k))") == "");
  CHECK(talk.add("def f(x, y) = x").find("no longer checks") != std::string::npos);
  CHECK(talk.add("def f(x) = x").find("checks again") != std::string::npos);
}

TEST_CASE("what depended on a definition says so when it no longer checks") {
  Talk talk;
  talk.add("def f(x) = x + 1");
  talk.add("attention a { layout mha; score = f(dot(q, k)) }");
  talk.add("attention b { layout mha; mask = causal }");
  std::string message = talk.add("def f(x, y) = x + y");
  CHECK(talk.good);
  CHECK(message.starts_with("session:2:35: error[missing-argument]: `f` needs its argument `y`\n"));
  CHECK(message.ends_with("note: attention `a` no longer checks\n"));
  CHECK_FALSE(talk.checks("a"));
  CHECK(talk.checks("b"));
  // Once is enough.
  CHECK(talk.add("def twice(x) = x") == "");
  CHECK(talk.add("def f(x, y = 1) = x + y") == "note: attention `a` checks again\n");
}

TEST_CASE("a def that no longer checks doesn't spoil those that don't use it") {
  Talk talk;
  talk.add("def f(x) = x + 1");
  talk.add("def twice(x) = f(x)");
  talk.add("attention a { layout mha; score = twice(dot(q, k)) }");
  talk.add("attention b { layout mha }");
  session::Messages messages;
  talk.session.drop("f", messages);
  std::string text = textOf(messages);
  CHECK(text.find("unknown function `f`") != std::string::npos);
  CHECK(text.find("note: def `twice` no longer checks\n") != std::string::npos);
  CHECK(text.find("note: attention `a` no longer checks\n") != std::string::npos);
  CHECK(talk.checks("b"));
  CHECK_FALSE(talk.checks("a"));
  CHECK(talk.add("attention c { layout mha; mask = window(2) }") == "");
  CHECK(talk.checks("c"));
}

TEST_CASE("lines of the same attention that a new one breaks") {
  Talk talk;
  talk.add("near_ = abs(i - j) < 4");
  talk.add("mask = causal and near_");
  std::string message = talk.add("near_ = abs(i - j)");
  CHECK(talk.good);
  CHECK(message.find("error[not-bool]") != std::string::npos);
  CHECK(message.ends_with("note: attention `main` no longer checks\n"));
  CHECK(talk.add("mask = causal and near_ < 8") == "note: attention `main` checks again\n");
}

TEST_CASE("expressions don't mind what is wrong elsewhere") {
  Talk talk;
  talk.add("near_ = abs(i - j) < 4");
  talk.add("mask = causal and near_");
  talk.add("near_ = abs(i - j)");
  CHECK(talk.ask("near_") == "int [i, j]");
  CHECK(talk.ask("dot(q, k)") == "f32 [b, h, i, j]");
  CHECK(talk.ask("mask").find("error[not-bool]") != std::string::npos);
  CHECK(talk.ask("softmax(score)").find("error[not-bool]") != std::string::npos);
  CHECK(talk.ask("near_ <").find("<input>:1:8: error[expected-expression]") != std::string::npos);
}

TEST_CASE("a file with mistakes is loaded as far as it goes") {
  TemporaryFolder folder;
  putContent(folder / "a.attn", "attention a { layout mha; mask = causl }\nattention b { layout mha; mask = causal }\n");
  Talk talk;
  session::Messages messages;
  CHECK_FALSE(talk.session.load(folder / "a.attn", messages));
  CHECK(textOf(messages).starts_with((folder / "a.attn") + ":1:34: error[unknown-name]"));
  CHECK_FALSE(talk.checks("a"));
  CHECK(talk.checks("b"));
  talk.session.use("a");
  CHECK(talk.add("mask = causal") == "note: attention `a` checks again\n");
}

TEST_CASE("input of any kind crashes nothing") {
  Talk talk;
  talk.add("mask = causal");
  for (const char *typed : {"", "   ", "# only a comment", "}", "{", "layout", "layout mha(", "out", "out o, o", "= 3", "a = ", "a :", "def",
                            "def f", "attention", "attention x", "attention x {}", "import", "import \"none.attn\"", "q[", "q[i] = 3",
                            "o[b] = 1", "D = 3", "D = 3; D = 4", "H: int", "x = 1; y = x; x = y", "mask = mask", "layout mha; layout mha",
                            "score = score", "\xff\xfe", "a = 1 } attention b {", "attention main { layout gqa }", "v = v + o",
                            "if = 3", "true: int", "mask = causal # comment }", "mask = causal;;; n = 3;"}) {
    INFO(typed);
    talk.add(typed);
    (void)talk.ask(typed);
    session::Messages messages;
    (void)talk.session.savedText(messages);
    // The text always parses.
    session::Messages silent;
    CHECK(talk.session.spec(talk.session.current()) != nullptr);
  }
}
