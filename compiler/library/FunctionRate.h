#pragma once

#include "compiler/library/Compiler.h"

#include <memory>
#include <string>

namespace attn::codegen {
class LoadedCode;
}

namespace attn::library {

/// The ceiling of what calls a function for every pair of query and key and every feature: that function over an array that lies in the first level of cache, in the code that a kernel has
/// for it.
class FunctionRate {
public:
  /// `name` as the dialect spells it, `tanh`. Of the request `cpu` is read. Null on failure, for which `report` says why.
  static std::unique_ptr<FunctionRate> compile(const std::string &name, const CompileRequest &request, CompileReport &report);
  ~FunctionRate();

  /// Values per second on `threads` threads, over a burst of about so many milliseconds.
  double measure(unsigned threads, double milliseconds) const;

private:
  explicit FunctionRate(std::unique_ptr<codegen::LoadedCode> code);
  std::unique_ptr<codegen::LoadedCode> code;
};

} // namespace attn::library
