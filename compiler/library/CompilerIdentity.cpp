#include "compiler/library/KernelCache.h"

#include "llvm/ADT/StringExtras.h"

#include <fmt/format.h>

#include <cstring>
#include <elf.h>
#include <link.h>

using namespace attn;
using namespace attn::library;

namespace {

/// The build identifier among the notes of a segment; empty if there is none.
std::string_view buildId(const char *notes, size_t size) {
  const char *end = notes + size;
  while (size_t(end - notes) >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) note;
    std::memcpy(&note, notes, sizeof(note));
    const char *name = notes + sizeof(note), *value = name + (note.n_namesz + 3) / 4 * 4;
    const char *next = value + (note.n_descsz + 3) / 4 * 4;
    if (next > end)
      break;
    if (note.n_type == NT_GNU_BUILD_ID && std::string_view(name, note.n_namesz) == std::string_view("GNU", 4))
      return {value, note.n_descsz};
    notes = next;
  }
  return {};
}

struct Search {
  uintptr_t own;        ///< an address of the compiler's code
  std::string identity; ///< of everything found
  std::string lacking;  ///< what has no identifier
};

int visit(dl_phdr_info *object, size_t, void *argument) {
  auto &search = *static_cast<Search *>(argument);
  std::string_view name(object->dlpi_name), id;
  bool isOurs = false;
  for (int n = 0; n < object->dlpi_phnum; ++n) {
    const ElfW(Phdr) &header = object->dlpi_phdr[n];
    uintptr_t begin = object->dlpi_addr + header.p_vaddr;
    if (header.p_type == PT_LOAD)
      isOurs |= search.own - begin < header.p_memsz;
    if (header.p_type == PT_NOTE && id.empty())
      id = buildId(reinterpret_cast<const char *>(begin), header.p_memsz);
  }
  if (!isOurs && name.find("libLLVM") == std::string_view::npos && name.find("libMLIR") == std::string_view::npos)
    return 0;
  if (id.empty())
    search.lacking = isOurs ? "this program" : std::string(name);
  search.identity += llvm::toHex(llvm::StringRef(id.data(), id.size()), /*LowerCase=*/true) + " ";
  return 0;
}

} // namespace

Result<std::string> library::compilerIdentity() {
  Search search{reinterpret_cast<uintptr_t>(&visit), "", ""};
  dl_iterate_phdr(visit, &search);
  if (!search.lacking.empty())
    return Failure{fmt::format("{} was linked without a build identifier (`-Wl,--build-id`)", search.lacking)};
  return search.identity;
}
