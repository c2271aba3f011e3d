#include "compiler/codegen/Jit.h"

#include "compiler/codegen/CpuFeatures.h"

#include "runtime/kernel/Kernel.h"

#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/ExecutionUtils.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/Object/ObjectFile.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"

using namespace attn;
using namespace attn::codegen;

struct LoadedCode::Session {
  std::unique_ptr<llvm::orc::LLJIT> jit;
};

LoadedCode::LoadedCode(std::unique_ptr<Session> session) : session(std::move(session)) {}
LoadedCode::~LoadedCode() = default;

namespace {

/// What generated code calls, found in this process by address: the program need not export its symbols.
llvm::orc::SymbolMap supportSymbols(llvm::orc::LLJIT &jit) {
  llvm::orc::SymbolMap symbols;
  auto add = [&](llvm::StringRef name, auto *function) {
    symbols[jit.mangleAndIntern(name)] = {llvm::orc::ExecutorAddr::fromPtr(function),
                                          llvm::JITSymbolFlags::Exported | llvm::JITSymbolFlags::Callable};
  };
  add("attn_launch", &attn_launch);
  add("attn_fail", &attn_fail);
  add("attn_pack_rows_f32", &attn_pack_rows_f32);
  add("attn_pack_rows_16", &attn_pack_rows_16);
  add("attn_unpack_rows_f32", &attn_unpack_rows_f32);
  add("attn_unpack_rows_bf16", &attn_unpack_rows_bf16);
  add("attn_unpack_rows_f16", &attn_unpack_rows_f16);
  add("attn_table_range_int", &attn_table_range_int);
  add("attn_table_range_float", &attn_table_range_float);
  add("attn_table_holds_int", &attn_table_holds_int);
  add("attn_classify_parts", &attn_classify_parts);
#if defined(__x86_64__)
  add("attn_matrix_begin", &attn_matrix_begin);
  add("attn_matrix_end", &attn_matrix_end);
  add("attn_matrix_split_queries", &attn_matrix_split_queries);
  add("attn_matrix_contract", &attn_matrix_contract);
  add("attn_matrix_accumulate", &attn_matrix_accumulate);
  add("attn_matrix_split_keys", &attn_matrix_split_keys);
  add("attn_matrix_split_values", &attn_matrix_split_values);
  add("attn_matrix_pack_rows", &attn_matrix_pack_rows);
  add("attn_matrix_unpack_rows", &attn_matrix_unpack_rows);
  add("attn_matrix_contract_floats", &attn_matrix_contract_floats);
  add("attn_matrix_accumulate_floats", &attn_matrix_accumulate_floats);
#endif
  return symbols;
}

/// Asks the operating system for the matrix unit if an object's code uses it.
llvm::Error requestMatrixUnit(llvm::StringRef object) {
  auto file = llvm::object::ObjectFile::createObjectFile(llvm::MemoryBufferRef(object, "attn"));
  if (!file)
    return file.takeError();
  bool uses = llvm::any_of((*file)->symbols(), [](const llvm::object::SymbolRef &symbol) {
    llvm::Expected<llvm::StringRef> name = symbol.getName();
    if (name)
      return *name == "attn_matrix_begin";
    llvm::consumeError(name.takeError());
    return false;
  });
  if (uses && !attn_may_use(codegen::matrixFeatures()))
    return llvm::createStringError("the operating system doesn't let this process use the CPU's matrix unit: name a CPU without, such as x86-64-v4");
  return llvm::Error::success();
}

} // namespace

llvm::Expected<std::unique_ptr<LoadedCode>> LoadedCode::load(std::string object) {
  if (llvm::Error error = requestMatrixUnit(object))
    return error;
  llvm::InitializeNativeTarget();
  llvm::orc::LLJITBuilder builder;
  llvm::orc::JITTargetMachineBuilder machine((llvm::Triple(llvm::sys::getProcessTriple())));
  builder.setJITTargetMachineBuilder(std::move(machine));
  builder.setPlatformSetUp(llvm::orc::setUpInactivePlatform);
  builder.setLinkProcessSymbolsByDefault(false);
  auto jit = builder.create();
  if (!jit)
    return jit.takeError();
  llvm::orc::JITDylib &library = (*jit)->getMainJITDylib();
  if (llvm::Error error = library.define(llvm::orc::absoluteSymbols(supportSymbols(**jit))))
    return error;
  auto process = llvm::orc::DynamicLibrarySearchGenerator::GetForCurrentProcess((*jit)->getDataLayout().getGlobalPrefix());
  if (!process)
    return process.takeError();
  library.addGenerator(std::move(*process));
  if (llvm::Error error = (*jit)->addObjectFile(llvm::MemoryBuffer::getMemBufferCopy(object, "attn")))
    return error;
  auto session = std::make_unique<Session>();
  session->jit = std::move(*jit);
  return std::unique_ptr<LoadedCode>(new LoadedCode(std::move(session)));
}

llvm::Expected<KernelEntry> LoadedCode::find(std::string_view symbol) const {
  auto address = session->jit->lookup(llvm::StringRef(symbol.data(), symbol.size()));
  if (!address)
    return address.takeError();
  return address->toPtr<KernelEntry>();
}
