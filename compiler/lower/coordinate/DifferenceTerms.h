#pragma once

#include "compiler/lower/coordinate/IntegerIntervals.h"

#include <array>
#include <optional>

namespace attn::lower {

/// First and last query, first and last key, inclusive.
struct Tile {
  mlir::Value firstQuery, lastQuery, firstKey, lastKey;
};

/// What a term bounds: i, j, and i - j.
enum Axis { queryAxis, keyAxis, differenceAxis };
inline constexpr size_t axisCount = 3;

/// low <= x <= high; a null end doesn't bound.
struct Range {
  mlir::Value low, high;
};

/// low <= (i + queryOffset) // size - (j + keyOffset) // size <= high, size at least 1.
struct ChunkRange {
  mlir::Value size, queryOffset, keyOffset;
  Range range;
};

/// A conjunction: ranges of i, j, i - j and of a difference of chunks, and conditions on the tile. A tile in which it holds for no pair
/// is found exactly if the conditions are exact.
struct Term {
  std::array<Range, axisCount> ranges;
  std::optional<ChunkRange> chunks;
  llvm::SmallVector<mlir::Value, 4> conditions;
  /// The boolean functions behind the conditions, and whether negated: one and its opposite exclude each other pair by pair.
  llvm::SmallVector<std::pair<mlir::Value, bool>, 4> literals;
};

/// A disjunction; none: false.
using Terms = llvm::SmallVector<Term, 4>;

/// Makes the code that decides terms in one tile. Bounds lie within [-2^33, 2^33], chunk sizes times chunk bounds within 2^61.
class DifferenceCode {
public:
  DifferenceCode(ScalarCode &code, Tile tile) : code(code), tile(tile) {}

  /// Whether wherever `narrow` holds so does `wide`, as far as equal handles tell.
  static bool implies(const Term &narrow, const Term &wide);

  /// left and right; nothing if they are known to exclude each other.
  std::optional<Term> both(const Term &left, const Term &right) const;

  /// Whether the term holds for some pair of the tile.
  mlir::Value mayHold(const Term &term) const;
  mlir::Value mayHold(const Terms &terms) const;

private:
  mlir::Value chunksMeet(const ChunkRange &chunks, std::array<Range, axisCount> box, Range difference) const;

  ScalarCode &code;
  Tile tile;
};

} // namespace attn::lower
