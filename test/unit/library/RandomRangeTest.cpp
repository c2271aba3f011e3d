#include "compiler/library/RandomRange.h"

#include "test/unit/library/Specs.h"

using namespace attn;
using namespace attn::library;

namespace {

/// The values of an integer input made at random.
std::pair<int64_t, int64_t> madeRange(const std::string &text, std::map<std::string, int64_t> dims,
                                      const std::string &tensor,
                                      std::vector<std::pair<std::string, std::string>> scalars = {}) {
  auto spec = test::specOf(text);
  const sema::Attention &attention = spec->program().attentions.front();
  RunData data = test::dataOf(*spec, std::move(dims), {}, std::move(scalars));
  const Tensor &made = data.tensors[attention.findTensor(tensor)];
  std::pair<int64_t, int64_t> range{INT64_MAX, INT64_MIN};
  for (int64_t n = 0; n < made.elementCount(); ++n) {
    range.first = std::min(range.first, made.integer(n));
    range.second = std::max(range.second, made.integer(n));
  }
  return range;
}

const std::map<std::string, int64_t> dims{{"B", 4}, {"H", 2}, {"I", 50}, {"J", 60}, {"D", 4}};

/// The same with a table of `N` elements.
const std::map<std::string, int64_t> tableDims{{"B", 4}, {"H", 2}, {"I", 50}, {"J", 60}, {"D", 4}, {"N", 7}};

} // namespace

TEST_CASE("an index stays inside the tensor it reads") {
  CHECK(madeRange("attention a { layout mha; at: i32[B, I]; bias: f32[N]; score = dot(q, k) + bias[at[b, i]] }", tableDims,
                  "at") == std::pair<int64_t, int64_t>(0, 6));
}

TEST_CASE("an index that is computed from a value keeps the value small enough") {
  auto [low, high] = madeRange(
      "attention a { layout mha; at: i32[B, I]; bias: f32[N]; score = dot(q, k) + bias[at[b, i] * 2 + 1] }", tableDims,
      "at");
  CHECK(low == 0);
  CHECK(high == 2);
}

TEST_CASE("a length lies between nothing and all keys") {
  auto spec = test::specOf("attention a { layout mha; len: i32[B]; mask = j < len[b] }");
  const sema::Attention &attention = spec->program().attentions.front();
  RunData data = test::dataOf(*spec, dims);
  std::vector<std::vector<int64_t>> shapes;
  for (const Tensor &tensor : data.tensors)
    shapes.push_back(tensor.shape());
  RandomRange range = inferRandomRange(attention, data.binding, shapes, attention.findTensor("len"));
  CHECK(range.known);
  CHECK(range.low == 0);
  CHECK(range.high == 61);
}

TEST_CASE("a divisor is never 0") {
  CHECK(madeRange("attention a { layout mha; c: i32[B]; mask = i // c[b] == j // c[b] }", dims, "c").first >= 1);
}

TEST_CASE("what decides an index in a way that can't be followed is asked for") {
  auto spec = test::specOf("attention a { q: f32[N, H, D]; k: f32[B, H, J, D]; v: f32[B, H, J, D]; cu: i32[B + 1]; "
                           "I = 3; q = q[cu[b] + i, h, d]; out o: f32[B, H, I, D] }");
  InputRequest request;
  request.random = true;
  request.dims = {{"B", 2}, {"H", 1}, {"J", 4}, {"D", 4}, {"N", 2}};
  std::vector<std::string> errors;
  CHECK_FALSE(gatherInputs(spec->program().attentions.front(), request, errors));
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].find("input `cu`: random values can't be made") == 0);
  CHECK(errors[0].find("-i cu=") != std::string::npos);
}

TEST_CASE("bools are both true and false") {
  CHECK(madeRange("attention a { layout mha; m: bool[B, I, J]; mask = m }", dims, "m") ==
        std::pair<int64_t, int64_t>(0, 1));
}
