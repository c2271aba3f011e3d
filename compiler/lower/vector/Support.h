#pragma once

#include "compiler/lower/vector/Code.h"

namespace attn::lower {

/// Calls a function of runtime/kernel/Kernel.h, declaring it in the module on first use.
mlir::ValueRange callSupport(Code &code, llvm::StringRef name, mlir::ValueRange arguments, mlir::TypeRange results);

} // namespace attn::lower
