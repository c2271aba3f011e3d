#include "compiler/reference/RowFunctions.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

namespace attn::reference {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double notANumber = std::numeric_limits<double>::quiet_NaN();

/// The largest value; NaN if any is NaN or +inf.
double finiteMaximum(std::span<const double> row) {
  double largest = -infinity;
  for (double x : row) {
    if (std::isnan(x) || x == infinity)
      return notANumber;
    largest = std::max(largest, x);
  }
  return largest;
}

void fill(std::span<double> row, double value) { std::fill(row.begin(), row.end(), value); }

/// The row's maximum and the sum of e^(x - maximum), the sink included.
std::pair<double, double> exponentialSum(std::span<const double> row, std::optional<double> sink) {
  double largest = finiteMaximum(row);
  if (sink && !std::isnan(largest))
    largest = std::isnan(*sink) || *sink == infinity ? notANumber : std::max(largest, *sink);
  if (std::isnan(largest) || largest == -infinity)
    return {largest, 0};
  double sum = sink ? std::exp(*sink - largest) : 0;
  for (double x : row)
    sum += std::exp(x - largest);
  return {largest, sum};
}

std::vector<double> descending(std::span<const double> row) {
  std::vector<double> sorted(row.begin(), row.end());
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  return sorted;
}

} // namespace

void softmax(std::span<double> row, std::optional<double> sink) {
  const auto [largest, sum] = exponentialSum(row, sink);
  if (std::isnan(largest))
    return fill(row, notANumber);
  for (double &x : row)
    x = sum == 0 ? 0 : std::exp(x - largest) / sum;
}

double logSumExp(std::span<const double> row, std::optional<double> sink) {
  const auto [largest, sum] = exponentialSum(row, sink);
  return largest + (sum == 0 ? 0 : std::log(sum));
}

void normalize(std::span<double> row) {
  const double sum = std::accumulate(row.begin(), row.end(), 0.0);
  if (std::isnan(sum))
    return fill(row, notANumber);
  for (double &x : row)
    x = sum == 0 ? 0 : x / sum;
}

void topk(std::span<double> row, int64_t count) {
  if (std::any_of(row.begin(), row.end(), [](double x) { return std::isnan(x); }))
    return fill(row, notANumber);
  if (count >= static_cast<int64_t>(row.size()))
    return;
  std::vector<size_t> order(row.size());
  std::iota(order.begin(), order.end(), size_t(0));
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return row[a] > row[b] || (row[a] == row[b] && a < b); });
  for (size_t n = std::max<int64_t>(count, 0); n < order.size(); ++n)
    row[order[n]] = -infinity;
}

void sparsemax(std::span<double> row) {
  const double largest = finiteMaximum(row);
  if (std::isnan(largest))
    return fill(row, notANumber);
  if (largest == -infinity)
    return fill(row, 0);
  // t = (x_(1) + … + x_(n) - 1) / n for the largest n with x_(n) > t, on x shifted so that the maximum is 0.
  double sum = 0, threshold = 0;
  size_t n = 0;
  for (double x : descending(row)) {
    x -= largest;
    if (1 + double(n + 1) * x <= sum + x)
      break;
    sum += x;
    threshold = (sum - 1) / double(++n);
  }
  for (double &x : row)
    x = std::max(x - largest - threshold, 0.0);
}

void entmax15(std::span<double> row) {
  const double largest = finiteMaximum(row);
  if (std::isnan(largest))
    return fill(row, notANumber);
  if (largest == -infinity)
    return fill(row, 0);
  // With y = x / 2 and the n largest as support, the sum of (y - t)^2 is 1 at t = mean - sqrt((1 - n * variance) / n);
  // n is the largest for which t <= y_(n).
  double sum = 0, squares = 0, threshold = 0;
  size_t n = 0;
  for (double x : descending(row)) {
    const double y = (x - largest) / 2;
    if (y == -infinity)
      break;
    sum += y;
    squares += y * y;
    ++n;
    const double mean = sum / double(n);
    const double spread = squares - double(n) * mean * mean;
    const double candidate = mean - std::sqrt(std::max(1 - spread, 0.0) / double(n));
    if (candidate > y)
      break;
    threshold = candidate;
  }
  for (double &x : row) {
    const double excess = std::max((x - largest) / 2 - threshold, 0.0);
    x = excess * excess;
  }
}

} // namespace attn::reference
