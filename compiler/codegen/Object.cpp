#include "compiler/codegen/Object.h"

#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/IR/GlobalValue.h"
#include "llvm/Linker/Linker.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/Transforms/IPO/GlobalDCE.h"
#include "llvm/Transforms/IPO/Internalize.h"

#include <fmt/format.h>

#include <set>

using namespace attn;
using namespace attn::codegen;

/// The support code's bitcode, which SupportBitcode.c embeds.
extern "C" const char attn_support_bitcode[];
extern "C" const char attn_support_bitcode_end[];

namespace {

llvm::Error failure(std::string text) {
  return llvm::createStringError(llvm::Twine(text));
}

/// A file beside `path` that is renamed to it when it is complete, and removed otherwise.
class PendingFile {
public:
  explicit PendingFile(std::string path) : path(std::move(path)) {}
  ~PendingFile() {
    if (!temporary.empty())
      (void)llvm::sys::fs::remove(temporary);
  }
  PendingFile(const PendingFile &) = delete;
  PendingFile &operator=(const PendingFile &) = delete;

  llvm::Error open(int &descriptor) {
    if (llvm::sys::fs::is_directory(path))
      return failure(fmt::format("cannot write `{}`: it is a directory", path));
    llvm::SmallString<128> name;
    if (std::error_code error = llvm::sys::fs::createUniqueFile(path + ".%%%%%%%%.tmp", descriptor, name))
      return failure(fmt::format("cannot write `{}`: {}", path, error.message()));
    temporary = name.str().str();
    return llvm::Error::success();
  }
  llvm::Error commit() {
    if (std::error_code error = llvm::sys::fs::rename(temporary, path))
      return failure(fmt::format("cannot write `{}`: {}", path, error.message()));
    temporary.clear();
    return llvm::Error::success();
  }
  const std::string &temporaryPath() const { return temporary; }

private:
  std::string path;
  std::string temporary;
};

} // namespace

llvm::Error codegen::linkSupport(llvm::Module &module, const std::vector<KernelSource> &kernels) {
  llvm::StringRef bitcode(attn_support_bitcode, size_t(attn_support_bitcode_end - attn_support_bitcode));
  auto support = llvm::getOwningLazyBitcodeModule(
      llvm::MemoryBuffer::getMemBuffer(bitcode, "support", /*RequiresNullTerminator=*/false), module.getContext());
  if (!support)
    return support.takeError();
  (*support)->setTargetTriple(module.getTargetTriple());
  (*support)->setDataLayout(module.getDataLayout());
  if (llvm::Linker::linkModules(module, std::move(*support), llvm::Linker::LinkOnlyNeeded))
    return failure("the support code cannot be linked into the module");
  std::set<std::string> exported;
  for (const KernelSource &kernel : kernels)
    exported.insert(kernel.symbol);
  llvm::internalizeModule(
      module, [&](const llvm::GlobalValue &value) { return exported.count(value.getName().str()) != 0; });
  llvm::ModuleAnalysisManager analyses;
  llvm::GlobalDCEPass().run(module, analyses);
  return llvm::Error::success();
}

llvm::Error codegen::writeWhole(const std::string &path, std::string_view bytes) {
  // A device or pipe (`/dev/stdout`, `/dev/null`) is written in place: there is nothing to rename over.
  llvm::sys::fs::file_status status;
  if (!llvm::sys::fs::status(path, status) && llvm::sys::fs::exists(status) &&
      status.type() != llvm::sys::fs::file_type::regular_file &&
      status.type() != llvm::sys::fs::file_type::directory_file) {
    std::error_code error;
    llvm::raw_fd_ostream stream(path, error);
    if (!error) {
      stream << bytes;
      stream.flush();
      error = stream.error();
      stream.clear_error();
    }
    return error ? failure(fmt::format("cannot write `{}`: {}", path, error.message())) : llvm::Error::success();
  }
  PendingFile file(path);
  int descriptor = -1;
  if (llvm::Error error = file.open(descriptor))
    return error;
  llvm::raw_fd_ostream stream(descriptor, /*shouldClose=*/true);
  stream << bytes;
  stream.close();
  if (std::error_code error = stream.error()) {
    stream.clear_error();
    return failure(fmt::format("cannot write `{}`: {}", path, error.message()));
  }
  return file.commit();
}

llvm::Error codegen::linkSharedLibrary(const std::string &path, std::string_view object) {
  llvm::ErrorOr<std::string> linker = llvm::sys::findProgramByName("cc");
  for (const char *name : {"clang-22", "clang", "gcc"})
    if (!linker)
      linker = llvm::sys::findProgramByName(name);
  if (!linker)
    return failure("a shared library is linked by the system's C compiler, and there is none (`cc`, `clang` or `gcc`) on "
                   "PATH: install one, or write an object with `--emit=obj`");
  llvm::SmallString<128> input, messages;
  if (std::error_code error = llvm::sys::fs::createTemporaryFile("attn", "o", input))
    return failure("cannot write a temporary file: " + error.message());
  if (std::error_code error = llvm::sys::fs::createTemporaryFile("attn", "txt", messages))
    return failure("cannot write a temporary file: " + error.message());
  auto cleanUp = [&] {
    (void)llvm::sys::fs::remove(input);
    (void)llvm::sys::fs::remove(messages);
  };
  PendingFile output(path);
  int descriptor = -1;
  llvm::Error failed = writeWhole(input.str().str(), object);
  if (!failed)
    failed = output.open(descriptor);
  if (!failed) {
    llvm::sys::fs::file_t file = llvm::sys::fs::convertFDToNativeFile(descriptor);
    (void)llvm::sys::fs::closeFile(file);
    std::string temporary = output.temporaryPath();
    std::string problem;
    llvm::StringRef arguments[] = {*linker, "-shared", "-o", temporary, input};
    std::optional<llvm::StringRef> redirects[] = {llvm::StringRef(), llvm::StringRef(messages), llvm::StringRef(messages)};
    int status = llvm::sys::ExecuteAndWait(*linker, arguments, std::nullopt, redirects, 0, 0, &problem);
    if (status != 0) {
      if (auto said = llvm::MemoryBuffer::getFile(messages); said && problem.empty())
        problem = (*said)->getBuffer().rtrim().str();
      failed = failure(fmt::format("cannot link `{}`: `{}` failed: {}", path, *linker, problem));
    } else {
      (void)llvm::sys::fs::setPermissions(temporary, llvm::sys::fs::all_read | llvm::sys::fs::owner_write |
                                                         llvm::sys::fs::all_exe);
      failed = output.commit();
    }
  }
  cleanUp();
  return failed;
}
