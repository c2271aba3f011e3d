#pragma once

#include "compiler/lower/vector/Code.h"
#include "compiler/lower/vector/RunState.h"
#include "compiler/lower/vector/Sites.h"

#include "dialect/AttnDialect.h"

#include "llvm/ADT/DenseMap.h"

#include <functional>

namespace attn::lower {

/// A function of coordinates at the place being emitted: one scalar where it doesn't vary with the coordinate in lanes, else one vector per
/// group of queries. An integer is `narrow` where its value is known to fit in 32 bits; narrow vectors are of i32.
struct Plain {
  llvm::SmallVector<mlir::Value> parts;
  bool perQuery = false;
  bool narrow = false;
};

/// Whether the index of a read, or of a check of one, lies inside its dimension whatever it is read for, or is looked after by another check.
bool isKnownInside(mlir::Operation *op, int64_t dimension);

/// Emits functions of coordinates at one place: what varies with the coordinate in lanes, queries mostly, as vectors, the rest as scalars. Types
/// decide; nothing is analysed. A value is emitted once per scope, where it is first asked for.
class FunctionEmitter {
public:
  /// The coordinates' values. `key` is null outside the loop over keys.
  struct Place {
    mlir::Value batch, head, group;
    mlir::Value firstQuery; ///< in the first lane, or whatever the coordinate in lanes counts
    mlir::Value lastQuery;  ///< there is: later lanes repeat it
    mlir::Value key;
    mlir::Value firstKey; ///< of the block of keys being visited
    llvm::StringMap<mlir::Value> others; ///< of reductions being emitted
    /// i32, where lanes hold rows of several heads: what head and query each row is of, a vector per group of rows.
    llvm::SmallVector<mlir::Value> heads, queries;
    mlir::Value row; ///< of the row block's tiles, for an emitter that has something else in lanes
  };

  /// `coordinates` tells the extent of a coordinate, for reductions.
  FunctionEmitter(Code &code, RunState &run, Sites &sites, ir::ScheduleAttr schedule, mlir::DictionaryAttr coordinates)
      : code(code), run(run), sites(sites), coordinates(coordinates), lane("i"),
        headsInLanes(schedule.getHeads() == ir::RowHeads::Group), lanes(schedule.getLanes()), vectors(schedule.getVectors()) {}

  /// Another for the same place, with one vector of another coordinate in lanes. Its `place` says where they are; where that is a query by itself,
  /// `place.others` has it.
  FunctionEmitter withLanes(llvm::StringRef coordinate) const;

  /// How an element of a tile is read: its rows and lanes by the coordinates of the emitter that asks.
  using ReadTile = std::function<Plain(FunctionEmitter &, ir::TileFunctionOp)>;
  ReadTile readTile;
  /// How a number is looked up in a table's products.
  std::function<Plain(FunctionEmitter &, ir::TileLookupOp)> lookUp;

  Place place;

  /// Everything `value` needs is emitted at the builder's insertion point unless it already was in this scope or an enclosing one.
  const Plain &emit(mlir::Value value);
  /// A scalar.
  mlir::Value emitScalar(mlir::Value value);
  /// One vector per group of queries, broadcast where the value is uniform.
  llvm::SmallVector<mlir::Value> emitVectors(mlir::Value value);

  /// Reports what an `attn.check` finds wrong; its condition is evaluated only then.
  void emitCheck(ir::CheckOp op);

  /// Where the rows begin that a function takes from memory, for the keys in lanes.
  struct RowAddresses {
    mlir::Value first;       ///< a vector of pointers to the first feature
    mlir::Value areThere;    ///< a vector of i1: the row may be read, and finding it didn't go wrong
    mlir::Value areAdjacent; ///< i1: features lie side by side
  };
  /// Of a read, or a choice of reads, that has `feature` as an index by itself. Reports nothing.
  RowAddresses emitRowAddresses(mlir::Value value, llvm::StringRef feature);

