#include "compiler/library/Accuracy.h"

#include "compiler/reference/Evaluator.h"
#include "test/unit/library/Specs.h"

#include <cmath>
#include <limits>
#include <set>

using namespace attn;
using namespace attn::library;

namespace {

/// Outputs as the oracle has them.
void fill(const sema::Attention &attention, RunData &data) {
  std::vector<reference::TensorView> views;
  for (size_t n = attention.tensors.size(); n < data.tensors.size(); ++n)
    views.push_back(viewOf(data.tensors[n]));
  auto error = reference::evaluateAll(attention, data.binding, views);
  REQUIRE_FALSE(error);
}

struct Fixture {
  std::shared_ptr<const Spec> spec = test::specOf("attention a { layout mha; mask = causal; out lse }");
  const sema::Attention &attention = spec->program().attentions.front();
  RunData data = test::dataOf(*spec, {{"B", 1}, {"H", 2}, {"I", 9}, {"J", 9}, {"D", 8}});
  Fixture() { fill(attention, data); }
  float &element(size_t output, size_t n) { return data.tensors[attention.tensors.size() + output].values<float>()[n]; }
};

} // namespace

TEST_CASE_METHOD(Fixture, "the oracle agrees with itself") {
  CheckResult result = checkOutputs(attention, data, {});
  REQUIRE(result.outputs.size() == 2);
  CHECK(result.agrees());
  for (const OutputCheck &check : result.outputs) {
    // One rounding of a number below 4.
    CHECK(check.error <= 0x1p-23);
    CHECK(check.bound >= 2e-6);
    CHECK(check.bound < 1e-4);
    CHECK(check.checkedRows == check.rows);
  }
}

TEST_CASE_METHOD(Fixture, "one wrong element is found and named") {
  element(0, (1 * 9 + 4) * 8 + 3) += 0.01f;
  CheckResult result = checkOutputs(attention, data, {});
  CHECK_FALSE(result.agrees());
  CHECK_FALSE(result.outputs[0].agrees);
  CHECK(result.outputs[0].worstRow == "b = 0, h = 1, i = 4");
  CHECK(result.outputs[0].disagreement.find("computed") == 0);
  CHECK(result.outputs[1].agrees);
}

TEST_CASE_METHOD(Fixture, "a NaN on one side only is infinitely wrong") {
  element(0, 5) = std::numeric_limits<float>::quiet_NaN();
  CheckResult result = checkOutputs(attention, data, {});
  CHECK_FALSE(result.agrees());
  CHECK(std::isinf(result.outputs[0].error));
}

TEST_CASE_METHOD(Fixture, "a tolerance takes the place of the bound") {
  element(1, 3) += 0.5f;
  CheckOptions options;
  CHECK_FALSE(checkOutputs(attention, data, options).agrees());
  options.tolerance = 1.0;
  CHECK(checkOutputs(attention, data, options).agrees());
}

TEST_CASE("the bound of a row grows with its scores") {
  auto spec = test::specOf("attention a { layout mha; s: float; score = dot(q, k) * s }");
  const sema::Attention &attention = spec->program().attentions.front();
  double bounds[2];
  for (int n = 0; n < 2; ++n) {
    RunData data = test::dataOf(*spec, {{"B", 1}, {"H", 1}, {"I", 4}, {"J", 6}, {"D", 8}}, {}, {{"s", n ? "1000" : "1"}});
    fill(attention, data);
    // Something must be off for a row to be the worst one.
    data.tensors.back().values<float>()[0] += 1e-7f;
    CheckResult result = checkOutputs(attention, data, {});
    REQUIRE(result.agrees());
    bounds[n] = result.outputs[0].bound;
  }
  CHECK(bounds[1] - 2e-6 == Approx(1000 * (bounds[0] - 2e-6)).epsilon(1e-6));
}

TEST_CASE("a bound is that of the scores whose softmax the output takes") {
  double bounds[2];
  for (int n = 0; n < 2; ++n) {
    auto spec = test::specOf(n ? "attention a { layout mha; weight = softmax(topk(score + 999 * score, 3)) }" : "attention a { layout mha }");
    const sema::Attention &attention = spec->program().attentions.front();
    RunData data = test::dataOf(*spec, {{"B", 1}, {"H", 1}, {"I", 1}, {"J", 6}, {"D", 8}});
    fill(attention, data);
    data.tensors.back().values<float>()[0] += 1e-7f;
    CheckResult result = checkOutputs(attention, data, {});
    REQUIRE(result.agrees());
    bounds[n] = result.outputs[0].bound;
  }
  CHECK(bounds[1] - 2e-6 == Approx(1000 * (bounds[0] - 2e-6)).epsilon(1e-5));
}

TEST_CASE("a sample holds first and last row, tile edges, and 64 rows at least") {
  std::vector<int64_t> rows = sampleRows(16384, 2048, 3);
  std::set<int64_t> set(rows.begin(), rows.end());
  CHECK(rows.size() >= 64);
  CHECK(rows.size() < 200);
  for (int64_t row : {0, 15, 16, 31, 32, 127, 128, 2047, 2048, 16383})
    CHECK(set.count(row) == 1);
  CHECK(sampleRows(10, 5, 0).size() == 10);
  CHECK(sampleRows(0, 1, 0).empty());
}

TEST_CASE("a sum that cancels is measured by its terms") {
  auto spec = test::specOf("attention a { q: f32[I, D]; k: f32[J, D]; v: f32[J, E]; weight = sigmoid(dot(q, k)); out o: f32[I, E] }");
  const sema::Attention &attention = spec->program().attentions.front();
  RunData data = test::dataOf(*spec, {{"I", 1}, {"J", 2}, {"D", 1}, {"E", 1}});
  for (float &element : data.tensors[0].values<float>())
    element = 0;
  data.tensors[2].values<float>()[0] = 1000;
  data.tensors[2].values<float>()[1] = -1000.0001f;
  fill(attention, data);
  float &o = data.tensors[attention.tensors.size()].values<float>()[0];
  REQUIRE(std::fabs(o) < 1e-3f);
  float exact = o;
  // A few last places of the terms.
  o = exact + 0x1p-13f;
  CHECK(checkOutputs(attention, data, {}).agrees());
  o = exact + 0.1f;
  CHECK_FALSE(checkOutputs(attention, data, {}).agrees());
}

TEST_CASE("a power is measured as the product that it is") {
  double errors[2];
  for (int n = 0; n < 2; ++n) {
    auto spec = test::specOf(std::string("attention a { q: f32[I]; k: f32[J]; weight = ") + (n ? "(q - k) * (q - k)" : "(q - k) ** 2") +
                             "; out o: f32[I]; o = sum(j: weight) }");
    const sema::Attention &attention = spec->program().attentions.front();
    RunData data = test::dataOf(*spec, {{"I", 1}, {"J", 1}});
    data.tensors[0].values<float>()[0] = 1.0f;
    data.tensors[1].values<float>()[0] = 1.0001f;
    fill(attention, data);
    data.tensors[attention.tensors.size()].values<float>()[0] *= 1.0001f;
    CheckResult result = checkOutputs(attention, data, {});
    CHECK(result.agrees());
    errors[n] = result.outputs[0].error;
  }
  CHECK(errors[0] > 0);
  CHECK(errors[0] == errors[1]);
}
