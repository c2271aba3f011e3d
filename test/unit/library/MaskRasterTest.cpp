#include "compiler/library/Rasters.h"

#include "test/unit/library/Specs.h"

#include <cmath>
#include <functional>

using namespace attn;
using namespace attn::library;
using picture::Raster;

namespace {

struct Case {
  const char *mask;
  std::function<bool(int64_t i, int64_t j)> visible;
};

const Case cases[] = {
    {"true", [](int64_t, int64_t) { return true; }},
    {"false", [](int64_t, int64_t) { return false; }},
    {"causal", [](int64_t i, int64_t j) { return j <= i; }},
    {"causal and window(10)", [](int64_t i, int64_t j) { return 0 <= i - j && i - j < 10; }},
    {"i // 7 == j // 7", [](int64_t i, int64_t j) { return i / 7 == j / 7; }},
    {"(i + j) % 2 == 0", [](int64_t i, int64_t j) { return (i + j) % 2 == 0; }},
    {"j < 20 or causal", [](int64_t i, int64_t j) { return j < 20 || j <= i; }},
    {"i == 50 and j == 60", [](int64_t i, int64_t j) { return i == 50 && j == 60; }},
};

double shareOf(const Case &one, const Raster &raster, size_t row, size_t column) {
  int64_t seen = 0, all = 0;
  for (int64_t i = raster.queryEdges[row]; i < raster.queryEdges[row + 1]; ++i)
    for (int64_t j = raster.keyEdges[column]; j < raster.keyEdges[column + 1]; ++j, ++all)
      seen += one.visible(i, j);
  return double(seen) / double(all);
}

std::shared_ptr<const Spec> maskSpec(const std::string &mask) {
  return test::specOf("attention a { layout mha; mask = " + mask + " }");
}

} // namespace

TEST_CASE("shares of cells agree with brute force, counted at once or by cutting areas") {
  constexpr int64_t I = 100, J = 131;
  for (const Case &one : cases)
    for (picture::Grid grid : {picture::Grid{1, 1}, {7, 9}, {36, 40}, {1000, 1000}}) {
      auto spec = maskSpec(one.mask);
      RunData data = test::dataOf(*spec, {{"B", 1}, {"H", 1}, {"I", I}, {"J", J}, {"D", 4}});
      // All pairs fit the larger amount of work, and the smaller forces cutting, which here ends in counting.
      for (double work : {1e7, double(I * J)}) {
        MaskClassifier classifier(spec->program().attentions.front(), data);
        classifier.enter(0, 0);
        Raster raster = picture::cut(I, J, grid);
        RasterTruth truth = fillMask(classifier, raster, work);
        INFO(one.mask << ", " << grid.rows << " rows, work " << work);
        double worst = 0;
        for (size_t row = 0; row < raster.rows(); ++row)
          for (size_t column = 0; column < raster.columns(); ++column) {
            double share = shareOf(one, raster, row, column), found = double(raster.at(row, column).visible);
            if (truth.sampledCells == 0)
              worst = std::max(worst, std::fabs(share - found));
            // All and none are never claimed of what is neither.
            CHECK((share == 1 || found < 1));
            CHECK((share == 0 || found > 0));
          }
        CHECK(worst <= truth.within + 1e-6);
        if (work == 1e7)
          CHECK(truth.sampledCells + truth.within == 0);
      }
    }
}

TEST_CASE("samples are unbiased and the same in every run") {
  constexpr int64_t I = 3000, J = 4000;
  auto spec = maskSpec("(i * 7919 + j * 104729) % 10 < 3");
  RunData data = test::dataOf(*spec, {{"B", 1}, {"H", 1}, {"I", I}, {"J", J}, {"D", 1}});
  float first = 0;
  for (int time = 0; time < 2; ++time) {
    MaskClassifier classifier(spec->program().attentions.front(), data);
    classifier.enter(0, 0);
    Raster raster = picture::cut(I, J, {4, 4});
    RasterTruth truth = fillMask(classifier, raster, 1000);
    CHECK(truth.sampledCells == 16);
    CHECK(truth.samples > 0);
    double mean = 0;
    for (const picture::Cell &cell : raster.cells) {
      CHECK(std::fabs(cell.visible - 0.3f) < 0.05f);
      mean += double(cell.visible) / 16;
    }
    CHECK(std::fabs(mean - 0.3) < 0.01);
    if (time)
      CHECK(raster.cells.front().visible == first);
    first = raster.cells.front().visible;
  }
}

TEST_CASE("a plane of a million by a million takes no memory of its size") {
  constexpr int64_t extent = 1000000;
  auto spec = maskSpec("causal");
  library::InputRequest request;
  request.dims = {{"I", extent}, {"J", extent}};
  const sema::Attention &attention = spec->program().attentions.front();
  request.onlyNodes = {attention.mask};
  std::vector<std::string> errors;
  auto data = gatherInputs(attention, request, errors);
  REQUIRE(data);
  MaskClassifier classifier(attention, *data);
  classifier.enter(0, 0);
  Raster raster = picture::cut(extent, extent, {20, 20});
  RasterTruth truth = fillMask(classifier, raster);
  CHECK(truth.sampledCells == 0);
  for (size_t row = 0; row < 20; ++row)
    for (size_t column = 0; column < 20; ++column) {
      double want = column < row ? 1 : column > row ? 0 : 50001.0 / 100000;
      CHECK(std::fabs(double(raster.at(row, column).visible) - want) <= truth.within + 1e-6);
    }
}

TEST_CASE("shares of tiles agree with brute force") {
  constexpr int64_t I = 500, J = 700, tileQueries = 16, tileKeys = 32;
  for (const Case &one : cases) {
    auto spec = maskSpec(one.mask);
    RunData data = test::dataOf(*spec, {{"B", 1}, {"H", 1}, {"I", I}, {"J", J}, {"D", 4}});
    for (picture::Grid grid : {picture::Grid{1, 1}, {5, 4}, {100, 100}}) {
      MaskClassifier classifier(spec->program().attentions.front(), data);
      classifier.enter(0, 0);
      Raster raster = picture::cut(I, J, grid, tileQueries, tileKeys);
      RasterTruth truth = fillTiles(classifier, raster, tileQueries, tileKeys);
      INFO(one.mask << ", " << grid.rows << " rows");
      CHECK(truth.sampledCells == 0);
      for (size_t row = 0; row < raster.rows(); ++row)
        for (size_t column = 0; column < raster.columns(); ++column) {
          double full = 0, mixed = 0, all = 0;
          for (int64_t i = raster.queryEdges[row]; i < raster.queryEdges[row + 1]; i += tileQueries)
            for (int64_t j = raster.keyEdges[column]; j < raster.keyEdges[column + 1]; j += tileKeys, ++all) {
              Raster tile;
              tile.queryEdges = {i, std::min(i + tileQueries, I)};
              tile.keyEdges = {j, std::min(j + tileKeys, J)};
              double share = shareOf(one, tile, 0, 0);
              full += share == 1;
              mixed += share > 0 && share < 1;
            }
          CHECK(double(raster.at(row, column).visible) == Approx(full / all));
          CHECK(double(raster.at(row, column).mixed) == Approx(mixed / all));
        }
    }
  }
}
