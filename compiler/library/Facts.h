#pragma once

#include "compiler/library/Compiler.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace attn::library {

/// One load or integer division, as the compiler left it.
struct AccessFact {
  std::string text;  ///< the source
  std::string place; ///< `spec.attn:3:5`
  bool guarded = false; ///< compared with its limit as it runs; else proven right
};

/// How a kernel is cut into tiles.
struct ScheduleFact {
  std::string text; ///< as `CompileRequest::schedule` takes it
  /// Of a row block's strips of `queryBlock` queries there are `strips`, or, where the run isn't known, at most so many.
  int64_t lanes = 0, queryBlock = 0, strips = 1, keyBlock = 0, keyStep = 0, keyRows = 0, featureRows = 0;
  bool featuresInLanes = false, headsTogether = false, onMatrixUnit = false;
  /// The least keys of a part, and the tasks that parts are to bring a run to; 0 where keys are never cut into parts, which `whyWhole` explains.
  int64_t partKeys = 0, tasks = 0;
  std::string whyWhole;

  int64_t rowBlock() const { return queryBlock * strips; }
};

/// A function of reals that is evaluated for every pair of query and key and every value of some coordinates.
struct PairFunction {
  std::string name; ///< `tanh`
  std::vector<std::string> coordinates;
};

/// What the compiler decided for one attention, read off its stages.
struct Facts {
  ScheduleFact schedule;
  std::optional<ScheduleFact> few; ///< of runs of up to `mostFew` queries, where these have a kernel of their own
  int64_t mostFew = 0;
  std::vector<std::string> products; ///< each product of a block of queries, or their weights, with a block of keys, once, however many passes take it
  std::vector<std::string> pairwise; ///< each sum over features, or of rows, that is taken for every pair of query and key instead
  std::vector<std::string> close;    ///< each that is taken only for pairs of a query and a key that are close to each other
  std::vector<PairFunction> functions; ///< each time one is in such a sum
  int64_t passes = 0, descending = 0; ///< over the keys; of those, the ones that take the last keys first
  int64_t searches = 0;               ///< of those passes, the ones that search for the tiles with something visible
  std::vector<AccessFact> accesses;  ///< in source order
};

/// Lowers an attention as far as its tiles. Nothing on failure.
std::optional<Facts> findFacts(const sema::Attention &attention, const CompileRequest &request, CompileReport &report);

/// The same for a run on certain tensors: of the code that is made for it, the schedule that it takes.
std::optional<Facts> findFactsOfRun(const sema::Attention &attention, const reference::Binding &binding, CompileRequest request,
                                    CompileReport &report);

} // namespace attn::library
