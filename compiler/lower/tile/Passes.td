#ifndef ATTN_LOWER_TILE_PASSES
#define ATTN_LOWER_TILE_PASSES

include "mlir/Pass/PassBase.td"

def Schedule : Pass<"attn-schedule"> {
  let summary = "chooses tile sizes and vector shape";
  let description = [{
    Sets `attn.schedule` on each `attn.kernel`: the one place where tile sizes are decided, from the target's registers and lanes. A kernel
    that already carries a schedule keeps it, so that a person or a tuner can choose another. Where a run may have few queries or many,
    `attn.few_schedule` is set too, for a second kernel.
  }];
  let options = [
    Option<"lanes", "lanes", "int64_t", "16", "f32 lanes of one vector register">,
    Option<"registers", "registers", "int64_t", "32", "vector registers">,
    Option<"matrixUnit", "matrix-unit", "bool", "false", "products of bf16 can be formed tile by tile">,
    Option<"queries", "queries", "std::string", "\"any\"", "how many a run has where the extent of i isn't known: any, few or many">,
    Option<"few", "few", "int64_t", "0", "of few queries: about how many, where it isn't known and not 0">,
    Option<"groupHeads", "group-heads", "int64_t", "0", "how many heads a group has, where it isn't known and not 0">,
    Option<"parts", "parts", "bool", "true", "keys may be cut into parts where there are few row blocks">
  ];
}

def FormTiles : Pass<"attn-form-tiles", "::mlir::ModuleOp"> {
  let summary = "turns each kernel into a tile kernel";
  let description = [{
    From the coordinate level to the tile level: what doesn't vary with j is computed once per row block, query tiles are packed once, rows of keys that aren't
    taken as they lie are computed once per block of keys, and each pass over the keys is a visit: contract, map, absorb and accumulate. What needs the result of a
    pass at every pair is in a later one. The normaliser works in base 2: log2(e) joins the factor that is applied to the query where the score is the
    plain product, and multiplies the score otherwise.

    Outputs without b, or without h, are stored by the tasks of one batch or head. Where there is none of these, a kernel of such outputs alone takes the run: `@k.no_batches`,
    `@k.no_heads` and `@k.neither` stand beside `@k` where there are such outputs.
  }];
  let options = [Option<"mayBeEmpty", "may-be-empty", "bool", "true", "runs may have no batches or no heads">];
  let dependentDialects = ["::attn::ir::AttnDialect"];
}

#endif
