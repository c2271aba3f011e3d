#pragma once

#include "compiler/sema/Check.h"
#include "dialect/AttnDialect.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace attn::test {

/// A row-major tensor of ints, bools or floats.
struct Table {
  std::vector<int64_t> shape;
  std::vector<double> values;
};

/// What a mask is evaluated on. Extents and scalars that are not given are 1.
struct MaskData {
  std::map<std::string, int64_t> extents;
  std::map<std::string, double> scalars;
  std::map<std::string, Table> tables;
};

/// Inclusive.
struct MaskTile {
  int64_t firstQuery, lastQuery, firstKey, lastKey;
};

/// Whether a tile holds visible and invisible pairs; both, where a pair ends the run.
struct Classified {
  bool mayBeVisible, mayBeInvisible;
  bool bothKnown = false; ///< what code says of a tile that may hold both
  friend bool operator==(const Classified &a, const Classified &b) {
    return a.mayBeVisible == b.mayBeVisible && a.mayBeInvisible == b.mayBeInvisible;
  }
};

/// The mask of an attention, evaluated by definition and by its `attn.classify`.
class ClassifiedMask {
public:
  /// `lines` go into an attention over layout mha.
  explicit ClassifiedMask(const std::string &lines);

  /// What the compiler says to these lines; empty where they have no mistakes, as everything below needs.
  const std::string &mistakes() const { return said; }

  MaskData data;
  int64_t batch = 0, head = 0;

  /// By the checked program, lazily; nothing where a pair ends the run.
  std::optional<bool> isVisible(int64_t query, int64_t key) const;
  /// By evaluating every pair.
  Classified byPairs(MaskTile tile) const;
  /// By interpreting the code that the pass made; `byPairs` of a mask that got none because it is always true.
  Classified byCode(MaskTile tile) const;
  /// How many operations that code has.
  size_t codeSize() const;
  std::string codeText() const;

private:
  ir::ClassifyOp classifier() const;

  SourceManager sources;
  std::string said;
  std::optional<sema::Program> program;
  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

} // namespace attn::test
