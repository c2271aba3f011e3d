#include "compiler/codegen/Object.h"

#include "test/unit/Catch.h"
#include "test/unit/codegen/Fixture.h"

#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/FileSystem.h"

#include <dlfcn.h>
#include <fstream>
#include <set>

using namespace attn;
using namespace attn::codegen;

namespace {

struct Symbols {
  std::set<std::string> exported, needed;
};

Symbols symbolsOf(const std::string &object) {
  Symbols symbols;
  auto file = llvm::object::ObjectFile::createELFObjectFile(llvm::MemoryBufferRef(object, "kernel.o"));
  REQUIRE(bool(file));
  for (const llvm::object::SymbolRef &symbol : (*file)->symbols()) {
    uint32_t flags = *symbol.getFlags();
    std::string name = symbol.getName()->str();
    if (flags & llvm::object::BasicSymbolRef::SF_Undefined)
      symbols.needed.insert(name);
    else if (flags & llvm::object::BasicSymbolRef::SF_Global)
      symbols.exported.insert(name);
  }
  return symbols;
}

} // namespace

TEST_CASE("an object exports its kernel and nothing else") {
  Symbols symbols = symbolsOf(test::compileScale("scaled", Optimisation::Quick, true));
  CHECK(symbols.exported == std::set<std::string>{"scaled"});
}

TEST_CASE("an object needs nothing but libc") {
  Symbols symbols = symbolsOf(test::compileScale("scaled", Optimisation::Quick, true));
  symbols.needed.erase("");
  std::set<std::string> libc{"aligned_alloc", "malloc", "calloc", "free", "memcpy", "memset", "memmove", "memcmp",
                             "strlen", "strchr", "strcmp", "snprintf", "vsnprintf", "fmod", "_GLOBAL_OFFSET_TABLE_"};
  for (const std::string &name : symbols.needed) {
    INFO(name);
    CHECK(libc.count(name) == 1);
  }
}

TEST_CASE("a shared library holds a callable kernel") {
  llvm::Expected<Target> host = createTarget({}, Optimisation::Quick);
  REQUIRE(bool(host));
  llvm::Expected<std::string> linked = linkSharedLibrary(test::compileScale("scaled", Optimisation::Quick, true), *host);
  if (!linked)
    FAIL(llvm::toString(linked.takeError()));
  llvm::SmallString<128> path;
  REQUIRE(!llvm::sys::fs::createTemporaryFile("attn-scaled", "so", path));
  std::ofstream(path.c_str(), std::ios::binary) << *linked;
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  REQUIRE(library);
  CHECK(dlsym(library, "scaled") != nullptr);
  CHECK(dlsym(library, "attn_launch") == nullptr);
  dlclose(library);
  llvm::sys::fs::remove(path);
}