  /// Gives a value from outside: a tile kernel's per-row results, the product in a map.
  void define(mlir::Value value, Plain plain) { values[value] = std::move(plain); }

  /// What is emitted while a scope is open is forgotten when it closes.
  class Scope {
  public:
    explicit Scope(FunctionEmitter &emitter) : emitter(emitter), saved(emitter.values) {}
    ~Scope() { emitter.values = std::move(saved); }

  private:
    FunctionEmitter &emitter;
    llvm::DenseMap<mlir::Value, Plain> saved;
  };

  /// The numbers of a part's lanes, i32.
  mlir::Value laneNumbers(int64_t part);
  mlir::VectorType vectorType(mlir::Type element) const { return mlir::VectorType::get({lanes}, element); }
  /// Whether a function is a vector here.
  bool isInLanes(mlir::Value value) const {
    auto type = mlir::cast<ir::FnType>(value.getType());
    return type.variesWith(lane) || (headsInLanes && type.variesWith("h"));
  }
  llvm::StringRef laneCoordinate() const { return lane; }
  /// The value of a coordinate that isn't in lanes.
  mlir::Value scalarCoordinate(llvm::StringRef name) const;
  /// An integer, or vector of them, in another width; anything else as it is.
  mlir::Value resize(mlir::Value integer, unsigned width);

private:
  /// Where a site sees something wrong in some lane the run fails; or, while addresses are found, `wrongHere` says so.
  void report(int32_t site, mlir::Value wrong, mlir::Value value, mlir::Value limit);
  RowAddresses rowAddresses(mlir::Value value, llvm::StringRef feature);

  Plain emitOperation(mlir::Operation &op);
  Plain emitCoordinate(ir::CoordinateOp op);
  Plain emitConstant(ir::ConstantOp op);
  Plain emitRead(ir::ReadOp op);
  mlir::Value emitSolution(ir::SolveOp op);
  Plain emitUnary(ir::UnaryOp op);
  Plain emitBinary(ir::BinaryOp op);
  Plain emitCompare(ir::CompareOp op);
  std::optional<Plain> compareNarrow(ir::CompareOp op);
  Plain emitConvert(ir::ConvertOp op);
  Plain emitReduce(ir::ReduceOp op);
  /// A choice whose second value is computed only where the condition is false in some lane. Of floats.
  Plain emitMostly(ir::SelectOp op);
  mlir::Value reduceInLanes(ir::ReduceOp op, llvm::StringRef over);
  /// The elements from the first lane's on, where they lie side by side; else what `gather` gives.
  mlir::Value loadAdjacent(ir::ReadOp op, llvm::ArrayRef<Plain> indices, const std::optional<Plain> &where, mlir::Type storage,
                           int64_t part, llvm::function_ref<mlir::Value()> gather);
  void emitInvariant(mlir::Value root, llvm::StringRef coordinate);
  bool canEmitHere(ir::FnType type) const;

  /// Applies `emitPart` to the parts of all operands; scalars are broadcast where the result varies with i. `width` is that of integer
  /// operands' lanes.
  using EmitPart = llvm::function_ref<mlir::Value(llvm::ArrayRef<mlir::Value>)>;
  Plain pointwise(mlir::Operation &op, unsigned width, EmitPart emitPart);
  /// 32 where the operation's operands and result are known to fit, and it runs in lanes; else 64.
  unsigned integerWidth(mlir::Operation &op);

  Code &code;
  RunState &run;
  Sites &sites;
  mlir::DictionaryAttr coordinates;
  std::string lane; ///< the coordinate in lanes
  bool headsInLanes; ///< besides: rows of several heads
  int64_t lanes, vectors;
  llvm::DenseMap<mlir::Value, Plain> values;
  mlir::Value wrongHere; ///< i1 or a vector of them; null where what is wrong is reported
};

} // namespace attn::lower
