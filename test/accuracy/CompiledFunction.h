#pragma once

#include "compiler/lower/math/MathTarget.h"

#include "llvm/Support/Error.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace llvm::orc {
class LLJIT;
}

namespace attn::test {

/// One way of compiling: what the expansion is told about the machine, and the CPU that LLVM compiles for.
struct Machine {
  std::string name;
  std::string cpu;
  lower::MathTarget target;
  unsigned vectorBits;
};

/// A function of reals to be compiled, as text: `math.exp %x : TYPE` with TYPE for the vector type, ITYPE for integers
/// of the same shape. `%x` and `%y` are its operands. `math.exp2` becomes buildSoftmaxExp2 where `softmax` is set.
struct FunctionSource {
  std::string operation;
  bool isDouble = false;
  std::string shape; ///< `16x`, `2x4x`, or empty for a scalar
  unsigned lanes = 16;
  unsigned integerWidth = 0; ///< of %y; 0: it is a real
  bool softmax = false;
};

/// Machine code that applies a function to arrays.
class CompiledFunction {
public:
  /// out[n] = f(x[n], y[n]) for n < count, a multiple of the lanes; arrays are aligned to 64 bytes.
  using Code = void (*)(const void *x, const void *y, void *out, int64_t count);

  static llvm::Expected<CompiledFunction> compile(const FunctionSource &source, const Machine &machine);
  CompiledFunction(CompiledFunction &&);
  ~CompiledFunction();

  void operator()(const void *x, const void *y, void *out, int64_t count) const { code(x, y, out, count); }

  /// Names that the machine code would have to be linked with; a call of the C library shows up here.
  std::vector<std::string> undefinedSymbols;
  unsigned operationCount = 0; ///< operations of the expansion, without constants

private:
  CompiledFunction();
  std::unique_ptr<llvm::orc::LLJIT> jit;
  Code code = nullptr;
};

} // namespace attn::test
