#include "compiler/source/Utf8.h"
#include "test/unit/Catch.h"

using namespace attn;

TEST_CASE("characters of every length decode") {
  std::string_view text = "a\xC2\xA0\xE2\x89\xA4\xF0\x9F\x98\x80";
  CHECK(decodeUtf8(text, 0).value == U'a');
  CHECK(decodeUtf8(text, 1).value == 0xA0);
  CHECK(decodeUtf8(text, 1).size == 2);
  CHECK(decodeUtf8(text, 3).value == 0x2264);
  CHECK(decodeUtf8(text, 6).value == 0x1F600);
  CHECK(decodeUtf8(text, 6).size == 4);
  CHECK(decodeUtf8(text, 6).valid);
}

TEST_CASE("the bounds of each length are kept") {
  CHECK(decodeUtf8("\xDF\xBF", 0).value == 0x7FF);
  CHECK(decodeUtf8("\xE0\xA0\x80", 0).value == 0x800);
  CHECK(decodeUtf8("\xF4\x8F\xBF\xBF", 0).value == 0x10FFFF);
}

TEST_CASE("what is not UTF-8 decodes one byte at a time") {
  const char *wrong[] = {
      "\x80",             // a continuation alone
      "\xC0\x80",         // overlong
      "\xE0\x9F\xBF",     // overlong
      "\xED\xA0\x80",     // a surrogate
      "\xF4\x90\x80\x80", // past the last character
      "\xF0\x8F\xBF\xBF", // overlong
      "\xE2\x89",         // cut short
      "\xE2x\x89",        // not continued
      "\xFF",
  };
  for (const char *text : wrong) {
    CodePoint character = decodeUtf8(text, 0);
    CHECK_FALSE(character.valid);
    CHECK(character.size == 1);
  }
}
