#include "attn/attn.hpp"

#include "test/unit/Catch.h"

#include <atomic>
#include <bit>
#include <cmath>
#include <limits>

namespace {

constexpr int64_t batches = 2, heads = 3, length = 150, width = 24, rows = batches * heads * length;
constexpr float nothing = -std::numeric_limits<float>::infinity();

std::vector<float> randomValues(size_t count, unsigned seed, float scale = 1) {
  std::vector<float> values;
  for (size_t n = 0; n < count; ++n) {
    seed = seed * 1664525u + 1013904223u;
    values.push_back(scale * (float(seed >> 8) / 8388608.0f - 1.0f));
  }
  return values;
}

struct Output {
  std::vector<float> o = std::vector<float>(size_t(rows * width), NAN), lse = std::vector<float>(size_t(rows), NAN);
  attn::Tensor oTensor = attn::Tensor::of(std::span(o), {batches, heads, length, width}).value();
  attn::Tensor lseTensor = attn::Tensor::of(std::span(lse), {batches, heads, length}).value();
  Output() = default;
  Output(const Output &) = delete;
};

struct Inputs {
  std::vector<float> q, k, v;
  explicit Inputs(float scale)
      : q(randomValues(size_t(rows * width), 1, scale)), k(randomValues(size_t(rows * width), 2, scale)), v(randomValues(size_t(rows * width), 3)) {}

  void run(const attn::Spec &spec, const char *name, int64_t first, int64_t window, Output &into) {
    attn::Compiler compiler;
    attn::Result<attn::Kernel> kernel = compiler.compile(spec, {.kernel = name});
    REQUIRE(kernel);
    auto tensor = [](std::vector<float> &values) { return attn::Tensor::of(std::span(values), {batches, heads, length, width}).value(); };
    attn::Tensor queries = tensor(q), keys = tensor(k), values = tensor(v);
    attn::Arguments arguments(*kernel);
    arguments.set("q", queries).set("k", keys).set("v", values).set("o", into.oTensor).set("lse", into.lseTensor).set("n", first);
    if (kernel->signature().scalar("w"))
      arguments.set("w", window);
    attn::Status done = kernel->run(arguments);
    INFO((done ? "" : done.error().message));
    REQUIRE(done);
  }

  /// The largest difference of two outputs, relative to the largest |v| of a head, which no row's visible ones exceed by much.
  double worst(const std::vector<float> &left, const std::vector<float> &right) const {
    double most = 0, scale = 0;
    for (float value : v)
      scale = std::max(scale, std::abs(double(value)));
    for (size_t n = 0; n < left.size(); ++n)
      most = std::max(most, std::isnan(left[n] - right[n]) ? INFINITY : std::abs(double(left[n]) - double(right[n])) / scale);
    return most;
  }
};

bool sameLse(const std::vector<float> &left, const std::vector<float> &right) {
  for (size_t n = 0; n < left.size(); ++n)
    if (left[n] != right[n] && !(std::abs(left[n] - right[n]) <= 1e-5f + 1e-6f * std::abs(left[n])))
      return false;
  return true;
}

attn::Status mergeOf(const Output &first, const Output &second, const Output &merged, const attn_context *context = nullptr) {
  return attn::merge(first.oTensor, first.lseTensor, second.oTensor, second.lseTensor, merged.oTensor, &merged.lseTensor, context);
}

} // namespace

TEST_CASE("a window and its complement, merged, are the causal attention, rows that see nothing included") {
  attn::Result<attn::Spec> spec = attn::Spec::open(ATTN_PARTS);
  REQUIRE(spec);
  for (float scale : {1.0f, 6.0f})
    for (int64_t first : {0, 40}) // before it, rows see nothing at all
      for (int64_t window : {1, 20, 149, 1000}) {
        INFO("scale " << scale << ", first " << first << ", window " << window);
        Inputs inputs(scale);
        Output whole, near, far, merged, swapped;
        inputs.run(*spec, "whole", first, 0, whole);
        inputs.run(*spec, "near_part", first, window, near);
        inputs.run(*spec, "far_part", first, window, far);
        REQUIRE(mergeOf(near, far, merged));
        REQUIRE(mergeOf(far, near, swapped));
        CHECK(inputs.worst(whole.o, merged.o) <= 4e-6);
        CHECK(sameLse(whole.lse, merged.lse));
        CHECK(merged.o == swapped.o);
        if (first > 0) {
          CHECK(merged.lse[0] == nothing);
          CHECK(std::all_of(merged.o.begin(), merged.o.begin() + first * width, [](float value) { return value == 0; }));
        }
        // In place, as a program does that goes through many parts.
        REQUIRE(mergeOf(near, far, near));
        CHECK(near.o == merged.o);
        CHECK(near.lse == merged.lse);
      }
}

