#pragma once

#include "compiler/lower/vector/Code.h"
#include "compiler/lower/vector/RunState.h"
#include "compiler/lower/vector/Sites.h"

#include "dialect/AttnDialect.h"

#include "llvm/ADT/DenseMap.h"

namespace attn::lower {

/// A function of coordinates at the place being emitted: one scalar where it doesn't vary with i, else one vector per group of queries. An
/// integer is `narrow` where its value is known to fit in 32 bits; narrow vectors are of i32.
struct Plain {
  llvm::SmallVector<mlir::Value> parts;
  bool perQuery = false;
  bool narrow = false;
};

/// Emits functions of coordinates for one row block: what doesn't vary with i as scalars, the rest with queries in lanes. Types decide;
/// nothing is analysed. A value is emitted once per scope, where it is first asked for.
class FunctionEmitter {
public:
  /// The coordinates' values. `key` is null outside the loop over keys.
  struct Place {
    mlir::Value batch, head, group;
    mlir::Value firstQuery; ///< of the row block
    mlir::Value lastQuery;  ///< of the tensor: later lanes repeat it
    mlir::Value key;
    llvm::StringMap<mlir::Value> others; ///< of reductions being emitted
  };

  /// `coordinates` tells the extent of a coordinate, for reductions.
  FunctionEmitter(Code &code, RunState &run, Sites &sites, ir::ScheduleAttr schedule, mlir::DictionaryAttr coordinates)
      : code(code), run(run), sites(sites), coordinates(coordinates), lanes(schedule.getLanes()), vectors(schedule.getVectors()) {}

  Place place;

  /// Everything `value` needs is emitted at the builder's insertion point unless it already was in this scope or an enclosing one.
  const Plain &emit(mlir::Value value);
  /// A scalar.
  mlir::Value emitScalar(mlir::Value value);
  /// One vector per group of queries, broadcast where the value is uniform.
  llvm::SmallVector<mlir::Value> emitVectors(mlir::Value value);

  /// Reports what an `attn.check` finds wrong; its condition is evaluated only then.
  void emitCheck(ir::CheckOp op);

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

  mlir::VectorType vectorType(mlir::Type element) const { return mlir::VectorType::get({lanes}, element); }

private:
  Plain emitOperation(mlir::Operation &op);
  Plain emitCoordinate(ir::CoordinateOp op);
  Plain emitConstant(ir::ConstantOp op);
  Plain emitRead(ir::ReadOp op);
  Plain emitUnary(ir::UnaryOp op);
  Plain emitBinary(ir::BinaryOp op);
  Plain emitCompare(ir::CompareOp op);
  std::optional<Plain> compareNarrow(ir::CompareOp op);
  Plain emitConvert(ir::ConvertOp op);
  Plain emitReduce(ir::ReduceOp op);
  void emitInvariant(mlir::Value root, llvm::StringRef coordinate);
  bool canEmitHere(ir::FnType type) const;

  /// Applies `emitPart` to the parts of all operands; scalars are broadcast where the result varies with i. `width` is that of integer
  /// operands' lanes.
  using EmitPart = llvm::function_ref<mlir::Value(llvm::ArrayRef<mlir::Value>)>;
  Plain pointwise(mlir::Operation &op, unsigned width, EmitPart emitPart);
  /// 32 where the operation's operands and result are known to fit, and it runs in lanes; else 64.
  unsigned integerWidth(mlir::Operation &op);
  mlir::Value resize(mlir::Value integer, unsigned width);

  Code &code;
  RunState &run;
  Sites &sites;
  mlir::DictionaryAttr coordinates;
  int64_t lanes, vectors;
  llvm::DenseMap<mlir::Value, Plain> values;
};

} // namespace attn::lower
