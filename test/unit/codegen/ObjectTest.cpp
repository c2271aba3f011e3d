#include "compiler/codegen/Object.h"

#include "test/unit/Catch.h"
#include "test/unit/codegen/Fixture.h"

#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"

#include <dlfcn.h>
#include <set>
#include <sys/stat.h>
#include <unistd.h>

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

struct Folder {
  std::string path;
  Folder() {
    llvm::SmallString<128> name;
    REQUIRE(!llvm::sys::fs::createUniqueDirectory("attn-object", name));
    path = name.str().str();
  }
  ~Folder() {
    chmod(path.c_str(), 0755);
    llvm::sys::fs::remove_directories(path);
  }
  unsigned fileCount() const {
    unsigned count = 0;
    std::error_code error;
    for (llvm::sys::fs::directory_iterator it(path, error), end; it != end && !error; it.increment(error))
      ++count;
    return count;
  }
};

std::string contents(const std::string &path) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  REQUIRE(bool(buffer));
  return (*buffer)->getBuffer().str();
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
  Folder folder;
  std::string path = folder.path + "/libscaled.so";
  llvm::Error error = linkSharedLibrary(path, test::compileScale("scaled", Optimisation::Quick, true));
  if (error)
    FAIL(llvm::toString(std::move(error)));
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  REQUIRE(library);
  CHECK(dlsym(library, "scaled") != nullptr);
  CHECK(dlsym(library, "attn_launch") == nullptr);
  dlclose(library);
  CHECK(folder.fileCount() == 1);
}

TEST_CASE("a file is written whole and replaces what was there") {
  Folder folder;
  std::string path = folder.path + "/out.o";
  REQUIRE(!writeWhole(path, "first"));
  REQUIRE(!writeWhole(path, "second"));
  CHECK(contents(path) == "second");
  CHECK(folder.fileCount() == 1);
}

TEST_CASE("what cannot be written is an error that names the path and leaves nothing") {
  Folder folder;
  std::string missing = llvm::toString(writeWhole(folder.path + "/none/out.o", "text"));
  CHECK(missing.find("none/out.o") != std::string::npos);
  CHECK(missing.find("No such file or directory") != std::string::npos);
  std::string directory = llvm::toString(writeWhole(folder.path, "text"));
  CHECK(directory.find("is a directory") != std::string::npos);
  std::string full = llvm::toString(writeWhole("/dev/full", std::string(100000, 'x')));
  CHECK(full.find("No space left on device") != std::string::npos);
  CHECK(folder.fileCount() == 0);
}
