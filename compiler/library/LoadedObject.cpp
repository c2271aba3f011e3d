#include "compiler/library/LoadedObject.h"

#include "compiler/codegen/Description.h"
#include "compiler/codegen/Jit.h"

#include "llvm/Support/MemoryBuffer.h"

#include <fmt/format.h>

#include <cstdlib>
#include <dlfcn.h>

using namespace attn;
using namespace attn::library;

struct LoadedObject::Code {
  std::unique_ptr<codegen::LoadedCode> relocatable;
  void *shared = nullptr;
  ~Code() {
    if (shared)
      dlclose(shared);
  }
};

LoadedObject::LoadedObject() : code(std::make_unique<Code>()) {}
LoadedObject::~LoadedObject() = default;

Result<std::shared_ptr<const LoadedObject>> LoadedObject::open(const std::string &path) {
  auto failure = [&](const std::string &why) { return Failure{fmt::format("`{}` {}", path, why)}; };
  auto file = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!file)
    return Failure{fmt::format("cannot read `{}`: {}", path, file.getError().message())};
  llvm::Expected<codegen::Description> description = codegen::readDescription((*file)->getBuffer());
  if (!description)
    return failure(llvm::toString(description.takeError()));
  Result<std::vector<KernelSignature>> signatures = readDescriptions(description->text);
  if (!signatures)
    return failure("is damaged: " + signatures.message());

  std::shared_ptr<LoadedObject> object(new LoadedObject);
  object->signatures = *std::move(signatures);
  if (description->form == codegen::ObjectForm::Relocatable) {
    auto loaded = codegen::LoadedCode::load((*file)->getBuffer().str());
    if (!loaded)
      return failure("cannot be loaded: " + llvm::toString(loaded.takeError()));
    object->code->relocatable = std::move(*loaded);
  } else {
    std::unique_ptr<char, decltype(&std::free)> real(realpath(path.c_str(), nullptr), &std::free);
    object->code->shared = dlopen(real ? real.get() : path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!object->code->shared)
      return failure(fmt::format("cannot be loaded: {}", dlerror()));
  }
  for (const KernelSignature &kernel : object->signatures) {
    Entry entry = nullptr;
    if (object->code->relocatable) {
      auto found = object->code->relocatable->find(kernel.symbol);
      if (!found)
        return failure("cannot be loaded: " + llvm::toString(found.takeError()));
      entry = *found;
    } else {
      entry = reinterpret_cast<Entry>(dlsym(object->code->shared, kernel.symbol.c_str()));
    }
    if (!entry)
      return failure(fmt::format("is damaged: it lacks the kernel `{}` that its description names", kernel.name));
    object->entries.push_back(entry);
  }
  return std::shared_ptr<const LoadedObject>(std::move(object));
}
