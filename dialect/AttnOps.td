#ifndef ATTN_OPS
#define ATTN_OPS

include "dialect/AttnTypes.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class AttnOp<string mnemonic, list<Trait> traits = []> : Op<AttnDialect, mnemonic, traits>;

/// A value whose coordinates are those of its operands together.
class PointwiseOp<string mnemonic, list<Trait> traits = []> : AttnOp<mnemonic, !listconcat([Pure], traits)> {
  let hasVerifier = 1;
}

//===-- Coordinate level ----------------------------------------------------------------------------------------===//

def KernelOp : AttnOp<"kernel", [IsolatedFromAbove, Symbol, SingleBlock, NoTerminator]> {
  let summary = "an attention as a graph of functions of coordinates";
  let description = [{
    `coordinates` maps each coordinate to the number of its extent; `extents` lists the value of every extent the compiler knows, by
    number, -1 where only the run knows; `batch_extents` those that differ from batch to batch. The body is straight-line SSA; `attn.output` operations say what is computed.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, DictionaryAttr:$coordinates, OptionalAttr<DenseI64ArrayAttr>:$extents,
                       OptionalAttr<DenseI64ArrayAttr>:$batch_extents);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $sym_name `coordinates` $coordinates (`extents` $extents^)? (`per` `batch` $batch_extents^)? attr-dict-with-keyword $body
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Number of the extent a coordinate runs over; -1 if it has none.
    int64_t extentOf(::llvm::StringRef coordinate);
    /// The value of an extent, if the compiler knows it.
    ::std::optional<int64_t> fixedExtent(int64_t number);
    /// Whether an extent differs from batch to batch.
    bool variesWithBatch(int64_t number);
  }];
}

def ConstantOp : AttnOp<"constant", [Pure, ConstantLike]> {
  let summary = "a constant function";
  let arguments = (ins TypedAttrInterface:$value);
  let results = (outs AnyFn:$result);
  let assemblyFormat = "$value attr-dict `:` type($result)";
  let hasFolder = 1;
  let hasVerifier = 1;
}

def CoordinateOp : AttnOp<"coordinate", [Pure]> {
  let summary = "the value of a coordinate";
  let arguments = (ins StrAttr:$name);
  let results = (outs IntFn:$result);
  let assemblyFormat = "$name attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def ExtentOp : AttnOp<"extent", [Pure]> {
  let summary = "the value of an extent";
  let description = [{
    `index` is its number in the checked program; `fixed` its value where it is known to the compiler. It varies with b just if the kernel says so.
  }];
  let arguments = (ins StrAttr:$name, I64Attr:$index, OptionalAttr<I64Attr>:$fixed);
  let results = (outs IntFn:$result);
  let assemblyFormat = "$name $index (`fixed` $fixed^)? attr-dict `:` type($result)";
  let hasFolder = 1;
}

def ScalarOp : AttnOp<"scalar", [Pure]> {
  let summary = "the value of a scalar argument";
  let arguments = (ins StrAttr:$name, I64Attr:$index);
  let results = (outs AnyFn:$result);
  let assemblyFormat = "$name $index attr-dict `:` type($result)";
}

