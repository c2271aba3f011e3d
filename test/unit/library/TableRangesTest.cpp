#include "compiler/library/TableRanges.h"

#include "runtime/tensor/Random.h"
#include "test/unit/library/Specs.h"

#include <algorithm>

using namespace attn;
using namespace attn::library;

TEST_CASE("minima and maxima of boxes agree with brute force") {
  auto spec = test::specOf("attention a { layout mha; t: i32[N, M, R]; mask = t[i % N, j % M, 0] > 0 }");
  RunData data = test::dataOf(*spec, {{"B", 1}, {"H", 1}, {"I", 4}, {"J", 4}, {"D", 1}, {"N", 5}, {"M", 50}, {"R", 9}},
                              {{"t", "randint(-1000,1000,5,50,9)"}});
  sema::TensorId id = spec->program().attentions.front().findTensor("t");
  const attn::Tensor &tensor = data.tensors[id];
  TableRanges ranges(data);
  Random random(7);
  for (int time = 0; time < 500; ++time) {
    std::vector<Interval> box;
    for (int64_t size : tensor.shape()) {
      int64_t low = random.integer(-2, size), high = random.integer(low, size + 2);
      box.push_back(random.integer(0, 3) == 0 ? Interval{0, size - 1} : Interval{low, high});
    }
    int64_t least = INT64_MAX, most = INT64_MIN;
    for (int64_t n = std::max<int64_t>(0, box[0].low); n <= std::min<int64_t>(4, box[0].high); ++n)
      for (int64_t m = std::max<int64_t>(0, box[1].low); m <= std::min<int64_t>(49, box[1].high); ++m)
        for (int64_t r = std::max<int64_t>(0, box[2].low); r <= std::min<int64_t>(8, box[2].high); ++r) {
          int64_t value = tensor.integer(tensor.offset(std::vector<int64_t>{n, m, r}));
          least = std::min(least, value);
          most = std::max(most, value);
        }
    Interval found = ranges(id, box);
    if (least > most)
      CHECK(found.isWhole());
    else
      CHECK(found == Interval{least, most});
  }
}
