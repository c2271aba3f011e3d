#include "test/unit/picture/Figures.h"

#include "test/unit/Catch.h"

#include <cmath>
#include <limits>

using namespace attn;
using namespace attn::picture;

TEST_CASE("cells cover a plane without gaps and differ by one unit at most") {
  for (int64_t extent : {1, 2, 7, 64, 1000, 999983})
    for (int64_t cells : {1, 3, 8, 500, 2000}) {
      Raster raster = cut(extent, 5, {cells, 5});
      REQUIRE(raster.rows() == size_t(std::min(extent, cells)));
      REQUIRE(raster.queries() == extent);
      int64_t least = extent, most = 0;
      for (size_t row = 0; row < raster.rows(); ++row) {
        least = std::min(least, raster.queryEdges[row + 1] - raster.queryEdges[row]);
        most = std::max(most, raster.queryEdges[row + 1] - raster.queryEdges[row]);
      }
      CHECK(least >= 1);
      CHECK(most - least <= 1);
    }
}

TEST_CASE("cells consist of whole units, of which the last may be cut") {
  Raster raster = cut(100, 300, {4, 100}, 48, 64);
  CHECK(raster.queryEdges == std::vector<int64_t>{0, 48, 96, 100});
  CHECK(raster.keyEdges == std::vector<int64_t>{0, 64, 128, 192, 256, 300});
  CHECK(cut(1000, 64, {3, 1}, 48, 64).queryEdges == std::vector<int64_t>{0, 336, 672, 1000});
}

TEST_CASE("the largest planes are cut without overflow") {
  Raster raster = cut(INT64_MAX, INT64_MAX, {3, 2});
  CHECK(raster.queryEdges.back() == INT64_MAX);
  CHECK(raster.queryEdges[1] == INT64_MAX / 3);
}

TEST_CASE("an empty plane has no cells") {
  CHECK(cut(0, 5, {4, 4}).cells.empty());
  CHECK(cut(5, 0, {4, 4}).cells.empty());
}

TEST_CASE("a value's place on its scale") {
  Panel panel;
  panel.low = -2;
  panel.high = 6;
  auto at = [&](float value) { return position(panel, Cell{1, 0, value}); };
  CHECK(at(-2) == 0);
  CHECK(at(2) == 0.5);
  CHECK(at(6) == 1);
  CHECK(at(std::numeric_limits<float>::infinity()) == 1);
  CHECK(at(-std::numeric_limits<float>::infinity()) == 0);
  CHECK(at(std::numeric_limits<float>::quiet_NaN()) == 1);
  panel.low = 0.01;
  panel.high = 1;
  panel.logarithmic = true;
  CHECK(at(0.1f) == Approx(0.5));
  CHECK(at(0) == 0);
  panel.low = panel.high;
  CHECK(at(1) == 1);
}
