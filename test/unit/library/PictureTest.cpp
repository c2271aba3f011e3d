#include "compiler/library/Picture.h"

#include "test/unit/library/Specs.h"

#include <cmath>

using namespace attn;
using namespace attn::library;
using picture::Quantity;

namespace {

PictureRequest requestOf(std::vector<Quantity> quantities, picture::Grid grid = {1000, 1000}) {
  PictureRequest request;
  request.quantities = std::move(quantities);
  request.grid = [=](size_t, int64_t, int64_t, Quantity) { return grid; };
  request.tile = {16, 32};
  return request;
}

const sema::Attention &only(const Spec &spec) { return spec.program().attentions.front(); }

} // namespace

TEST_CASE("a picture of a mask needs only what the mask reads") {
  auto spec = test::specOf("attention a { layout gqa; doc: i32[B, N]; mask = document(doc) and causal }");
  InputRequest request;
  request.tensors = {{"doc", "[[0, 0, 1, 1]]"}};
  request.dims = {{"I", 4}, {"J", 4}};
  Result<std::vector<sema::NodeId>> nodes = pictureNodes(only(*spec), {Quantity::Mask});
  REQUIRE(nodes);
  request.onlyNodes = *nodes;
  std::vector<std::string> errors;
  auto data = gatherInputs(only(*spec), request, errors);
  REQUIRE(data);
  Result<picture::Figure> figure = makeFigure(only(*spec), *data, requestOf({Quantity::Mask}));
  REQUIRE(figure);
  REQUIRE(figure->panels.size() == 1);
  const picture::Raster &raster = figure->panels.front().raster;
  for (size_t i = 0; i < 4; ++i)
    for (size_t j = 0; j < 4; ++j)
      CHECK(raster.at(i, j).visible == (j <= i && i / 2 == j / 2 ? 1 : 0));

  request.tensors.clear();
  errors.clear();
  CHECK_FALSE(gatherInputs(only(*spec), request, errors));
  REQUIRE(errors.size() == 1);
  CHECK(errors.front().find("`doc`") != std::string::npos);
  CHECK(errors.front().find("`q`") == std::string::npos);
}

TEST_CASE("extents that a picture depends on must be given") {
  auto spec = test::specOf("attention a { layout mha; mask = j <= i + h }");
  InputRequest request;
  request.dims = {{"I", 4}, {"J", 4}};
  request.onlyNodes = {only(*spec).mask};
  std::vector<std::string> errors;
  CHECK_FALSE(gatherInputs(only(*spec), request, errors));
  REQUIRE(errors.size() == 1);
  CHECK(errors.front() == "extent `H` is not known: give `--dims H=…`");
}

TEST_CASE("planes that differ are drawn each, others once") {
  auto spec = test::specOf("attention a { layout mha; mask = j <= i + h }");
  RunData data = test::dataOf(*spec, {{"B", 2}, {"H", 3}, {"I", 4}, {"J", 8}, {"D", 2}});
  PictureRequest request = requestOf({Quantity::Mask, Quantity::Score});
  request.heads = Numbers{true, {}};
  request.batches = Numbers{false, {1, 0}};
  Result<picture::Figure> figure = makeFigure(only(*spec), data, request);
  REQUIRE(figure);
  REQUIRE(figure->panels.size() == 3 + 6);
  CHECK(figure->panels[1].title == "mask, h = 1, all batches");
  CHECK(figure->panels[3].title == "score, b = 1, h = 0");
  CHECK(figure->panels[6].title == "score, b = 0, h = 0");
  CHECK(figure->panels[1].raster.at(0, 1).visible == 1);
  CHECK(figure->panels[0].raster.at(0, 1).visible == 0);

  request.heads = Numbers{false, {3}};
  CHECK(makeFigure(only(*spec), data, request).message() == "there is no head 3: the heads are 0 to 2");
}

