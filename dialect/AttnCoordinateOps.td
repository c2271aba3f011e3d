// Functions of coordinates, and the mask as it is classified.
#ifndef ATTN_COORDINATE_OPS
#define ATTN_COORDINATE_OPS

include "dialect/AttnOpBase.td"

/// A value whose coordinates are those of its operands together.
class PointwiseOp<string mnemonic, list<Trait> traits = []> : AttnOp<mnemonic, !listconcat([Pure], traits)> {
  let hasVerifier = 1;
}

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
  let description = [{
    Both are computed, unless the condition is `mostly` true: the second value, which is dear, is then computed only where some pair asks for it.
  }];
  let arguments = (ins BoolFn:$condition, AnyFn:$ifTrue, AnyFn:$ifFalse, UnitAttr:$mostly);
  let results = (outs AnyFn:$result);
  let assemblyFormat = [{
    (`mostly` $mostly^)? $condition `,` $ifTrue `,` $ifFalse attr-dict `:` functional-type(operands, results)
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
    and Martins 2019). The largest visible x of each row is 0, so that t keeps its digits.
  }];
  let arguments = (ins ThresholdKindAttr:$kind, AnyFn:$operand, BoolFn:$mask);
  let results = (outs AnyFn:$result);
  let assemblyFormat = "$kind $operand `where` $mask attr-dict `:` functional-type(operands, results)";
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

#endif
