#include "compiler/library/Accuracy.h"

#include "compiler/library/ErrorBound.h"
#include "compiler/reference/Evaluator.h"
#include "runtime/tensor/Random.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <thread>

using namespace attn;
using namespace attn::library;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// What one thread found in its rows of one output.
struct Finding {
  double error = 0, bound = 0;
  double excess = -1; ///< error / bound of the worst row
  int64_t row = 0;
  std::string disagreement, failure;
};

struct RowBound {
  double scale = 1, bound = 0;
};

class OutputChecker {
public:
  OutputChecker(const BoundedAttention &bounded, const RunData &data, const CheckOptions &options, uint32_t output)
      : bounded(bounded), data(data), options(options), output(output),
        actual(data.tensors[bounded.attention.tensors.size() + output]) {}

  Finding check(const std::vector<int64_t> &rows, size_t begin, size_t end) const;

private:
  RowBound boundOf(reference::Evaluator &oracle, const reference::Row &row, int64_t number) const;
  double magnitude(reference::Evaluator &oracle, uint32_t which, int64_t number) const;

  const BoundedAttention &bounded;
  const RunData &data;
  const CheckOptions &options;
  uint32_t output;
  const Tensor &actual;
};

double OutputChecker::magnitude(reference::Evaluator &oracle, uint32_t which, int64_t number) const {
  reference::RowResult result = oracle.evaluateRow(which, number);
  double value = result.error || result.row.reals.empty() ? 0 : std::fabs(result.row.reals[0]);
  return std::isfinite(value) ? value : 0;
}

/// What storing a value in an element type may change it by: half of its last place, or of the smallest number's. And the largest number it holds.
struct StorageRounding {
  double relative = 0, absolute = 0, largest = std::numeric_limits<float>::max();
};

static StorageRounding roundingOf(sema::ElementType element) {
  if (element == sema::ElementType::BF16)
    return {std::ldexp(1, -8), std::ldexp(1, -134), std::ldexp(0xFF.8p0, 120)};
  if (element == sema::ElementType::F16)
    return {std::ldexp(1, -11), std::ldexp(1, -25), 65519};
  return {};
}

RowBound OutputChecker::boundOf(reference::Evaluator &oracle, const reference::Row &row, int64_t number) const {
  RowBound result;
  ErrorKind kind = bounded.kinds[output];
  double score = kind == ErrorKind::Other ? 0 : magnitude(oracle, bounded.scoreMagnitude[output], number);
  if (kind == ErrorKind::LogSumExp) {
    result.bound = 1e-5 + std::ldexp(score, -21);
  } else if (kind == ErrorKind::Values) {
    result.bound = valueBound(bounded.attention.outputs[output].element).bound + std::ldexp(score, -21);
    result.scale = magnitude(oracle, bounded.valueMagnitude[output], number);
  } else {
    result.bound = 1e-5;
    result.scale = 0;
    for (double value : row.reals)
      if (std::isfinite(value))
        result.scale = std::max(result.scale, std::fabs(value));
    if (bounded.valueMagnitude[output] != sema::none)
      result.scale = std::max(result.scale, magnitude(oracle, bounded.valueMagnitude[output], number));
  }
  if (result.scale == 0)
    result.scale = 1;
  if (options.tolerance)
    result.bound = *options.tolerance;
  return result;
}

Finding OutputChecker::check(const std::vector<int64_t> &rows, size_t begin, size_t end) const {
  Finding finding;
  reference::Evaluator oracle(bounded.attention, data.binding);
  StorageRounding rounding = roundingOf(bounded.attention.outputs[output].element);
  for (size_t n = begin; n < end; ++n) {
    if (options.stop && *options.stop) {
      finding.failure = "stopped";
      return finding;
    }
    reference::RowResult expected = oracle.evaluateRow(output, rows[n]);
    if (expected.error) {
      finding.failure = expected.error->message;
      return finding;
    }
    RowBound limit = boundOf(oracle, expected.row, rows[n]);
    double worst = 0;
    size_t worstElement = 0;
    for (size_t e = 0; e < expected.row.elements.size(); ++e) {
      double error;
      if (expected.row.real) {
        double want = expected.row.reals[e], got = actual.real(expected.row.elements[e]);
        bool same = want == got || (std::isnan(want) && std::isnan(got));
        // Beyond the type's range the oracle's finite value is rounded to an infinity, too.
        if (std::isinf(got) && std::fabs(want) > rounding.largest)
          same = std::signbit(got) == std::signbit(want);
        double stored = std::max(std::fabs(want) * rounding.relative, rounding.absolute);
        error = same                                         ? 0
                : std::isfinite(want) && std::isfinite(got) ? std::max(0.0, std::fabs(want - got) - stored) / limit.scale
                                                              : infinity;
      } else {
        error = actual.integer(expected.row.elements[e]) == expected.row.integers[e] ? 0 : infinity;
      }
      if (error > worst) {
        worst = error;
        worstElement = e;
      }
    }
    double excess = worst / std::max(limit.bound, std::numeric_limits<double>::min());
    if (excess <= finding.excess)
      continue;
    finding.excess = excess;
    finding.error = worst;
    finding.bound = limit.bound;
    finding.row = rows[n];
    finding.disagreement.clear();
    if (worst > limit.bound && expected.row.real)
      finding.disagreement =
          fmt::format("computed {:.9g}, expected {:.9g}", actual.real(expected.row.elements[worstElement]),
                      expected.row.reals[worstElement]);
    else if (worst > limit.bound)
      finding.disagreement = fmt::format("computed {}, expected {}", actual.integer(expected.row.elements[worstElement]),
                                         expected.row.integers[worstElement]);
  }
  return finding;
}

