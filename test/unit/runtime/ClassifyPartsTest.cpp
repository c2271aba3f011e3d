#include "test/unit/Catch.h"

#include "runtime/kernel/Kernel.h"

#include <algorithm>
#include <functional>

namespace {

struct Asked {
  std::function<bool(int64_t i, int64_t j)> visible;
  /// A part with more pairs than this is never decided: what a poor classifier says.
  int64_t knows = 1;
  bool refusesPairs = false;
  bool saysBoth = false; ///< knows of parts that hold both, whatever their size
  int questions = 0;

  static int32_t classify(void *closure, int64_t firstQuery, int64_t lastQuery, int64_t firstKey, int64_t lastKey) {
    auto *asked = static_cast<Asked *>(closure);
    ++asked->questions;
    CHECK(firstQuery <= lastQuery);
    CHECK(firstKey <= lastKey);
    int32_t truth = asked->truth(firstQuery, lastQuery, firstKey, lastKey);
    if (asked->refusesPairs || (lastQuery - firstQuery + 1) * (lastKey - firstKey + 1) > asked->knows)
      return truth == 3 && asked->saysBoth ? 7 : 3;
    return truth;
  }
  int32_t truth(int64_t firstQuery, int64_t lastQuery, int64_t firstKey, int64_t lastKey) const {
    int32_t found = 0;
    for (int64_t i = firstQuery; i <= lastQuery; ++i)
      for (int64_t j = firstKey; j <= lastKey; ++j)
        found |= visible(i, j) ? 1 : 2;
    return found;
  }
};

int32_t ask(Asked &asked, int64_t &credit, int64_t i0, int64_t i1, int64_t j0, int64_t j1) {
  return attn_classify_parts(Asked::classify, &asked, &credit, i0, i1, j0, j1);
}

} // namespace

TEST_CASE("parts of a tile tell what it holds, never less") {
  const std::function<bool(int64_t, int64_t)> masks[] = {
      [](int64_t i, int64_t j) { return j <= i; },
      [](int64_t i, int64_t j) { return i / 37 == j / 41; },
      [](int64_t i, int64_t j) { return i % 50 == j % 50; },
      [](int64_t, int64_t) { return true; },
      [](int64_t, int64_t) { return false; },
      [](int64_t i, int64_t j) { return i == 77 && j == 91; },
      [](int64_t i, int64_t j) { return !(i == 13 && j == 130); },
  };
  for (const auto &mask : masks)
    for (int64_t knows : {1, 16, 300, 1000}) {
      Asked asked{mask, knows};
      int64_t exact = 0, tiles = 0;
      for (int64_t i = 0; i < 144; i += 48) {
        int64_t credit = 0;
        for (int64_t j = 0; j < 200; j += 64, ++tiles) {
          int64_t lastQuery = std::min<int64_t>(i + 47, 143), lastKey = std::min<int64_t>(j + 63, 199);
          int32_t truth = asked.truth(i, lastQuery, j, lastKey);
          asked.questions = 0;
          int32_t found = ask(asked, credit, i, lastQuery, j, lastKey);
          CHECK((found & truth) == truth);
          CHECK(asked.questions <= 4 + 128 + 2);
          exact += found == truth;
        }
      }
      if (knows >= 300)
        CHECK(exact == tiles);
    }
}

TEST_CASE("a pair that can't be told is both, and searches in vain become rare") {
  Asked asked{[](int64_t, int64_t) { return false; }};
  asked.refusesPairs = true;
  int64_t credit = 0;
  CHECK(ask(asked, credit, 5, 5, 9, 9) == 3);
  CHECK(ask(asked, credit, 0, 47, 0, 63) == 3);

  Asked poor{[](int64_t, int64_t) { return false; }, 1};
  credit = 0;
  int first = 0, all = 0;
  for (int n = 0; n < 200; ++n) {
    poor.questions = 0;
    CHECK(ask(poor, credit, 0, 47, 64 * n, 64 * n + 63) == 3);
    first += n < 4 ? poor.questions : 0;
    all += poor.questions;
  }
  CHECK(first > 4 * 100);
  CHECK(all < 200 * 30);
}

TEST_CASE("a part that is known to hold both decides") {
  Asked asked{[](int64_t i, int64_t j) { return i != 20 || j != 27; }};
  int64_t credit = 0;
  CHECK(ask(asked, credit, 0, 47, 0, 63) == 3);
  int slowly = asked.questions;
  asked.saysBoth = true;
  asked.questions = 0;
  CHECK(ask(asked, credit, 0, 47, 0, 63) == 3);
  CHECK(asked.questions < slowly);
  CHECK(asked.questions <= 4 + 2);
}

TEST_CASE("coordinates up to the largest") {
  Asked asked{[](int64_t i, int64_t j) { return j < i; }, 64};
  int64_t credit = 0, last = 0x7ffffffe;
  CHECK(ask(asked, credit, last - 47, last, 0, 63) == 1);
  CHECK(ask(asked, credit, last - 47, last, last - 63, last) == 3);
}