TEST_CASE("scores and weights are the oracle's") {
  auto spec = test::specOf("attention a { layout mha; score = dot(q, k) + float(i * 10 + j); mask = causal; out o, weight }");
  RunData data = test::dataOf(*spec, {{"B", 1}, {"H", 1}, {"I", 5}, {"J", 6}, {"D", 3}});
  Result<picture::Figure> figure = makeFigure(only(*spec), data, requestOf({Quantity::Score, Quantity::Weight}));
  REQUIRE(figure);
  auto real = [&](const char *name, std::vector<int64_t> index) {
    const attn::Tensor &tensor = data.tensors[only(*spec).findTensor(name)];
    return tensor.real(tensor.offset(index));
  };
  for (int64_t i = 0; i < 5; ++i) {
    std::vector<double> scores;
    double sum = 0;
    for (int64_t j = 0; j <= i; ++j) {
      double score = double(i * 10 + j);
      for (int64_t d = 0; d < 3; ++d)
        score += real("q", {0, 0, i, d}) * real("k", {0, 0, j, d});
      scores.push_back(score);
      sum += std::exp(score - scores[0]);
    }
    for (int64_t j = 0; j < 6; ++j) {
      const picture::Cell &score = figure->panels[0].raster.at(size_t(i), size_t(j));
      const picture::Cell &weight = figure->panels[1].raster.at(size_t(i), size_t(j));
      CHECK(score.visible == (j <= i ? 1 : 0));
      if (j > i)
        continue;
      CHECK(double(score.value) == Approx(scores[size_t(j)]).epsilon(1e-5));
      CHECK(double(weight.value) == Approx(std::exp(scores[size_t(j)] - scores[0]) / sum).epsilon(1e-5));
    }
  }
}

TEST_CASE("a cell of weights is the share of a query's weight that falls on its keys") {
  auto spec = test::specOf("attention a { layout mha; mask = causal }");
  RunData data = test::dataOf(*spec, {{"B", 1}, {"H", 1}, {"I", 60}, {"J", 60}, {"D", 3}});
  Result<picture::Figure> figure = makeFigure(only(*spec), data, requestOf({Quantity::Weight}, {6, 5}));
  REQUIRE(figure);
  for (size_t row = 0; row < 6; ++row) {
    double sum = 0;
    for (size_t column = 0; column < 5; ++column)
      sum += double(figure->panels[0].raster.at(row, column).value);
    CHECK(sum == Approx(1).epsilon(1e-5));
  }
}

TEST_CASE("what goes wrong in the data is said, where it counts") {
  auto spec = test::specOf("attention a { layout mha; t: i32[N]; mask = j <= i and t[j] >= 0 }");
  RunData data = test::dataOf(*spec, {{"B", 1}, {"H", 1}, {"I", 4}, {"J", 8}, {"D", 2}, {"N", 3}}, {{"t", "[0, 1, 2]"}});
  Result<picture::Figure> figure = makeFigure(only(*spec), data, requestOf({Quantity::Mask}));
  REQUIRE_FALSE(figure);
  CHECK(figure.message().find("t: index 3 is outside dimension 0 (N) of size 3") != std::string::npos);

  // Beyond the diagonal nothing is read.
  RunData fits = test::dataOf(*spec, {{"B", 1}, {"H", 1}, {"I", 4}, {"J", 8}, {"D", 2}, {"N", 4}}, {{"t", "[0, 1, 2, 3]"}});
  CHECK(makeFigure(only(*spec), fits, requestOf({Quantity::Mask})));
}

TEST_CASE("planes without pairs, batches or heads") {
  auto spec = test::specOf("attention a { layout mha; mask = causal }");
  RunData data = test::dataOf(*spec, {{"B", 1}, {"H", 1}, {"I", 0}, {"J", 8}, {"D", 2}});
  Result<picture::Figure> figure = makeFigure(only(*spec), data, requestOf({Quantity::Mask, Quantity::Weight, Quantity::Tiles}));
  REQUIRE(figure);
  CHECK(figure->panels.front().raster.cells.empty());
  RunData none = test::dataOf(*spec, {{"B", 0}, {"H", 1}, {"I", 4}, {"J", 8}, {"D", 2}});
  CHECK(makeFigure(only(*spec), none, requestOf({Quantity::Mask})).message() == "`a` has no batch here: there is nothing to show");
}
