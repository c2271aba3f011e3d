#pragma once

#include "compiler/lower/math/MathTarget.h"
#include "compiler/lower/vector/Code.h"

#include "dialect/AttnDialect.h"

#include <memory>

namespace attn::lower {

/// A row function with a small mergeable state, as the code of its four operations. One set of vectors has an element per group of queries; a
/// state is several sets one after another. From these four follow the online pass over the keys, its division among threads, and the
/// merging of runs on disjoint keys.
///
/// Scores come in base 2 and in units, one per query: a score of 3e38 times log2(e) is no float, a quarter of it is.
class Normaliser {
public:
  using Vectors = llvm::SmallVector<mlir::Value>;
  virtual ~Normaliser() = default;

  /// The state of a row that has seen nothing.
  virtual Vectors initial() const = 0;

  struct Absorbed {
    Vectors state;
    Vectors rescale; ///< brings what was weighted relative to the old state to the new one
  };
  /// Absorbs `rows` rows of scores, one per key, whose maxima per query are `maximum`. `visitRows` replaces each row of scores by
  /// the row of weights that a function returns, while carrying vectors.
  using Row = llvm::function_ref<Vectors(mlir::ValueRange scores, Vectors &carried)>;
  /// Where `isCareful` is false every unit is 1.
  virtual Absorbed absorb(mlir::ValueRange state, mlir::ValueRange maximum, mlir::ValueRange unit, mlir::Value isCareful,
                          llvm::function_ref<Vectors(Vectors carried, Row row)> visitRows) const = 0;

  struct Combined {
    Vectors state;
    Vectors rescaleLeft, rescaleRight;
  };
  /// The state over both of two disjoint sets of keys, and the factors of their accumulators.
  virtual Combined combine(mlir::ValueRange left, mlir::ValueRange right, mlir::ValueRange unit) const = 0;

  struct Finished {
    Vectors factor;         ///< of the accumulator
    Vectors isEmpty;        ///< i1: the row saw nothing visible
    Vectors logDenominator; ///< natural log; -inf where empty
  };
  virtual Finished finish(mlir::ValueRange state, mlir::ValueRange unit) const = 0;
};

std::unique_ptr<Normaliser> createNormaliser(ir::Normaliser kind, Code &code, mlir::VectorType type, int64_t vectors,
                                             const MathTarget &target);

} // namespace attn::lower
