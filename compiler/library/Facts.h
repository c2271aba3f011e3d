#pragma once

#include "compiler/library/Compiler.h"

#include <cstdint>
#include <string>
#include <vector>

namespace attn::library {

/// One load or integer division, as the compiler left it.
struct AccessFact {
  std::string text;  ///< the source
  std::string place; ///< `spec.attn:3:5`
  bool guarded = false; ///< compared with its limit as it runs; else proven right
};

/// What the compiler decided for one attention, read off its stages.
struct Facts {
  int64_t lanes = 0, queryBlock = 0, keyBlock = 0, keyStep = 0, keyRows = 0, featureRows = 0;
  std::vector<std::string> products; ///< each dot product that became a matrix product, and what was folded into it
  std::vector<AccessFact> accesses;  ///< in source order
};

/// Lowers an attention as far as its tiles. Nothing on failure.
std::optional<Facts> findFacts(const sema::Attention &attention, const CompileRequest &request, CompileReport &report);

} // namespace attn::library