int64_t extentOr(const sema::Attention &attention, const reference::Binding &binding, sema::CoordinateId coordinate,
                 int64_t otherwise) {
  sema::ExtentId id = attention.coordinates[coordinate].extent;
  if (id == sema::none || id >= binding.extents.size())
    return otherwise;
  if (binding.extents[id])
    return *binding.extents[id];
  int64_t most = 0;
  if (id < binding.perBatch.size())
    for (int64_t value : binding.perBatch[id])
      most = std::max(most, value);
  return most;
}

} // namespace

bool CheckResult::agrees() const {
  return failure.empty() && std::all_of(outputs.begin(), outputs.end(), [](const auto &check) { return check.agrees; });
}

double library::multiplyAdds(const sema::Attention &attention, const reference::Binding &binding) {
  double features = double(extentOr(attention, binding, sema::coordinateD, 1));
  bool hasE = attention.coordinates[sema::coordinateE].extent != sema::none;
  features += double(hasE ? extentOr(attention, binding, sema::coordinateE, 1)
                          : extentOr(attention, binding, sema::coordinateD, 1));
  for (sema::CoordinateId coordinate : {sema::coordinateB, sema::coordinateH, sema::coordinateI, sema::coordinateJ})
    features *= double(extentOr(attention, binding, coordinate, 1));
  return features;
}

std::vector<int64_t> library::sampleRows(int64_t rows, int64_t rowsPerHead, uint64_t seed) {
  constexpr int64_t least = 64;
  std::set<int64_t> chosen;
  if (rows <= least) {
    for (int64_t row = 0; row < rows; ++row)
      chosen.insert(row);
    return {chosen.begin(), chosen.end()};
  }
  auto choose = [&](int64_t row) {
    if (row >= 0 && row < rows)
      chosen.insert(row);
  };
  choose(0);
  choose(rows - 1);
  for (int64_t edge : {16, 32, 64, 128, 256})
    for (int64_t start : {int64_t(0), (rows / std::max<int64_t>(1, rowsPerHead) / 2) * rowsPerHead})
      if (edge < rowsPerHead) {
        choose(start + edge - 1);
        choose(start + edge);
      }
  choose(rowsPerHead - 1);
  choose(rowsPerHead);
  Random random(seed + 1);
  while (int64_t(chosen.size()) < least)
    choose(random.integer(0, rows));
  return {chosen.begin(), chosen.end()};
}

ValueBound library::valueBound(sema::ElementType stored) {
  if (stored == sema::ElementType::BF16)
    return {std::ldexp(1, -8), "2^-8"};
  if (stored == sema::ElementType::F16)
    return {std::ldexp(1, -11), "2^-11"};
  return {2e-6, "2e-6"};
}

CheckResult library::checkOutputs(const sema::Attention &attention, const RunData &data, const CheckOptions &options) {
  CheckResult result;
  BoundedAttention bounded = withBounds(attention);
  bool sample = options.sampleLarge && multiplyAdds(attention, data.binding) > double(options.mostWhole);
  int64_t rowsPerHead = std::max<int64_t>(1, extentOr(attention, data.binding, sema::coordinateI, 1));
  for (uint32_t n = 0; n < attention.outputs.size(); ++n) {
    OutputCheck check;
    check.output = attention.outputs[n].name;
    reference::Evaluator oracle(bounded.attention, data.binding);
    check.rows = oracle.rowCount(n);
    std::vector<int64_t> rows;
    if (sample) {
      rows = sampleRows(check.rows, rowsPerHead, options.seed);
    } else {
      rows.resize(size_t(check.rows));
      for (int64_t row = 0; row < check.rows; ++row)
        rows[size_t(row)] = row;
    }
    check.checkedRows = int64_t(rows.size());

    OutputChecker checker(bounded, data, options, n);
    size_t workers = std::clamp<size_t>(options.threads, 1, std::max<size_t>(1, rows.size()));
    std::vector<Finding> findings(workers);
    std::vector<std::thread> threads;
    for (size_t w = 1; w < workers; ++w)
      threads.emplace_back(
          [&, w] { findings[w] = checker.check(rows, rows.size() * w / workers, rows.size() * (w + 1) / workers); });
    findings[0] = checker.check(rows, 0, rows.size() / workers);
    for (std::thread &thread : threads)
      thread.join();

    const Finding *worst = &findings[0];
    for (const Finding &finding : findings) {
      if (!finding.failure.empty() && result.failure.empty())
        result.failure = finding.failure;
      if (finding.excess > worst->excess)
        worst = &finding;
    }
    if (!result.failure.empty()) {
      result.outputs.clear();
      return result;
    }
    check.error = worst->error;
    check.bound = worst->bound;
    check.agrees = worst->error <= worst->bound;
    check.worstRow = check.rows > 0 ? oracle.rowName(n, worst->row) : "";
    check.disagreement = worst->disagreement;
    result.outputs.push_back(std::move(check));
  }
  return result;
}
