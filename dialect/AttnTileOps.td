// What happens to tiles of queries and keys.
#ifndef ATTN_TILE_OPS
#define ATTN_TILE_OPS

include "dialect/AttnOpBase.td"

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
  let description = "At most 64 times. The values only grow towards their limit, from below. `init` may be the same for all queries.";
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
    `!attn.tile<f32, [d, i]>`: the same with the queries in lanes. Each element is computed once, however many products it is part of. Rows of keys that products
    take as they lie in memory are of the type they are stored in, `!attn.tile<bf16, [j, d]>` say; they are copied only where they can't be taken from there.
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

def TileVisitOp : AttnOp<"tile_visit", [AttrSizedOperandSegments]> {
  let summary = "runs its body for each block of keys with something visible, in order";
  let description = [{
    The first region, if it isn't empty, classifies a tile as `attn.classify` does. The body takes the block of keys and what is carried from block to
    block, states, accumulators and reductions, and yields them anew. `descending` visits take the last keys first. Blocks of keys that a classifier
    leaves open are looked at in parts. At `splits`, which vary with b, h and g only, a block of keys ends and another begins: `attn.keys_before` says which side one is on.
  }];
  let arguments = (ins Variadic<AnyType>:$inits, Variadic<IntFn>:$splits, UnitAttr:$descending, UnitAttr:$exact);
  let results = (outs Variadic<AnyType>:$results);
  let regions = (region AnyRegion:$classifier, SizedRegion<1>:$body);
  let assemblyFormat = [{
    `(` $inits `)` (`split` `at` `(` $splits^ `:` type($splits) `)`)? (`descending` $descending^)? attr-dict `:`
    type($inits) `->` type($results) `classify` (`exact` $exact^)? $classifier `keys` $body
  }];
  let hasVerifier = 1;
}

def KeysBeforeOp : AttnOp<"keys_before", [Pure]> {
  let summary = "whether the keys of a block come before one at which its visit is split";
  let description = "What `j < split` is for every key of the block: all of them are on one side.";
  let arguments = (ins KeysType:$block, IntFn:$split);
  let results = (outs BoolFn:$result);
  let assemblyFormat = "$block `,` $split attr-dict `:` type($split) `->` type($result)";
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

def TileTableOp : AttnOp<"tile_table"> {
  let summary = "products of a packed query tile with the rows of a table";
  let description = [{
    `axes` names the coordinate of each dimension of the table, `row` the one whose index differs from pair to pair. The result has memory for `rows` rows; where the table
    has more, nothing is computed, and an `attn.tile_window` does for each block of keys.
  }];
  let arguments = (ins TileType:$queries, TensorHandleType:$table, StrArrayAttr:$axes, ConfinedAttr<I64Attr, [IntPositive]>:$rows);
  let results = (outs TileType:$result);
  let assemblyFormat = "$queries `,` $table $axes `rows` $rows attr-dict `:` type($queries) `,` type($table) `->` type($result)";
  let hasVerifier = 1;
}

def TileWindowOp : AttnOp<"tile_window", [AllTypesMatch<["table", "result"]>]> {
  let summary = "products with those rows of a table that a block of keys reads";
  let description = [{
    `index` grows or falls with the query, and with the key, by steps of 1 at most: it lies between its values at the corners of the row block and the block of keys, and between
    them are no more rows than `table`, an `attn.tile_table`, has memory for. Where that holds the whole table nothing is computed anew.
  }];
  let arguments = (ins TileType:$table, IntFn:$index, KeysType:$block);
  let results = (outs TileType:$result);
  let assemblyFormat = "$table `[` $index `]` `at` $block attr-dict `:` type($table) `,` type($index)";
  let hasVerifier = 1;
}

def TileKeyTableOp : AttnOp<"tile_key_table"> {
  let summary = "products of a block of keys with the rows of a table";
  let description = [{
    A row for each key, the table's rows in lanes, of which there is memory for `rows`. The keys are as `attn.tile_contract` takes them; `table_axes` are those of `attn.tile_table`. With
    an `index`, which is one of `attn.tile_window`, a table that has more rows is multiplied from the least to the largest row that the block reads.
  }];
  let arguments = (ins AnyTypeOf<[TensorHandleType, TileType]>:$keys, StrArrayAttr:$axes, TensorHandleType:$table, StrArrayAttr:$table_axes, StrAttr:$feature,
                       ConfinedAttr<I64Attr, [IntPositive]>:$rows, Optional<IntFn>:$index, KeysType:$block);
  let results = (outs TileType:$result);
  let assemblyFormat = [{
    $keys $axes `,` $table $table_axes `over` $feature `rows` $rows (`[` $index^ `]`)? `at` $block attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def TileLookupOp : AttnOp<"tile_lookup"> {
  let summary = "the product of a query, or key, with one row of a table";
  let description = "An index outside the table gives 0 and reports nothing.";
  let arguments = (ins TileType:$table, IntFn:$index);
  let results = (outs AnyFn:$result);
  let assemblyFormat = "$table `[` $index `]` attr-dict `:` type($table) `,` type($index) `->` type($result)";
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

def TileMergeOp : AttnOp<"tile_merge", [SingleBlock, NoTerminator]> {
  let summary = "what follows a visit of one part of the keys: merges the parts, then runs its body";
  let description = [{
    The operands are what a visit carried over its part of the keys: each state with as many accumulators as `accumulators` says, accumulators of plain sums, then
    one number per query for each of `reductions`. The body takes the same of all keys. It runs once per row block, in the task that is the last to be done with its part;
    parts are merged in their order, whatever the order they were done in.
  }];
  let arguments = (ins Variadic<AnyType>:$part, DenseI64ArrayAttr:$accumulators,
                       DefaultValuedAttr<TypedArrayAttrBase<ReductionKindAttr, "kinds of reductions">, "{}">:$reductions);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    `(` $part `)` `accumulators` $accumulators (`reduce` $reductions^)? attr-dict `:` type($part) $body
  }];
  let hasVerifier = 1;
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
