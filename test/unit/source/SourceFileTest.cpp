#include "compiler/source/SourceFile.h"
#include "test/unit/Catch.h"

using namespace attn;

TEST_CASE("a file without text has one empty line") {
  SourceFile file("t", "");
  CHECK(file.lineCount() == 1);
  CHECK(file.line(1).empty());
  CHECK(file.locate(0).line == 1);
  CHECK(file.locate(0).column == 1);
}

TEST_CASE("lines end at newlines, of either kind, which don't belong to them") {
  SourceFile file("t", "one\r\ntwo\n\nfour");
  REQUIRE(file.lineCount() == 4);
  CHECK(file.line(1) == "one");
  CHECK(file.line(2) == "two");
  CHECK(file.line(3).empty());
  CHECK(file.line(4) == "four");
  CHECK(file.lineBegin(2) == 5);
}

TEST_CASE("a carriage return inside a line stays") {
  SourceFile file("t", "a\rb\n");
  CHECK(file.line(1) == "a\rb");
}

TEST_CASE("offsets map to lines and columns of code points") {
  SourceFile file("t", "ab\n\xCF\x80\xE2\x89\xA4x\n");
  CHECK(file.locate(2).line == 1);
  CHECK(file.locate(2).column == 3);
  CHECK(file.locate(3).line == 2);
  CHECK(file.locate(3).column == 1);
  CHECK(file.locate(5).column == 2);
  CHECK(file.locate(8).column == 3);
}

TEST_CASE("bytes that are not UTF-8 count one column each") {
  SourceFile file("t", "\xFF\xFE\x80x");
  CHECK(file.locate(3).column == 4);
}

TEST_CASE("places past the end are the end") {
  SourceFile file("t", "ab\ncd");
  CHECK(file.locate(1000).line == 2);
  CHECK(file.locate(1000).column == 3);
  CHECK(file.line(9) == "cd");
  CHECK(file.line(0) == "ab");
}

TEST_CASE("ranges give their text and join") {
  SourceFile file("t", "score = mask");
  SourceRange first{&file, 0, 5}, last{&file, 8, 12};
  CHECK(first.text() == "score");
  CHECK(first.to(last).text() == "score = mask");
  CHECK_FALSE(SourceRange());
  CHECK(SourceRange().text().empty());
}