def TensorOp : AttnOp<"tensor", [Pure]> {
  let summary = "a tensor argument";
  let description = [{
    `index` is its number among the kernel's tensors, inputs before outputs. `sizes` gives its dimensions as functions of the extents, symbol n
    being extent n.
  }];
  let arguments = (ins StrAttr:$name, I64Attr:$index, AffineMapAttr:$sizes);
  let results = (outs TensorHandleType:$result);
  let assemblyFormat = "$name $index `sizes` $sizes attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def ReadOp : AttnOp<"read", [Pure, AttrSizedOperandSegments]> {
  let summary = "an element of a tensor at computed indices, widened to the type computed in";
  let description = [{
    Without `unchecked` every index is compared with its dimension where `where` is true (everywhere, if there is no
    `where`), and a wrong one ends the run with an error; memory is never read there. With `unchecked` every index is known to be
    inside. `where` is the condition under which the language's lazy evaluation would load at all; elsewhere the result is 0. `safe` reads
    give 0 where an index is outside and report nothing: an `attn.check` does where it counts.
  }];
  let arguments = (ins TensorHandleType:$tensor, Variadic<IntFn>:$indices, Optional<BoolFn>:$where,
                       UnitAttr:$unchecked, OptionalAttr<StrAttr>:$text, UnitAttr:$safe);
  let results = (outs AnyFn:$result);
  let assemblyFormat = [{
    $tensor `[` $indices `]` (`where` $where^)? (`unchecked` $unchecked^)? (`safe` $safe^)? attr-dict `:`
    functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def UnaryOp : PointwiseOp<"unary"> {
  let summary = "a function of one value";
  let arguments = (ins UnaryKindAttr:$kind, AnyFn:$operand);
  let results = (outs AnyFn:$result);
  let assemblyFormat = "$kind $operand attr-dict `:` type($operand) `->` type($result)";
  let hasFolder = 1;
}

def BinaryOp : PointwiseOp<"binary"> {
  let summary = "a function of two values";
  let description = [{
    Integer `floor_divide` and `modulo` end the run with an error where the divisor is 0 and `where` is true (everywhere, if there is
    no `where`), unless `unchecked`. Where the divisor is 0 and nothing counts, the result is 0 or the dividend. `safe` divisions report
    nothing: an `attn.check` does where it counts.
  }];
  let arguments = (ins BinaryKindAttr:$kind, AnyFn:$lhs, AnyFn:$rhs, Optional<BoolFn>:$where, UnitAttr:$unchecked,
                       OptionalAttr<StrAttr>:$text, UnitAttr:$safe);
  let results = (outs AnyFn:$result);
  let assemblyFormat = [{
    $kind $lhs `,` $rhs (`where` $where^)? (`unchecked` $unchecked^)? (`safe` $safe^)? attr-dict `:`
    functional-type(operands, results)
  }];
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def CompareOp : PointwiseOp<"compare"> {
  let summary = "a comparison";
  let arguments = (ins CompareKindAttr:$kind, AnyFn:$lhs, AnyFn:$rhs);
  let results = (outs BoolFn:$result);
  let assemblyFormat = "$kind $lhs `,` $rhs attr-dict `:` type($lhs) `,` type($rhs) `->` type($result)";
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def AndOp : PointwiseOp<"and"> {
  let summary = "both; the right side counts only where the left is true";
  let arguments = (ins BoolFn:$lhs, BoolFn:$rhs);
  let results = (outs BoolFn:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($lhs) `,` type($rhs) `->` type($result)";
  let hasFolder = 1;
}

def OrOp : PointwiseOp<"or"> {
  let summary = "either; the right side counts only where the left is false";
  let arguments = (ins BoolFn:$lhs, BoolFn:$rhs);
  let results = (outs BoolFn:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($lhs) `,` type($rhs) `->` type($result)";
  let hasFolder = 1;
}

def NotOp : PointwiseOp<"not"> {
  let summary = "the opposite";
  let arguments = (ins BoolFn:$operand);
  let results = (outs BoolFn:$result);
  let assemblyFormat = "$operand attr-dict `:` type($operand) `->` type($result)";
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def SelectOp : PointwiseOp<"select"> {
  let summary = "one of two values; only the chosen one counts";
  let arguments = (ins BoolFn:$condition, AnyFn:$ifTrue, AnyFn:$ifFalse);
  let results = (outs AnyFn:$result);
  let assemblyFormat = [{
    $condition `,` $ifTrue `,` $ifFalse attr-dict `:` functional-type(operands, results)
  }];
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def ConvertOp : PointwiseOp<"convert"> {
  let summary = "a value in another type; float to int truncates and saturates, NaN is 0";
  let arguments = (ins AnyFn:$operand);
  let results = (outs AnyFn:$result);
  let assemblyFormat = "$operand attr-dict `:` type($operand) `->` type($result)";
  let hasFolder = 1;
}

def RebaseOp : AttnOp<"rebase", [Pure]> {
  let summary = "a function read at other coordinates";
  let description = "Each of `coordinates` takes the value of the operand beside it; these are evaluated outside, all at once.";
  let arguments = (ins AnyFn:$operand, StrArrayAttr:$coordinates, Variadic<IntFn>:$values);
  let results = (outs AnyFn:$result);
  let assemblyFormat = "$operand $coordinates `at` `(` $values `)` attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def ReduceOp : AttnOp<"reduce", [Pure]> {
  let summary = "a reduction over coordinates; over j it runs over the keys where `where` is true";
  let arguments = (ins ReductionKindAttr:$kind, StrArrayAttr:$over, AnyFn:$operand, Optional<BoolFn>:$where);
  let results = (outs AnyFn:$result);
  let assemblyFormat = "$kind $over $operand (`where` $where^)? attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def DotOp : AttnOp<"dot", [Pure]> {
  let summary = "the sum of products over coordinates, times `scale` if given";
  let description = "`scale` doesn't vary with what is summed nor with j: it is applied to the query once.";
  let arguments = (ins StrArrayAttr:$over, AnyFn:$lhs, AnyFn:$rhs, Optional<AnyFn>:$scale);
  let results = (outs AnyFn:$result);
  let assemblyFormat = "$over $lhs `,` $rhs (`scale` $scale^)? attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def SoftmaxOp : AttnOp<"softmax", [Pure]> {
  let summary = "softmax of a score over the visible keys of a row";
  let arguments = (ins AnyFn:$score, BoolFn:$mask);
  let results = (outs AnyFn:$result);
  let assemblyFormat = "$score `where` $mask attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def LogSumExpOp : AttnOp<"log_sum_exp", [Pure]> {
  let summary = "natural log of the denominator of the softmax of the same score and mask";
  let arguments = (ins AnyFn:$score, BoolFn:$mask);
  let results = (outs AnyFn:$result);
  let assemblyFormat = "$score `where` $mask attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def OnlineOp : AttnOp<"online", [Pure]> {
  let summary = "one pass over the keys: a normaliser absorbs the score and values are summed with its weights";
  let description = [{
    What a weighted sum with a mergeable normaliser becomes: `values` is the sum over j of weight times value, `log_denominator` the
    normaliser's log-sum-exp. Neither needs more than one pass over the keys, in any order, in any number of parts.
  }];
  let arguments = (ins NormaliserAttr:$normaliser, AnyFn:$score, BoolFn:$mask, AnyFn:$value);
  let results = (outs AnyFn:$values, AnyFn:$log_denominator);
  let assemblyFormat = [{
    $normaliser `score` $score `mask` $mask `value` $value attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def WeightedSumOp : AttnOp<"weighted_sum", [Pure]> {
  let summary = "the sum over the visible keys of weight times value";
  let description = "The weight is a function of queries and keys; the value brings a feature. One pass over the keys, nothing else carried.";
  let arguments = (ins AnyFn:$weight, BoolFn:$mask, AnyFn:$value);
  let results = (outs AnyFn:$result);
  let assemblyFormat = "$weight `mask` $mask `value` $value attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def SumAfterOp : AttnOp<"sum_after", [Pure]> {
  let summary = "the sum over the visible keys after this one";
  let arguments = (ins AnyFn:$operand, BoolFn:$mask);
  let results = (outs AnyFn:$result);
  let assemblyFormat = "$operand `where` $mask attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def ThresholdOp : AttnOp<"threshold", [Pure]> {
  let summary = "the threshold above which a sparse row function is positive";
  let description = [{
    The t for which the weights of the visible keys sum to 1: of `sparsemax` max(x - t, 0) (Martins and Astudillo 2016), of `entmax15` max(x / 2 - t, 0)^2 (Peters, Niculae
    and Martins 2019). `maximum` is the row's largest x.
  }];
  let arguments = (ins ThresholdKindAttr:$kind, AnyFn:$operand, AnyFn:$maximum, BoolFn:$mask);
  let results = (outs AnyFn:$result);
  let assemblyFormat = "$kind $operand `maximum` $maximum `where` $mask attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def TopKOp : AttnOp<"top_k", [Pure]> {
  let summary = "the smallest of the n largest values of a row's visible keys, and which key has it";
  let description = [{
    Of equal values the one with the smaller j is larger. What is larger than `smallest`, or equal to it at a key up to `last`, is among the n largest. -inf and -1
    where there are fewer; inf and -1 where n isn't positive. `count` varies with nothing.
  }];
  let arguments = (ins AnyFn:$operand, BoolFn:$mask, IntFn:$count);
  let results = (outs AnyFn:$smallest, IntFn:$last);
  let assemblyFormat = "$count `of` $operand `where` $mask attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def CheckOp : AttnOp<"check", [AttrSizedOperandSegments]> {
  let summary = "ends the run with an error where a `safe` read or division counts and is wrong";
  let description = [{
    With a tensor: where `where` is true every value must be a valid index of its dimension. Without: the value is a divisor and must not be 0.
    What is wrong is known where the values vary, mostly once per row or key; only if something is wrong must `where` be evaluated. With
    `in_mask` nothing is wrong where the mask is known without being evaluated.
  }];
  let arguments = (ins Optional<TensorHandleType>:$tensor, Variadic<IntFn>:$values, BoolFn:$where, UnitAttr:$in_mask,
                       OptionalAttr<StrAttr>:$text);
  let assemblyFormat = [{
    ($tensor^)? `[` $values `]` `where` $where (`in_mask` $in_mask^)? attr-dict `:` type(operands)
  }];
  let hasVerifier = 1;
}

def OutputOp : AttnOp<"output"> {
  let summary = "stores a function in an output tensor, dimension n indexed by coordinate n of `coordinates`";
  let description = "With `indices` it is stored there, for every value of `coordinates`. No two of these are the same element.";
  let arguments = (ins TensorHandleType:$tensor, AnyFn:$value, StrArrayAttr:$coordinates, Variadic<IntFn>:$indices);
  let assemblyFormat = [{
    $tensor $coordinates (`at` `(` $indices^ `:` type($indices) `)`)? `=` $value attr-dict `:` type($tensor) `,` type($value)
  }];
  let hasVerifier = 1;
}

def BinderOp : AttnOp<"binder", [IsolatedFromAbove, Symbol, SingleBlock, NoTerminator]> {
  let summary = "what a kernel computes once before a run";
  let description = [{
    Runs when the tensors' own extents are bound: computed extents, defaults of scalars that were not given, and the size every dimension
    must have, each an `attn.bind`, in an order in which each uses only what is bound before it. `coordinates` is the kernel's.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, OptionalAttr<DictionaryAttr>:$coordinates);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name (`coordinates` $coordinates^)? attr-dict-with-keyword $body";
}

def BindOp : AttnOp<"bind"> {
  let summary = "gives a computed extent, an omitted scalar or an expected dimension its value";
  let description = [{
    `index` counts extents, scalars, or the dimensions of all tensors, inputs before outputs, in order. The value varies with nothing; it is an
    i64, or for a scalar i64, f64 or i1. An extent may vary with b and is then the `slot`th of the kernel's that do: every value must be
    at least 0, and what stands for the extent where there is no b is the largest. `name` is for messages about it.
  }];
  let arguments = (ins BindKindAttr:$kind, I64Attr:$index, AnyFn:$value, OptionalAttr<I64Attr>:$slot, OptionalAttr<StrAttr>:$name);
  let assemblyFormat = "$kind $index (`slot` $slot^)? ($name^)? `=` $value attr-dict `:` type($value)";
  let hasVerifier = 1;
}

def ApartOp : AttnOp<"apart"> {
  let summary = "ends the run where two values of b are stored at the same elements";
  let description = [{
    For binders. Each b has `size` elements from `start` on in a dimension of an output; where two of them meet, the run ends with an error that names them.
  }];
  let arguments = (ins TensorHandleType:$tensor, I64Attr:$dimension, IntFn:$start, IntFn:$size, StrAttr:$text);
  let assemblyFormat = "$tensor $dimension `:` $start `,` $size `:` type($tensor) `,` type($start) `,` type($size) $text attr-dict";
}

def SolveOp : AttnOp<"solve"> {
  let summary = "the x for which scale * x + offset is the size a tensor has in a dimension";
  let description = "For binders. Where there is none, or it is negative, the run ends with an error about the extent `name`.";
  let arguments = (ins TensorHandleType:$tensor, I64Attr:$dimension, IntFn:$scale, IntFn:$offset, StrAttr:$name);
  let results = (outs IntFn:$result);
  let assemblyFormat = [{
    $name `from` $tensor $dimension `by` $scale `,` $offset attr-dict `:` functional-type(operands, results)
  }];
}

//===-- Mask classification -------------------------------------------------------------------------------------===//

def ClassifyOp : AttnOp<"classify", [SingleBlock, RecursiveMemoryEffects]> {
  let summary = "tells whether a tile of (i, j) has visible and invisible pairs";
  let description = [{
    The region takes the tile's first and last query and first and last key (i64, inclusive) and yields two booleans: *some pair may be
    visible*, *some pair may be invisible*. Only the second false: full. Only the first false: empty. Both true is always
    correct. Values that don't vary with i or j enter through `attn.uniform`. An `exact` classifier says both only of tiles that have both, and so
    has nothing to gain from being asked about parts of a tile. Another may yield a third boolean: where the first two are true, whether the tile is
    known to have both.
  }];
  let arguments = (ins UnitAttr:$exact);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "(`exact` $exact^)? attr-dict-with-keyword $body";
  let hasVerifier = 1;
}

def UniformOp : AttnOp<"uniform", [Pure]> {
  let summary = "the plain value of a function that varies with neither i nor j";
  let arguments = (ins AnyFn:$operand);
  let results = (outs AnyType:$result);
  let assemblyFormat = "$operand attr-dict `:` type($operand) `->` type($result)";
  let hasVerifier = 1;
}

def TableRangeOp : AttnOp<"table_range", [Pure, SameVariadicOperandSize, AllTypesMatch<["minimum", "maximum"]>]> {
  let summary = "minimum and maximum of the elements of a tensor inside a box";
  let description = [{
    `low` and `high` are inclusive. `known` is false where the box leaves the tensor, holds a NaN or is too large to be worth reading; then the
    other results mean nothing. Memory outside the tensor is never read. Results are i64 for integers and booleans, f64 for floats.
  }];
  let arguments = (ins TensorHandleType:$tensor, Variadic<I64>:$low, Variadic<I64>:$high);
  let results = (outs I1:$known, AnyTypeOf<[I64, F64]>:$minimum, AnyTypeOf<[I64, F64]>:$maximum);
  let assemblyFormat = "$tensor `[` $low `]` `to` `[` $high `]` attr-dict `:` type($tensor) `->` type($minimum)";
  let hasVerifier = 1;
}

def TableHoldsOp : AttnOp<"table_holds", [Pure, SameVariadicOperandSize]> {
  let summary = "whether some element of a tensor inside a box lies between two values";
  let description = [{
    As `attn.table_range`, of integers and booleans. `least` and `most` are inclusive, and so are `low` and `high`. Where it isn't `known` the other
    result means nothing.
  }];
  let arguments = (ins TensorHandleType:$tensor, Variadic<I64>:$low, Variadic<I64>:$high, I64:$least, I64:$most);
  let results = (outs I1:$known, I1:$holds);
  let assemblyFormat = "$tensor `[` $low `]` `to` `[` $high `]` `between` $least `,` $most attr-dict `:` type($tensor)";
  let hasVerifier = 1;
}

def YieldOp : AttnOp<"yield", [Pure, Terminator, ReturnLike]> {
  let summary = "ends a region with its results";
  let arguments = (ins Variadic<AnyType>:$operands);
  let assemblyFormat = "($operands^ `:` type($operands))? attr-dict";
}

//===-- Tile level ----------------------------------------------------------------------------------------------===//

def TileKernelOp : AttnOp<"tile_kernel", [IsolatedFromAbove, Symbol, SingleBlock, NoTerminator]> {
  let summary = "what happens to one row block of queries of one batch and head";
  let description = [{
    Executed once for each batch, query head (or group of them, if the schedule says so) and block of `schedule.queryBlock()` queries. Values in the body
    are computed once per row block: uniform ones (not varying with i) as scalars, the others as vectors with queries in lanes.

    `@k.few` beside `@k` is the same kernel scheduled for few queries: runs of up to `most_queries` take it.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, DictionaryAttr:$coordinates, OptionalAttr<DenseI64ArrayAttr>:$extents,
                       OptionalAttr<DenseI64ArrayAttr>:$batch_extents, ScheduleAttr:$schedule, OptionalAttr<I64Attr>:$most_queries);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $sym_name `coordinates` $coordinates (`extents` $extents^)? (`per` `batch` $batch_extents^)? `schedule` $schedule
    (`for_up_to` $most_queries^ `queries`)? attr-dict-with-keyword $body
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Number of the extent a coordinate runs over.
    int64_t extentOf(::llvm::StringRef coordinate);
    /// The value of an extent, if it is known to the compiler.
    ::std::optional<int64_t> fixedExtent(int64_t number);
    /// What follows a kernel's name in that of the one for few queries.
    static constexpr ::llvm::StringLiteral fewSuffix = ".few";
    /// Whether an extent differs from batch to batch.
    bool variesWithBatch(int64_t number);
  }];
}

def TilePackOp : AttnOp<"tile_pack"> {
  let summary = "loads a block of query rows, transposed so that queries lie in lanes, times `scale`";
  let description = "`axes` names the coordinate of each dimension of the tensor. Lanes past the last query repeat it.";
  let arguments = (ins TensorHandleType:$tensor, StrArrayAttr:$axes, Optional<AnyFn>:$scale);
  let results = (outs TileType:$result);
  let assemblyFormat = [{
    $tensor $axes (`scale` $scale^ `:` type($scale))? attr-dict `:` type($tensor) `->` type($result)
  }];
  let hasVerifier = 1;
}

def TileInitOp : AttnOp<"tile_init"> {
  let summary = "states of normalisers that have seen nothing, and zero accumulators";
  let results = (outs Variadic<AnyTypeOf<[StateType, TileType]>>:$results);
  let assemblyFormat = "attr-dict `:` type($results)";
  let hasVerifier = 1;
}

def TileTopInitOp : AttnOp<"tile_top_init"> {
  let summary = "lists of the largest values so far, still empty";
  let arguments = (ins IntFn:$count);
  let results = (outs TopType:$result);
  let assemblyFormat = "$count attr-dict `:` type($count) `->` type($result)";
}

def TileTopAbsorbOp : AttnOp<"tile_top_absorb"> {
  let summary = "lets each query's list take in what of a tile is among the largest";
  let arguments = (ins TopType:$list, TileType:$scores, KeysType:$block);
  let assemblyFormat = "$list `,` $scores `at` $block attr-dict `:` type($list) `,` type($scores)";
}

def TileTopLastOp : AttnOp<"tile_top_last"> {
  let summary = "the smallest value of each query's list, and which key has it";
  let arguments = (ins TopType:$list);
  let results = (outs AnyFn:$smallest, IntFn:$last);
  let assemblyFormat = "$list attr-dict `:` type($list) `->` type($smallest) `,` type($last)";
}

def TileRepeatOp : AttnOp<"tile_repeat"> {
  let summary = "repeats its body with what it yielded, while that is larger for some query";
  let description = "At most 64 times. The values only grow towards their limit, from below.";
  let arguments = (ins AnyFn:$init);
  let results = (outs AnyFn:$result);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$init attr-dict `:` type($init) `->` type($result) $body";
  let hasVerifier = 1;
}

def ReductionInitOp : AttnOp<"reduction_init"> {
  let summary = "a reduction over nothing";
  let arguments = (ins ReductionKindAttr:$kind);
  let results = (outs AnyFn:$result);
  let assemblyFormat = "$kind attr-dict `:` type($result)";
}

def ShiftOp : AttnOp<"shift", [Pure]> {
  let summary = "a tensor whose index of some dimensions counts from elsewhere";
  let description = "Element x of dimension `dimensions[n]` is the operand's element x + `offsets[n]`. Offsets vary with b, h and g only.";
  let arguments = (ins TensorHandleType:$tensor, Variadic<IntFn>:$offsets, DenseI64ArrayAttr:$dimensions);
  let results = (outs TensorHandleType:$result);
  let assemblyFormat = "$tensor $dimensions `by` $offsets attr-dict `:` type($tensor) `,` type($offsets) `->` type($result)";
  let hasVerifier = 1;
}

def TileComputeOp : AttnOp<"tile_compute"> {
  let summary = "a function of queries or keys and a feature, computed for a block of them";
  let description = [{
    `!attn.tile<f32, [j, d]>`: a row per key of `block`, its features in lanes; `!attn.tile<f32, [i, d]>`: a row per query of the row block;
    `!attn.tile<f32, [d, i]>`: the same with the queries in lanes. Each element is computed once, however many products it is part of.
  }];
  let arguments = (ins AnyFn:$value, Optional<KeysType>:$block);
  let results = (outs TileType:$result);
  let assemblyFormat = "$value (`at` $block^)? attr-dict `:` type($value) `->` type($result)";
  let hasVerifier = 1;
}

def TileTransposeOp : AttnOp<"tile_transpose"> {
  let summary = "a tile of queries with the queries in lanes, times `scale`";
  let arguments = (ins TileType:$operand, Optional<AnyFn>:$scale);
  let results = (outs TileType:$result);
  let assemblyFormat = "$operand (`scale` $scale^ `:` type($scale))? attr-dict `:` type($operand) `->` type($result)";
  let hasVerifier = 1;
}

def TileScaleOp : AttnOp<"tile_scale", [AllTypesMatch<["operand", "result"]>]> {
  let summary = "rows of queries as products with features in lanes take them, times `scale`";
  let description = "Zeros follow the last feature, and the last row is repeated until their number is a multiple of the schedule's `feature_rows`.";
  let arguments = (ins TileType:$operand, Optional<AnyFn>:$scale);
  let results = (outs TileType:$result);
  let assemblyFormat = "$operand (`scale` $scale^ `:` type($scale))? attr-dict `:` type($operand)";
  let hasVerifier = 1;
}

def TileFunctionOp : AttnOp<"tile_function"> {
  let summary = "the elements of a tile as a function of its coordinates";
  let arguments = (ins TileType:$tile);
  let results = (outs AnyFn:$result);
  let assemblyFormat = "$tile attr-dict `:` type($tile) `->` type($result)";
  let hasVerifier = 1;
}

def TileVisitOp : AttnOp<"tile_visit"> {
  let summary = "runs its body for each block of keys with something visible, in order";
  let description = [{
    The first region, if it isn't empty, classifies a tile as `attn.classify` does. The body takes the block of keys and what is carried from block to
    block, states, accumulators and reductions, and yields them anew. `descending` visits take the last keys first. Blocks of keys that a classifier
    leaves open are looked at in parts.
  }];
  let arguments = (ins Variadic<AnyType>:$inits, UnitAttr:$descending, UnitAttr:$exact);
  let results = (outs Variadic<AnyType>:$results);
  let regions = (region AnyRegion:$classifier, SizedRegion<1>:$body);
  let assemblyFormat = [{
    `(` $inits `)` (`descending` $descending^)? attr-dict `:` type($inits) `->` type($results) `classify`
    (`exact` $exact^)? $classifier `keys` $body
  }];
  let hasVerifier = 1;
}

def TileContractOp : AttnOp<"tile_contract"> {
  let summary = "products of a packed query tile with a block of keys";
  let description = [{
    The keys are a tensor with the coordinates of its dimensions in `axes`, or a tile computed for the block, without. The queries' tile says what is in lanes
    while products are formed; in the result it is queries.
  }];
  let arguments = (ins TileType:$queries, AnyTypeOf<[TensorHandleType, TileType]>:$keys, StrArrayAttr:$axes, KeysType:$block);
  let results = (outs TileType:$result);
  let assemblyFormat = [{
    $queries `,` $keys $axes `at` $block attr-dict `:` type($queries) `,` type($keys) `->` type($result)
  }];
  let hasVerifier = 1;
}

def TileMapOp : AttnOp<"tile_map", [AttrSizedOperandSegments]> {
  let summary = "applies functions of query and key to tiles of products, and reduces others over the block's keys";
  let description = [{
    The block arguments are the products, then what the reductions have come to before the key at hand, functions of i and j. The region yields a
    function for each tile of the result, the operand of each reduction, then, if there is one, the mask. The first `scores` tiles are scores times log2(e), -inf
    where a pair is invisible; the others are weights, 0 there. Invisible pairs take no part in reductions. In a block of keys that can't hold invisible
    pairs the mask is known to be true and isn't evaluated. `descending` maps take the last key first.
  }];
  let arguments = (ins Variadic<TileType>:$products, Variadic<AnyFn>:$reduced, KeysType:$block,
                       DefaultValuedAttr<I64Attr, "1">:$scores,
                       DefaultValuedAttr<TypedArrayAttrBase<ReductionKindAttr, "kinds of reductions">, "{}">:$reductions,
                       UnitAttr:$descending);
  let results = (outs Variadic<AnyTypeOf<[TileType, AnyFn]>>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    `(` $products `)` (`reduce` $reductions `(` $reduced^ `)`)? `at` $block (`descending` $descending^)? attr-dict `:`
    functional-type(operands, results) $body
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// The results: tiles, then a total for each reduction.
    ::mlir::ResultRange getTiles() { return getResults().drop_back(getReduced().size()); }
    ::mlir::ResultRange getTotals() { return getResults().take_back(getReduced().size()); }
    /// What the body yields for the mask; null if there is none.
    ::mlir::Value getMask();
  }];
}

def TileAbsorbOp : AttnOp<"tile_absorb", [AllTypesMatch<["state", "next"]>, AllTypesMatch<["scores", "weights"]>]> {
  let summary = "lets a normaliser absorb a tile of scores, which become weights relative to its new state";
  let description = "`rescale` is the factor that brings what was weighted relative to the old state to the new one.";
  let arguments = (ins StateType:$state, TileType:$scores, KeysType:$block);
  let results = (outs StateType:$next, TileType:$weights, AnyFn:$rescale);
  let assemblyFormat = [{
    $state `,` $scores `at` $block attr-dict `:` type($state) `,` type($scores) `->` type($rescale)
  }];
  let hasVerifier = 1;
}

def TileAccumulateOp : AttnOp<"tile_accumulate", [AllTypesMatch<["accumulator", "result"]>]> {
  let summary = "rescales an accumulator and adds the weighted values of a block of keys";
  let description = [{
    The values are a tensor with the coordinates of its dimensions in `axes`, a tile computed for the block, or a function, evaluated for each query, key and
    feature, of what varies with the query. A function takes an accumulator with queries in lanes.
  }];
  let arguments = (ins TileType:$accumulator, AnyFn:$rescale, TileType:$weights,
                       AnyTypeOf<[TensorHandleType, TileType, AnyFn]>:$values, StrArrayAttr:$axes, KeysType:$block);
  let results = (outs TileType:$result);
  let assemblyFormat = [{
    $accumulator `times` $rescale `plus` $weights `,` $values $axes `at` $block attr-dict `:`
    type($accumulator) `,` type($rescale) `,` type($weights) `,` type($values)
  }];
  let hasVerifier = 1;
}

def TileCombineOp : AttnOp<"tile_combine", [AllTypesMatch<["left", "right", "state"]>,
    AllTypesMatch<["leftAccumulator", "rightAccumulator", "accumulator"]>]> {
  let summary = "combines two states and accumulators over disjoint keys into those over both";
  let arguments = (ins StateType:$left, TileType:$leftAccumulator, StateType:$right, TileType:$rightAccumulator);
  let results = (outs StateType:$state, TileType:$accumulator);
  let assemblyFormat = [{
    $left `,` $leftAccumulator `with` $right `,` $rightAccumulator attr-dict `:` type($left) `,` type($leftAccumulator)
  }];
}

def TileFinishOp : AttnOp<"tile_finish"> {
  let summary = "divides accumulators by the normaliser's denominator and gives its logarithm";
  let description = "A row that saw nothing visible gives 0 and -inf.";
  let arguments = (ins StateType:$state, Variadic<TileType>:$accumulators);
  let results = (outs Variadic<TileType>:$tiles, AnyFn:$log_denominator);
  let assemblyFormat = "$state `(` $accumulators `)` attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def TileStoreOp : AttnOp<"tile_store", [AttrSizedOperandSegments]> {
  let summary = "stores a tile, transposed back, in rows of an output tensor";
  let description = [{
    A tile of queries: its rows or lanes are features, or with `block` its rows the keys of one. A tile of keys (`[j, d]`) doesn't vary with the query: the first row
    block stores it. Where the tensor has no dimension for the batch or head, the first one stores. With `indices`, which say where, `axes` names
    what they are functions of.
  }];
  let arguments = (ins TileType:$tile, TensorHandleType:$tensor, StrArrayAttr:$axes, Optional<KeysType>:$block, Variadic<IntFn>:$indices);
  let assemblyFormat = [{
    $tile `,` $tensor $axes (`at` $block^)? (`indices` `(` $indices^ `:` type($indices) `)`)? attr-dict `:` type($tile) `,` type($tensor)
  }];
  let hasVerifier = 1;
}

def TileStoreRowOp : AttnOp<"tile_store_row"> {
  let summary = "stores one value per query in an output tensor";
  let description = "`indices` as in `attn.tile_store`.";
  let arguments = (ins AnyFn:$value, TensorHandleType:$tensor, StrArrayAttr:$axes, Variadic<IntFn>:$indices);
  let assemblyFormat = [{
    $value `,` $tensor $axes (`indices` `(` $indices^ `:` type($indices) `)`)? attr-dict `:` type($value) `,` type($tensor)
  }];
  let hasVerifier = 1;
}

#endif
