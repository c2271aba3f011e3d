#ifndef ATTN_LOWER_COORDINATE_PASSES
#define ATTN_LOWER_COORDINATE_PASSES

include "mlir/Pass/PassBase.td"

class CoordinatePass<string name> : Pass<name, "::attn::ir::KernelOp">;

def SpecializePass : CoordinatePass<"attn-specialize"> {
  let summary = "fixes extents whose value is known for this compilation";
  let description = [{
    `extents=J=4096,D=64` gives values by name. The kernel's list of known extents and every `attn.extent` get them; an extent
    that already has another value, and a name the kernel never uses, are left alone.
  }];
  let options = [ListOption<"extents", "extents", "std::string", "extents to fix, as NAME=VALUE">];
}

def UnrollSumsPass : CoordinatePass<"attn-unroll-sums"> {
  let summary = "writes out short sums of products of queries and keys";
  let description = [{
    `sum(n: p * dot(q[h = n], k[h = n]))`, a mixture of the heads' products, is a matrix product for each n, where the extent of n is known: the sum becomes one of
    rebases, which are resolved next. A sum of more than 16 terms stays, and so does one without a product in it.
  }];
}

def ResolveRebasePass : CoordinatePass<"attn-resolve-rebase"> {
  let summary = "replaces every rebase by the function it stands for";
  let description = [{
    The operand's graph is rebuilt with the new coordinates, once per value and substitution, so that what was shared stays shared.
    Where h is set, g becomes h // (H // G). A definition that rebases itself many times over can grow without bound;
    past `budget` new operations the pass fails with an error at the rebase. Afterwards there is no `attn.rebase`.
  }];
  let options = [Option<"budget", "budget", "unsigned", "20000", "largest number of operations to create">];
}

def SimplifyPass : CoordinatePass<"attn-simplify"> {
  let summary = "folds, merges equal operations and drops unused ones, across types";
  let description = [{
    What `canonicalize` and `cse` do, and what they can't: a value that is replaced by one varying with less lets its users vary with less, so
    types are derived anew on the way. Two reads that differ only in the source text they came from are one.
  }];
}

def FormProductsPass : CoordinatePass<"attn-form-products"> {
  let summary = "makes products of rows of queries and keys out of sums over features";
  let description = [{
    `sum(d: (q - k) ** 2)` is |q|^2 - 2 q·k + |k|^2: a product, and two numbers that are known once per query and once per key. Any sum over one feature is taken apart
    like this whose terms, once multiplied out, are each a product of something of the query and something of the key; there are no more than 16 of them.

    Where a sum of squares comes out less than a sixteenth of the squares of query and key (these are close to each other, and their digits cancel), or isn't a number, it is summed as it was
    written, pair by pair: the second value of a `mostly` select.

    `dot(q, sum(c: w * k))` becomes `dot(sum(d: w * q), k)` first: a matrix is multiplied with the queries, once for each, and not with the keys, for each row block anew.
  }];
}

def FoldScalePass : CoordinatePass<"attn-fold-scale"> {
  let summary = "moves factors around the similarity into its scale";
  let description = [{
    `dot(q, k) / sqrt(D) * tau` computes one product per pair and two more operations; a scale is applied once per
    query. Multiplications, divisions and negations that directly enclose the dot move if the dot has no other use, the factor varies neither with j nor
    with what is summed, and it can be computed where nothing may be visible (no index or divisor in it that could be wrong).
    Factors that don't vary with i are multiplied in f64 and rounded once.
  }];
}

def InferRangesPass : CoordinatePass<"attn-infer-ranges"> {
  let summary = "finds the reads and divisions that can't go wrong, and the range of every integer";
  let description = [{
    Bounds are constants or linear in the extents (0 <= i - j + J - 1 <= I + J - 2). Reads whose every index lies inside its dimension and
    integer divisions whose divisor isn't 0 become `unchecked`; of other reads `attn.inside = array<i64: dimension, ...>` says which indices are inside. Integers that fit in 32 bits get
    `attn.range = array<i64: low, high>`, inclusive, so that they may be computed in narrow lanes.
  }];
}

def GuardReadsPass : CoordinatePass<"attn-guard-reads"> {
  let summary = "gives every read and division that may go wrong the condition under which it counts";
  let description = [{
    The language is lazy: what doesn't decide is not loaded, divided or reported. A read that isn't `unchecked` is needed where some user is: on the
    right of `and` where the left is true, of `or` where it is false, in the arm that `select` takes, in a score where the mask
    is true. Inside a reduction it is needed where there is something to reduce, and, if it doesn't vary with what is reduced over, where it
    is for some value of that. The condition becomes its `where`; one that is always true is left out. Afterwards `and`, `or` and `select`
    may be computed on both sides. Strict `bit_and`, `bit_or` and `bit_xor` of booleans become `and`, `or` and `compare not_equal`.

    With `split`, a condition that varies with more than the read or division itself stays apart from it: the value becomes `safe` and is
    computed as rarely as before, once per row, say, and an `attn.check` watches over the pairs where it counts. A divisor
    that varies with nothing has one `attn.check` for all that is divided by it under the same condition or a narrower one.
  }];
  let options = [Option<"split", "split", "bool", "false", "keep conditions that vary with more apart from the value">];
}

def GuardBinderPass : Pass<"attn-guard-binder", "::attn::ir::BinderOp"> {
  let summary = "does as much for what is computed before a run";
  let description = "The same as `attn-guard-reads`, without splitting. What is bound stays in its order.";
}

def FormOnlinePass : CoordinatePass<"attn-form-online"> {
  let summary = "brings sums over the keys into forms that one pass can take";
  let description = [{
    A sum over j of values with a feature is taken apart by linearity: sums of softmaxes and of values that vary with the query are summed each, factors that don't
    vary with j multiply the result. The sum over j of softmax(score) times value, and the log-sum-exp of the same score, become the two results of one
    `attn.online`; with any other weight it is an `attn.weighted_sum`. A softmax that is left over becomes exp(score - log-sum-exp). The operand of each `attn.dot` that
    varies with j comes second; one that isn't a product of a row of a query and a row of a key becomes the sum it is.
  }];
}

def ClassifyMaskPass : CoordinatePass<"attn-classify-mask"> {
  let summary = "adds the code that tells whether a tile is empty, full or mixed";
  let description = [{
    `attn.classify` evaluates the mask over all pairs of a tile at once: integers as intervals and known bits, tables as the minimum and
    maximum of the box that is read, booleans with three truth values. Combinations of comparisons of i, j, i - j and of chunks `i // c` with
    values that vary with neither are decided exactly. What can't be proven is mixed, and so is a tile in which an index or a
    divisor may be wrong. A mask that is always true gets no code.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
}

#endif