TEST_CASE("a side that saw nothing isn't looked at, and what isn't a number stays in its row") {
  float o1[4] = {1, 2, NAN, NAN}, o2[4] = {5, NAN, 7, 8}, o[4], lse1[4] = {0, 1, nothing, nothing}, lse2[4] = {0, nothing, 2, nothing}, lse[4];
  auto column = [](float *values) { return attn::Tensor::of(std::span(values, 4), {4, 1}).value(); };
  auto row = [](float *values) { return attn::Tensor::of(std::span(values, 4), {4}).value(); };
  attn::Tensor a = column(o1), b = column(o2), c = column(o), la = row(lse1), lb = row(lse2), lc = row(lse);
  REQUIRE(attn::merge(a, la, b, lb, c, &lc));
  CHECK(o[0] == 3);
  CHECK(o[1] == 2);
  CHECK(o[2] == 7);
  CHECK(o[3] == 0);
  CHECK(lse[0] == std::log(2.0f));
  CHECK(lse[1] == 1);
  CHECK(lse[2] == 2);
  CHECK(lse[3] == nothing);
  lse1[0] = NAN, lse2[2] = INFINITY;
  REQUIRE(attn::merge(a, la, b, lb, c));
  CHECK(std::isnan(o[0]));
  CHECK(o[1] == 2);
  CHECK(std::isnan(o[2]));
  CHECK(o[3] == 0);
  lse1[0] = 3e38f, lse2[0] = -3e38f; // neither overflows
  REQUIRE(attn::merge(a, la, b, lb, c, &lc));
  CHECK(o[0] == 1);
  CHECK(lse[0] == 3e38f);
}

TEST_CASE("any strides, ranks and float types are merged, on any threads") {
  std::vector<float> o1 = randomValues(size_t(rows * width), 5), o2 = randomValues(size_t(rows * width), 6);
  std::vector<float> lse1 = randomValues(size_t(rows), 7, 4), lse2 = randomValues(size_t(rows), 8, 4), expected(o1.size());
  for (size_t n = 0; n < o1.size(); ++n) {
    double w1 = std::exp(double(lse1[n / width])), w2 = std::exp(double(lse2[n / width]));
    expected[n] = float((w1 * o1[n] + w2 * o2[n]) / (w1 + w2));
  }
  // The first sequence first, the second as bf16, the result as f16.
  std::vector<float> turned(o1.size());
  std::vector<uint16_t> narrow(o1.size()), result(o1.size());
  for (int64_t n = 0; n < rows * width; ++n) {
    int64_t e = n % width, i = n / width % length, h = n / width / length % heads, b = n / width / length / heads;
    turned[size_t(((b * length + i) * heads + h) * width + e)] = o1[size_t(n)];
    narrow[size_t(n)] = uint16_t(std::bit_cast<uint32_t>(o2[size_t(n)]) >> 16);
  }
  const int64_t shape[] = {batches, heads, length, width};
  attn::Tensor first = attn::Tensor::of(std::span(turned), shape).value().strided({length * heads * width, width, heads * width, 1}).value();
  attn::Tensor second = attn::Tensor::over(narrow.data(), narrow.size(), {kDLBfloat, 16, 1}, shape).value();
  attn::Tensor merged = attn::Tensor::over(result.data(), result.size(), {kDLFloat, 16, 1}, shape).value();
  attn::Tensor l1 = attn::Tensor::of(std::span(lse1), {batches, heads, length}).value();
  attn::Tensor l2 = attn::Tensor::of(std::span(lse2), {batches, heads, length}).value();
  attn_executor *threads = attn_executor_create(3);
  attn_context context = attn_executor_context(threads);
  attn::Status done = attn::merge(first, l1, second, l2, merged, nullptr, &context);
  INFO((done ? "" : done.error().message));
  REQUIRE(done);
  double worst = 0;
  for (size_t n = 0; n < result.size(); ++n)
    worst = std::max(worst, std::abs(double(std::bit_cast<_Float16>(result[n])) - double(expected[n])));
  CHECK(worst < 0.01); // bf16 and f16 have 8 and 11 bits
  attn_executor_destroy(threads);

  std::vector<float> flat(o1.size());
  attn::Tensor a = attn::Tensor::of(std::span(o1), {heads, batches * length, width}).value(), b = attn::Tensor::of(std::span(o2), {heads, batches * length, width}).value();
  attn::Tensor c = attn::Tensor::of(std::span(flat), {heads, batches * length, width}).value();
  attn::Tensor la = attn::Tensor::of(std::span(lse1), {heads, batches * length}).value(), lb = attn::Tensor::of(std::span(lse2), {heads, batches * length}).value();
  REQUIRE(attn::merge(a, la, b, lb, c));
  worst = 0;
  for (size_t n = 0; n < flat.size(); ++n)
    worst = std::max(worst, std::abs(double(flat[n]) - double(expected[n])));
  CHECK(worst < 3e-7);
}

