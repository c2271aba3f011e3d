#include "compiler/picture/Ticks.h"

#include "test/unit/Catch.h"

using namespace attn::picture;

TEST_CASE("ticks are round, from 0, inside the extent, and no more than asked for") {
  CHECK(ticks(1000, 5) == std::vector<int64_t>{0, 200, 400, 600, 800});
  CHECK(ticks(1000, 4) == std::vector<int64_t>{0, 500});
  CHECK(ticks(4096, 4) == std::vector<int64_t>{0, 1024, 2048, 3072});
  CHECK(ticks(5, 10) == std::vector<int64_t>{0, 1, 2, 3, 4});
  CHECK(ticks(1, 3) == std::vector<int64_t>{0});
  CHECK(ticks(0, 3).empty());
  for (int64_t extent : {2, 17, 100, 1023, 1024, 999983, 1000000})
    for (int64_t most : {1, 2, 3, 5, 9}) {
      std::vector<int64_t> list = ticks(extent, most);
      REQUIRE_FALSE(list.empty());
      CHECK(list.front() == 0);
      CHECK(list.back() < extent);
      CHECK(int64_t(list.size()) <= most);
    }
  CHECK(ticks(INT64_MAX, 1).size() == 1);
}

TEST_CASE("labels are short where that loses nothing") {
  CHECK(tickLabel(0) == "0");
  CHECK(tickLabel(4096) == "4096");
  CHECK(tickLabel(2000) == "2000");
  CHECK(tickLabel(20000) == "20k");
  CHECK(tickLabel(20480) == "20480");
  CHECK(tickLabel(250000) == "250k");
  CHECK(tickLabel(1000000) == "1M");
  CHECK(tickLabel(1500000) == "1.5M");
  CHECK(tickLabel(1048576) == "1048576");
}

TEST_CASE("counts have commas") {
  CHECK(countText(0) == "0");
  CHECK(countText(999) == "999");
  CHECK(countText(1000) == "1,000");
  CHECK(countText(1e12) == "1,000,000,000,000");
}
