#include "compiler/picture/Ticks.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

using namespace attn;

std::vector<int64_t> picture::ticks(int64_t extent, int64_t most) {
  most = std::max<int64_t>(most, 1);
  bool binary = extent >= 16 && int64_t(1) << std::countr_zero(uint64_t(extent)) >= std::max<int64_t>(16, extent / 64);
  int64_t step = 1;
  for (int turn = 0; (extent - 1) / step + 1 > most; ++turn) {
    if (step > INT64_MAX / 8)
      return {0};
    step = binary ? step * 2 : turn % 3 == 1 ? step / 2 * 5 : step * 2;
  }
  std::vector<int64_t> list;
  for (int64_t at = 0; at < extent; at += step)
    list.push_back(at);
  return list;
}

std::string picture::tickLabel(int64_t coordinate) {
  if (coordinate >= 1000000 && coordinate % 100000 == 0)
    return coordinate % 1000000 ? fmt::format("{}.{}M", coordinate / 1000000, coordinate / 100000 % 10)
                                : fmt::format("{}M", coordinate / 1000000);
  if (coordinate >= 10000 && coordinate % 1000 == 0)
    return fmt::format("{}k", coordinate / 1000);
  return fmt::format("{}", coordinate);
}

std::string picture::countText(double count) {
  std::string digits = fmt::format("{:.0f}", count);
  for (size_t at = digits.size(); at > 3 && digits[at - 4] != '-'; at -= 3)
    digits.insert(at - 3, ",");
  return digits;
}
