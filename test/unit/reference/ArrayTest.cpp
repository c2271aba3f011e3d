#include "compiler/reference/Array.h"
#include "test/unit/Catch.h"

using namespace attn::reference;

namespace {
using Offsets = std::vector<std::vector<int64_t>>;

template <size_t N> Offsets visited(const Axes &axes, const std::array<const Axes *, N> &arrays) {
  Offsets result;
  Walk<N>(axes, arrays).forEachPoint([&](const std::array<int64_t, N> &at) {
    result.emplace_back(at.begin(), at.end());
  });
  return result;
}
} // namespace

TEST_CASE("axes merge and part by number") {
  const Axes a{{1, 2}, {3, 4}}, b{{2, 5}, {3, 4}};
  CHECK(merge(a, b) == Axes{{1, 2}, {2, 5}, {3, 4}});
  CHECK(without(merge(a, b), a) == Axes{{2, 5}});
  CHECK(elementCount(merge(a, b)) == 40);
  CHECK(elementCount({}) == 1);
}

TEST_CASE("a walk broadcasts arrays that lack an axis") {
  const Axes both{{1, 2}, {2, 3}}, first{{1, 2}}, last{{2, 3}};
  CHECK(visited<3>(both, {&both, &first, &last}) ==
        Offsets{{0, 0, 0}, {1, 0, 1}, {2, 0, 2}, {3, 1, 0}, {4, 1, 1}, {5, 1, 2}});
}

TEST_CASE("a walk over an empty axis visits nothing, over no axis one point") {
  const Axes empty{{1, 2}, {2, 0}}, scalar;
  CHECK(visited<1>(empty, {&empty}).empty());
  CHECK(visited<1>(scalar, {&scalar}) == Offsets{{0}});
}

TEST_CASE("axes that are contiguous in all arrays are walked as one") {
  const Axes both{{1, 4}, {2, 8}};
  int runs = 0;
  Walk<2>(both, {&both, &both}).forEachRun([&](auto, auto, int64_t count) {
    ++runs;
    CHECK(count == 32);
  });
  CHECK(runs == 1);
}

TEST_CASE("a slice keeps the other axes and the faults") {
  Array array({{1, 2}, {2, 3}}, false);
  for (int n = 0; n < 6; ++n)
    array.integers[n] = n;
  array.allocateFaults();
  array.faults[4] = {7, 0, 99};
  const Array column = sliceAt(array, {{2, 3}}, {1});
  CHECK(column.axes == Axes{{1, 2}});
  CHECK(column.integers[0] == 1);
  CHECK(column.integers[1] == 4);
  CHECK_FALSE(column.faults[0]);
  CHECK(column.faults[1].value == 99);
  CHECK(sliceAt(array, {{1, 2}, {9, 5}}, {1, 3}).integers[2] == 5);
}
