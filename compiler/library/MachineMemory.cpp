#include "compiler/library/MachineMemory.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <unistd.h>

using namespace attn;

namespace {

/// The number in a file that holds nothing else.
std::optional<int64_t> numberIn(const char *path) {
  std::ifstream file(path);
  int64_t number = 0;
  return file >> number ? std::optional(number) : std::nullopt;
}

std::optional<int64_t> leftInSystem() {
  std::ifstream file("/proc/meminfo");
  std::string name, unit;
  for (int64_t kib = 0; file >> name >> kib; std::getline(file, unit))
    if (name == "MemAvailable:")
      return kib * 1024;
  int64_t pages = sysconf(_SC_PHYS_PAGES), pageSize = sysconf(_SC_PAGE_SIZE);
  return pages > 0 && pageSize > 0 ? std::optional(pages * pageSize) : std::nullopt;
}

std::optional<int64_t> leftInContainer() {
  constexpr const char *files[][2] = {
      {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"},
      {"/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"}};
  for (const auto &[limit, used] : files)
    if (std::optional<int64_t> most = numberIn(limit))
      return std::max<int64_t>(0, *most - numberIn(used).value_or(0));
  return std::nullopt;
}

} // namespace

int64_t library::availableMemory() {
  return std::min(leftInSystem().value_or(INT64_MAX), leftInContainer().value_or(INT64_MAX));
}

std::string library::bytesText(double bytes) {
  constexpr const char *units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  size_t unit = 0;
  for (; bytes >= 1024 && unit + 1 < std::size(units); ++unit)
    bytes /= 1024;
  return unit == 0 ? fmt::format("{:.0f} bytes", bytes) : fmt::format("{:.1f} {}", bytes, units[unit]);
}