TEST_CASE("wrong arguments of a merge are refused as those of a run") {
  std::vector<float> x(240), y(240), z(240), l(24), m(24);
  std::vector<int32_t> integers(240);
  attn::Tensor o1 = attn::Tensor::of(std::span(x), {1, 4, 6, 10}).value(), o2 = attn::Tensor::of(std::span(y), {1, 4, 6, 10}).value();
  attn::Tensor o = attn::Tensor::of(std::span(z), {1, 4, 6, 10}).value();
  attn::Tensor lse = attn::Tensor::of(std::span(l), {1, 4, 6}).value(), other = attn::Tensor::of(std::span(m), {1, 4, 6}).value();
  attn::Tensor shorter = attn::Tensor::of(std::span(y), {1, 4, 5, 10}).value(), flat = attn::Tensor::of(std::span(x), {240}).value();
  attn::Tensor whole = attn::Tensor::of(std::span(integers), {1, 4, 6, 10}).value();
  attn::Tensor shifted = attn::Tensor::of(std::span(x).subspan(10), {1, 4, 5, 10}).value();
  auto refusal = [&](attn::MergeInput first, attn::MergeInput second, attn::MergeInput merged) {
    attn::Status done = attn::merge(first, second, merged);
    REQUIRE_FALSE(done);
    CHECK(done.error().status == ATTN_INVALID_ARGUMENT);
    return done.error().message;
  };
  attn::MergeInput a{&o1.dl(), &lse.dl()}, b{&o2.dl(), &other.dl()};
  CHECK(refusal({}, b, {&o.dl()}) == "o1: expected f32[B, H, I, E], got a null pointer");
  CHECK(refusal(a, {&o2.dl(), nullptr}, {&o.dl()}) == "lse2: expected f32[B, H, I], got a null pointer");
  CHECK(refusal(a, {&shorter.dl(), &other.dl()}, {&o.dl()}) == "o2: expected f32[B, H, I=6, E], got f32[1, 4, 5, 10]: extent I is 6 by o1");
  CHECK(refusal({&flat.dl(), &lse.dl()}, b, {&o.dl()}).find("rank 1 is not 2") != std::string::npos);
  CHECK(refusal({&whole.dl(), &lse.dl()}, b, {&o.dl()}).find("o1: expected f32") == 0);
  CHECK(refusal(a, b, {&o.dl(), &whole.dl()}).find("lse: expected f32[B") == 0);
  CHECK(refusal({&shorter.dl(), &lse.dl()}, b, {&o.dl()}).find("I") != std::string::npos);
  CHECK(refusal(a, b, {&shifted.dl()}).find("got f32[1, 4, 5, 10]") != std::string::npos);
  attn::Tensor moved = attn::Tensor::of(std::span(x), {1, 4, 6, 10}).value().strided({240, 10, 40, 1}).value();
  CHECK(refusal(a, b, {&moved.dl()}).find("its memory overlaps that of") != std::string::npos);
}
