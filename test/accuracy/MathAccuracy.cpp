#include "test/accuracy/CompiledFunction.h"
#include "test/accuracy/Functions.h"
#include "test/accuracy/Sweep.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/TargetParser/Host.h"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <random>

/// Compiles every math function for three generations of x86 machines, as scalars and as vectors of several widths,
/// compares it over the whole range of its argument with a reference of higher precision, and fails where an error is
/// above the stated one, where a special value is wrong, or where the machine code calls anything.
namespace attn::test {

namespace {

struct Configuration {
  Machine machine;
  std::string shapeF32, shapeF64;
  unsigned lanesF32, lanesF64;
  uint64_t strideF32, strideF64; ///< of appendWholeRange
};

/// `density` times as many points as usual.
std::vector<Configuration> configurations(uint64_t density) {
  llvm::StringMap<bool> host = llvm::sys::getHostCPUFeatures();
  Machine baseline{"x86-64", "x86-64", {}, 128};
  Machine haswell{"x86-64-v3", "x86-64-v3", {.avx512 = false, .fma = true, .hasRound = true}, 256};
  Machine skylake{"x86-64-v4", "x86-64-v4", {.avx512 = true, .fma = true, .hasRound = true}, 512};
  std::vector<Configuration> all;
  if (host.lookup("avx512f") && host.lookup("avx512vl") && host.lookup("avx512bw") && host.lookup("avx512dq"))
    all.push_back({skylake, "16x", "8x", 16, 8, 509, uint64_t(1) << 44});
  if (host.lookup("avx2") && host.lookup("fma")) {
    all.push_back({haswell, "8x", "4x", 8, 4, 2039, uint64_t(1) << 45});
    all.push_back({haswell, "2x8x", "2x2x", 16, 4, 65521, uint64_t(1) << 49});
    all.push_back({haswell, "", "", 1, 1, 65521, uint64_t(1) << 49});
  }
  all.push_back({baseline, "4x", "2x", 4, 2, 4093, uint64_t(1) << 46});
  for (Configuration &configuration : all) {
    configuration.strideF32 = std::max<uint64_t>(1, configuration.strideF32 / density);
    configuration.strideF64 = std::max<uint64_t>(1, configuration.strideF64 / density);
  }
  return all;
}

struct Result {
  std::string name, type;
  double bound;
  Errors errors;
  std::vector<std::string> failures;
  unsigned operations = 0; ///< of the widest configuration
  double seconds = 0;
};

template <typename T> FunctionSource sourceOf(const std::string &operation, const Configuration &configuration) {
  bool isDouble = sizeof(T) == 8;
  FunctionSource source;
  source.operation = operation;
  source.isDouble = isDouble;
  source.shape = isDouble ? configuration.shapeF64 : configuration.shapeF32;
  source.lanes = isDouble ? configuration.lanesF64 : configuration.lanesF32;
  return source;
}

/// Compiles and records what can go wrong before anything runs.
std::optional<CompiledFunction> compile(const FunctionSource &source, const Configuration &configuration,
                                        Result &result) {
  auto compiled = CompiledFunction::compile(source, configuration.machine);
  std::string where = fmt::format("{} vector<{}>", configuration.machine.name, source.shape);
  if (!compiled) {
    result.failures.push_back(where + ": " + llvm::toString(compiled.takeError()));
    return std::nullopt;
  }
  for (const std::string &symbol : compiled->undefinedSymbols)
    result.failures.push_back(where + ": calls " + symbol);
  if (!result.operations)
    result.operations = compiled->operationCount;
  if (!compiled->undefinedSymbols.empty())
    return std::nullopt;
  return std::move(*compiled);
}

template <typename T> Result testUnary(const TestedFunction &function, const std::vector<Configuration> &all) {
  Result result{function.name,
                sizeof(T) == 8 ? "f64" : "f32",
                sizeof(T) == 8 ? *function.bounds.f64 : function.bounds.f32,
                {},
                {}};
  for (const Configuration &configuration : all) {
    FunctionSource source = sourceOf<T>(function.operation, configuration);
    source.softmax = function.isSoftmaxExp2;
    auto compiled = compile(source, configuration, result);
    if (!compiled)
      continue;
    Numbers<T> x;
    for (T value : specialValues<T>())
      x.push_back(value);
    appendNeighbourhoods<T>(x, function.hardPoints, 100);
    appendWholeRange(x, sizeof(T) == 8 ? configuration.strideF64 : configuration.strideF32);
    if (source.softmax) {
      std::erase_if(x, [](T value) { return value > 0; });
    }
    pad(x, source.lanes);
    Numbers<T> out(x.size());
    (*compiled)(x.data(), x.data(), out.data(), int64_t(x.size()));
    Errors errors;
    for (size_t n = 0; n < x.size(); ++n) {
      long double exact = sizeof(T) == 8 ? function.reference(x[n]) : function.referenceOfFloat(x[n]);
      if (source.softmax && std::fabs(exact) < 0x1p-126L && exact >= out[n] / 2)
        continue;
      compare<T>(errors, out[n], exact, double(x[n]), 0, false);
    }
    result.errors.merge(errors);
  }
  return result;
}

/// Pairs for pow: specials with specials, and random ones most of whose powers are finite.
template <typename T> void appendPairs(Numbers<T> &x, Numbers<T> &y, size_t count) {
  for (T a : specialValues<T>())
    for (T b : specialValues<T>())
      x.push_back(a), y.push_back(b);
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> uniform(-1, 1);
  double largest = std::numeric_limits<T>::max_exponent * 1.1;
  for (size_t n = 0; n < count; ++n) {
    // |x| spread over all exponents or near 1, the exponent such that the power spreads over all of its own.
    double logarithm = uniform(random) * largest * std::exp2(uniform(random) > 0 ? 0 : 40 * uniform(random) - 45);
    T base = T(std::exp2(logarithm));
    if (base == 0 || std::isinf(base))
      base = T(1.25);
    double power = std::log2(double(base));
    T exponent = T(uniform(random) * largest / (power == 0 ? 1 : power));
    if (n % 4 == 0)
      exponent = std::round(exponent), base = -base;
    x.push_back(base), y.push_back(exponent);
  }
}

template <typename T> Result testPow(double bound, const std::vector<Configuration> &all) {
  Result result{"x ** y", sizeof(T) == 8 ? "f64" : "f32", bound, {}, {}};
  for (const Configuration &configuration : all) {
    FunctionSource source = sourceOf<T>("math.powf %x, %y : TYPE", configuration);
    auto compiled = compile(source, configuration, result);
    if (!compiled)
      continue;
    Numbers<T> x, y;
    appendPairs<T>(x, y, configuration.lanesF32 == 1 ? 20000 : 1000000);
    pad(x, source.lanes), pad(y, source.lanes);
    Numbers<T> out(x.size());
    (*compiled)(x.data(), y.data(), out.data(), int64_t(x.size()));
    for (size_t n = 0; n < x.size(); ++n) {
      long double exact = sizeof(T) == 8 ? std::pow((long double)x[n], (long double)y[n])
                                         : (long double)std::pow(double(x[n]), double(y[n]));
      compare<T>(result.errors, out[n], exact, double(x[n]), double(y[n]), true);
    }
  }
  return result;
}

template <typename T, typename Integer> Result testPowInteger(double bound, const std::vector<Configuration> &all) {
  Result result{fmt::format("x ** n (i{})", 8 * sizeof(Integer)), sizeof(T) == 8 ? "f64" : "f32", bound, {}, {}};
  for (const Configuration &configuration : all) {
    FunctionSource source = sourceOf<T>("math.fpowi %x, %y : TYPE, ITYPE", configuration);
    source.integerWidth = 8 * sizeof(Integer);
    auto compiled = compile(source, configuration, result);
    if (!compiled)
      continue;
    Numbers<T> x, exponents;
    Numbers<Integer> n;
    appendPairs<T>(x, exponents, configuration.lanesF32 == 1 ? 10000 : 200000);
    for (T exponent : exponents)
      n.push_back(std::isnan(exponent) ? Integer(0) : Integer(std::clamp(double(exponent), -2e9, 2e9)));
    pad(x, source.lanes), pad(n, source.lanes);
    Numbers<T> out(x.size());
    (*compiled)(x.data(), n.data(), out.data(), int64_t(x.size()));
    for (size_t i = 0; i < x.size(); ++i)
      compare<T>(result.errors, out[i], std::pow((long double)x[i], (long double)n[i]), double(x[i]), double(n[i]),
                 true);
  }
  return result;
}

bool report(Result &result) {
  const Errors &errors = result.errors;
  if (errors.ulp > result.bound)
    result.failures.push_back(fmt::format("{:.3f} ulp at {} is more than {}", errors.ulp, errors.where, result.bound));
  if (errors.wrongSpecial)
    result.failures.push_back(fmt::format("{} wrong special values, first {}", errors.wrongSpecial, errors.wrongWhere));
  fmt::print("{:<14} {:<4} {:>6.2f} {:>8.3f} {:>10.2e} {:>11} {:>4} {:>6.1f}  {}\n", result.name, result.type,
             result.bound, errors.ulp, errors.relative, errors.compared, result.operations, result.seconds,
             errors.where);
  for (const std::string &failure : result.failures)
    fmt::print("  FAILED: {}\n", failure);
  std::fflush(stdout);
  return result.failures.empty();
}

template <typename Test> bool timed(Test test) {
  auto start = std::chrono::steady_clock::now();
  Result result = test();
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return report(result);
}

} // namespace

static int run(const std::string &only, uint64_t density) {
  std::vector<Configuration> all = configurations(density);
  fmt::print("{:<14} {:<4} {:>6} {:>8} {:>10} {:>11} {:>4} {:>6}  {}\n", "function", "type", "bound", "max ulp",
             "max rel", "points", "ops", "s", "where");
  bool good = true;
  auto wanted = [&](const std::string &name) { return only.empty() || name == only; };
  for (const TestedFunction &function : testedFunctions()) {
    if (!wanted(function.name))
      continue;
    good &= timed([&] { return testUnary<float>(function, all); });
    if (function.bounds.f64)
      good &= timed([&] { return testUnary<double>(function, all); });
  }
  if (wanted("pow")) {
    good &= timed([&] { return testPow<float>(0.51, all); });
    good &= timed([&] { return testPow<double>(1.5, all); });
    good &= timed([&] { return testPowInteger<float, int64_t>(0.51, all); });
    good &= timed([&] { return testPowInteger<double, int64_t>(1.5, all); });
    good &= timed([&] { return testPowInteger<double, int32_t>(1.5, all); });
  }
  fmt::print("{}\n", good ? "all errors are within their bounds" : "FAILED");
  return good ? 0 : 1;
}

} // namespace attn::test

/// attn_math_accuracy [FUNCTION [DENSITY]]: one function only; DENSITY times as many points (512: every f32).
int main(int argc, char **argv) {
  return attn::test::run(argc > 1 ? argv[1] : "", argc > 2 ? std::max(1, std::atoi(argv[2])) : 1);
}
