#include "compiler/codegen/Object.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

#include <fmt/format.h>

using namespace attn;
using namespace attn::codegen;

/// The support code's assembly, which SupportText.c embeds.
extern "C" const char attn_support_x86_64[];
extern "C" const char attn_support_x86_64_end[];
extern "C" const char attn_support_x86_64_matrix[];
extern "C" const char attn_support_x86_64_matrix_end[];
extern "C" const char attn_support_aarch64[];
extern "C" const char attn_support_aarch64_end[];

namespace {

llvm::Error failure(std::string text) {
  return llvm::createStringError(llvm::Twine(text));
}

/// A file that exists as long as this does.
struct TemporaryFile {
  llvm::SmallString<128> path;
  ~TemporaryFile() {
    if (!path.empty())
      (void)llvm::sys::fs::remove(path);
  }
  llvm::Error create(const char *suffix) {
    if (std::error_code error = llvm::sys::fs::createTemporaryFile("attn", suffix, path))
      return failure("cannot make a temporary file: " + error.message());
    return llvm::Error::success();
  }
};

llvm::Expected<std::string> findLinker(const Target &target) {
  std::string cross = target.machine->getTargetTriple().getArchName().str() + "-linux-gnu-gcc";
  bool isHere = isHostArchitecture(target.info.triple);
  std::vector<std::string> names{cross};
  if (isHere)
    names = {"cc", "clang-22", "clang", "gcc"};
  for (const std::string &name : names)
    if (llvm::ErrorOr<std::string> found = llvm::sys::findProgramByName(name))
      return *found;
  if (!isHere)
    return failure(fmt::format("a shared library for another architecture is linked by its C compiler, `{}`, which is not on PATH: install it "
                               "(Debian's package is gcc-{}-linux-gnu), or write an object with `--emit=obj`",
                               cross, target.machine->getTargetTriple().isX86() ? "x86-64" : "aarch64"));
  return failure("a shared library is linked by the system's C compiler, and there is none (`cc`, `clang` or `gcc`) on "
                 "PATH: install one, or write an object with `--emit=obj`");
}

} // namespace

void codegen::addSupport(llvm::Module &module) {
  bool isX86 = llvm::Triple(module.getTargetTriple()).isX86();
  auto add = [&](const char *begin, const char *end) { module.appendModuleInlineAsm(llvm::StringRef(begin, size_t(end - begin))); };
  if (isX86)
    add(attn_support_x86_64, attn_support_x86_64_end);
  else
    add(attn_support_aarch64, attn_support_aarch64_end);
  if (usesMatrixUnit(module))
    add(attn_support_x86_64_matrix, attn_support_x86_64_matrix_end);
}

llvm::Expected<std::string> codegen::linkSharedLibrary(std::string_view object, const Target &target) {
  llvm::Expected<std::string> linker = findLinker(target);
  if (!linker)
    return linker.takeError();
  TemporaryFile input, output, messages;
  for (auto [file, suffix] : {std::pair(&input, "o"), std::pair(&output, "so"), std::pair(&messages, "txt")})
    if (llvm::Error error = file->create(suffix))
      return error;
  {
    std::error_code error;
    llvm::raw_fd_ostream stream(input.path, error);
    if (!error) {
      stream << object;
      stream.close();
      error = stream.error();
      stream.clear_error();
    }
    if (error)
      return failure(fmt::format("cannot write `{}`: {}", input.path.c_str(), error.message()));
  }
  std::string problem;
  llvm::StringRef arguments[] = {*linker, "-shared", "-o", output.path, input.path};
  std::optional<llvm::StringRef> redirects[] = {llvm::StringRef(), messages.path.str(), messages.path.str()};
  if (llvm::sys::ExecuteAndWait(*linker, arguments, std::nullopt, redirects, 0, 0, &problem) != 0) {
    if (auto said = llvm::MemoryBuffer::getFile(messages.path); said && problem.empty())
      problem = (*said)->getBuffer().rtrim().str();
    return failure(fmt::format("`{}` cannot link the shared library: {}", *linker, problem));
  }
  auto bytes = llvm::MemoryBuffer::getFile(output.path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!bytes)
    return failure("the linked library cannot be read: " + bytes.getError().message());
  return (*bytes)->getBuffer().str();
}
