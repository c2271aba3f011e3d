#include "compiler/diagnostics/Diagnostics.h"

#include <algorithm>

namespace attn {

static char lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

/// Edits of one letter (insert, remove, replace, swap of neighbours) that turn `from` into `to`, in halves: a change of
/// case alone counts half.
static unsigned editDistance(std::string_view from, std::string_view to) {
  std::vector<unsigned> beforeLast(to.size() + 1), last(to.size() + 1), row(to.size() + 1);
  for (size_t m = 0; m <= to.size(); ++m)
    last[m] = static_cast<unsigned>(2 * m);
  for (size_t n = 1; n <= from.size(); ++n) {
    row[0] = static_cast<unsigned>(2 * n);
    for (size_t m = 1; m <= to.size(); ++m) {
      char left = from[n - 1], right = to[m - 1];
      unsigned change = left == right ? 0 : lower(left) == lower(right) ? 1 : 2;
      row[m] = std::min({last[m - 1] + change, last[m] + 2, row[m - 1] + 2});
      if (n > 1 && m > 1 && left == to[m - 2] && from[n - 2] == right && left != right)
        row[m] = std::min(row[m], beforeLast[m - 2] + 2);
    }
    std::swap(beforeLast, last);
    std::swap(last, row);
  }
  return last[to.size()];
}

std::string closestName(std::string_view name, const std::vector<std::string> &candidates) {
  constexpr size_t longest = 64;
  if (name.empty() || name.size() > longest)
    return {};
  // A third of the letters may be wrong; of a name of one or two letters, only the case.
  unsigned allowed = name.size() < 3 ? 1 : static_cast<unsigned>(2 * std::max<size_t>(1, name.size() / 3));
  const std::string *best = nullptr;
  auto isSame = [](char left, char right) { return lower(left) == lower(right); };
  for (const std::string &candidate : candidates)
    if (candidate != name && candidate.size() == name.size() && std::equal(name.begin(), name.end(), candidate.begin(), isSame))
      return candidate;
  for (const std::string &candidate : candidates) {
    size_t difference = std::max(candidate.size(), name.size()) - std::min(candidate.size(), name.size());
    if (candidate == name || 2 * difference > allowed)
      continue;
    unsigned distance = editDistance(name, candidate);
    // Nothing of a name that changes in every letter is meant.
    if (distance > allowed || distance >= 2 * std::min(candidate.size(), name.size()))
      continue;
    if (!best || distance < allowed)
      best = &candidate;
    allowed = std::min(allowed, distance);
  }
  return best ? *best : std::string();
}

} // namespace attn
