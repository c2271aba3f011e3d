#include "compiler/codegen/Description.h"

#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Object/ObjectFile.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/TargetParser/Host.h"

using namespace attn;
using namespace attn::codegen;

static constexpr const char *sectionName = ".attn.kernels";

void codegen::addDescription(llvm::Module &module, std::string_view text) {
  std::string code = ".pushsection .attn.kernels,\"\",@progbits\n.ascii \"";
  for (char letter : text) {
    auto byte = uint8_t(letter);
    code += '\\';
    for (int shift : {6, 3, 0})
      code += char('0' + (byte >> shift & 7));
  }
  module.appendModuleInlineAsm(code + "\"\n.popsection\n");
}

llvm::Expected<Description> codegen::readDescription(llvm::StringRef bytes) {
  auto failure = [](const llvm::Twine &text) { return llvm::createStringError(text); };
  llvm::Expected<std::unique_ptr<llvm::object::ObjectFile>> file =
      llvm::object::ObjectFile::createELFObjectFile(llvm::MemoryBufferRef(bytes, "object"));
  if (!file)
    return failure("is no ELF object: " + llvm::toString(file.takeError()));
  auto *elf = llvm::dyn_cast<llvm::object::ELFObjectFileBase>(file->get());
  if (!elf || (elf->getEType() != llvm::ELF::ET_REL && elf->getEType() != llvm::ELF::ET_DYN))
    return failure("is neither an object nor a shared library");
  llvm::Triple host(llvm::sys::getProcessTriple());
  if (elf->getArch() != host.getArch())
    return failure("holds code for " + llvm::Triple::getArchTypeName(elf->getArch()) + ", and this machine is " +
                   host.getArchName());
  Description found{elf->getEType() == llvm::ELF::ET_REL ? ObjectForm::Relocatable : ObjectForm::Shared, ""};
  bool isThere = false;
  for (const llvm::object::SectionRef &section : elf->sections()) {
    llvm::Expected<llvm::StringRef> name = section.getName();
    if (!name)
      return failure("is a damaged object: " + llvm::toString(name.takeError()));
    if (*name != sectionName)
      continue;
    llvm::Expected<llvm::StringRef> text = section.getContents();
    if (!text)
      return failure("is a damaged object: " + llvm::toString(text.takeError()));
    found.text += *text;
    isThere = true;
  }
  if (!isThere)
    return failure("was not written by attnc: it has no section " + llvm::Twine(sectionName));
  return found;
}
