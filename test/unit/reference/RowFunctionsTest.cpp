#include "compiler/reference/RowFunctions.h"
#include "test/unit/Catch.h"

#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

using namespace attn::reference;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
const double notANumber = std::nan("");

std::vector<double> randomRow(unsigned seed, size_t size) {
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal(0, 2);
  std::vector<double> row(size);
  for (double &x : row)
    x = normal(generator);
  return row;
}

double total(const std::vector<double> &row) { return std::accumulate(row.begin(), row.end(), 0.0); }

/// The t at which the sum of shape(x - t) is 1, by bisection.
template <typename Shape> double threshold(const std::vector<double> &row, Shape shape) {
  double low = -1e3, high = 1e3;
  for (int step = 0; step < 200; ++step) {
    const double middle = (low + high) / 2;
    double sum = 0;
    for (double x : row)
      sum += shape(x - middle);
    (sum > 1 ? low : high) = middle;
  }
  return low;
}

bool allNaN(const std::vector<double> &row) {
  for (double x : row)
    if (!std::isnan(x))
      return false;
  return true;
}

} // namespace

TEST_CASE("softmax is e^x over the sum of e^x") {
  std::vector<double> row{1, 2, 4};
  softmax(row, std::nullopt);
  const double sum = std::exp(1.0) + std::exp(2.0) + std::exp(4.0);
  CHECK(row[0] == Approx(std::exp(1.0) / sum));
  CHECK(row[1] == Approx(std::exp(2.0) / sum));
  CHECK(row[2] == Approx(std::exp(4.0) / sum));
}

TEST_CASE("softmax survives scores whose exponential overflows") {
  std::vector<double> row{1e4, 1e4, -1e4};
  softmax(row, std::nullopt);
  CHECK(row == std::vector<double>{0.5, 0.5, 0});
  CHECK(logSumExp(std::vector<double>{1e4, 1e4}, std::nullopt) == Approx(1e4 + std::log(2)));
}

TEST_CASE("a sink takes its part of the denominator") {
  std::vector<double> row{0, 0};
  softmax(row, std::log(2.0));
  CHECK(row[0] == Approx(0.25));
  CHECK(logSumExp(std::vector<double>{0, 0}, std::log(2.0)) == Approx(std::log(4)));
}

TEST_CASE("an empty row has an lse of -inf, or its sink") {
  CHECK(logSumExp({}, std::nullopt) == -infinity);
  CHECK(logSumExp({}, 3.5) == 3.5);
}

TEST_CASE("a row of -inf has weights of 0") {
  std::vector<double> row{-infinity, -infinity};
  softmax(row, std::nullopt);
  CHECK(row == std::vector<double>{0, 0});
  row = {-infinity, -infinity};
  sparsemax(row);
  CHECK(row == std::vector<double>{0, 0});
  row = {-infinity, -infinity};
  entmax15(row);
  CHECK(row == std::vector<double>{0, 0});
}

TEST_CASE("an infinity or NaN makes a normalised row NaN") {
  for (double bad : {infinity, notANumber}) {
    for (auto function :
         {+[](std::vector<double> &row) { softmax(row, std::nullopt); },
          +[](std::vector<double> &row) { sparsemax(row); }, +[](std::vector<double> &row) { entmax15(row); }}) {
      std::vector<double> row{0, bad, -infinity};
      function(row);
      CHECK(allNaN(row));
    }
    CHECK(std::isnan(logSumExp(std::vector<double>{0, bad}, std::nullopt)));
  }
}

TEST_CASE("normalize divides by the sum, and a sum of 0 gives 0") {
  std::vector<double> row{1, -3, 4};
  normalize(row);
  CHECK(row == std::vector<double>{0.5, -1.5, 2});
  row = {1, -1};
  normalize(row);
  CHECK(row == std::vector<double>{0, 0});
}

TEST_CASE("topk keeps the largest, of equals the earlier") {
  std::vector<double> row{2, 5, 2, 7, 2};
  topk(row, 3);
  CHECK(row == std::vector<double>{2, 5, -infinity, 7, -infinity});
  row = {1, 2};
  topk(row, 5);
  CHECK(row == std::vector<double>{1, 2});
  topk(row, 0);
  CHECK(row == std::vector<double>{-infinity, -infinity});
  row = {1, 2};
  topk(row, -3);
  CHECK(row == std::vector<double>{-infinity, -infinity});
}

TEST_CASE("sparsemax is the projection onto the simplex") {
  for (unsigned seed = 0; seed < 20; ++seed) {
    const std::vector<double> scores = randomRow(seed, 1 + seed);
    const double t = threshold(scores, [](double x) { return std::max(x, 0.0); });
    std::vector<double> row = scores;
    sparsemax(row);
    CHECK(total(row) == Approx(1));
    for (size_t n = 0; n < row.size(); ++n)
      CHECK(row[n] == Approx(std::max(scores[n] - t, 0.0)).margin(1e-9));
  }
}

TEST_CASE("entmax15 is the 1.5-entmax") {
  for (unsigned seed = 0; seed < 20; ++seed) {
    const std::vector<double> scores = randomRow(seed, 1 + seed);
    auto shape = [](double x) { return x > 0 ? x * x : 0; };
    std::vector<double> halves = scores;
    for (double &x : halves)
      x /= 2;
    const double t = threshold(halves, shape);
    std::vector<double> row = scores;
    entmax15(row);
    CHECK(total(row) == Approx(1));
    for (size_t n = 0; n < row.size(); ++n)
      CHECK(row[n] == Approx(shape(halves[n] - t)).margin(1e-9));
  }
}
