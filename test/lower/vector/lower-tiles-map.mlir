// RUN: attn-opt %s --attn-lower-tiles | FileCheck %s

// What happens to a block's products: the score function, and the mask where the block may hide something.

!t = !attn.tensor<2 x f32>
!scores = !attn.tile<f32, [j, i]>
!features = !attn.tile<f32, [e, i]>
!queries = !attn.tile<f32, [d, i]>
!state = !attn.state<softmax>
!row = !attn.fn<f32, [i]>
!pair = !attn.fn<f32, [i, j]>
!ci = !attn.fn<i64, [i]>
!cj = !attn.fn<i64, [j]>
!cr = !attn.fn<i64, [r]>
#sizes = affine_map<()[I, J, D, E, R] -> (I, D)>

attn.binder @mask_binder {
}
attn.binder @score_binder {
}
attn.binder @guarded_binder {
}
attn.binder @reduction_binder {
}
attn.binder @one_query_binder {
}

// Without a classifier every block may hide something: queries are in lanes, the key is a scalar, and what is hidden scores -inf.
// CHECK-LABEL: func.func @mask_body
// CHECK: math.fma
// CHECK: arith.constant dense<[0, 1, 2, 3]>
// CHECK: %[[VISIBLE:.*]] = arith.cmpi sle, {{.*}} : vector<4xi{{32|64}}>
// CHECK: %[[SCORE:.*]] = arith.select %[[VISIBLE]], %{{.*}}, %[[HIDDEN:.*]] : vector<4xi1>, vector<4xf32>
// CHECK: llvm.store %[[SCORE]]
// CHECK: arith.cmpf ogt, %[[SCORE]]
attn.tile_kernel @mask coordinates {i = 0 : i64, j = 1 : i64, d = 2 : i64, e = 3 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %q = attn.tensor "q" 0 sizes #sizes : !t
  %k = attn.tensor "k" 1 sizes #sizes : !t
  %v = attn.tensor "v" 2 sizes #sizes : !t
  %o = attn.tensor "o" 3 sizes #sizes : !t
  %packed = attn.tile_pack %q ["i", "d"] : !t -> !queries
  %state, %zero = attn.tile_init : !state, !features
  %end, %sum = attn.tile_visit(%state, %zero) : !state, !features -> !state, !features classify {
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %accumulator: !features):
    %products = attn.tile_contract %packed, %k ["j", "d"] at %block : !queries, !t -> !scores
    %scores = attn.tile_map(%products) at %block : (!scores, !attn.keys) -> !scores {
    ^bb1(%s: !pair):
      %i = attn.coordinate "i" : !ci
      %j = attn.coordinate "j" : !cj
      %causal = attn.compare less_equal %j, %i : !cj, !ci -> !attn.fn<i1, [i, j]>
      attn.yield %s, %causal : !pair, !attn.fn<i1, [i, j]>
    }
    %next, %weights, %rescale = attn.tile_absorb %old, %scores at %block : !state, !scores -> !row
    %more = attn.tile_accumulate %accumulator times %rescale plus %weights, %v ["j", "e"] at %block : !features, !row, !scores, !t
    attn.yield %next, %more : !state, !features
  }
  %result, %lse = attn.tile_finish %end(%sum) : (!state, !features) -> (!features, !row)
  attn.tile_store %result, %o ["i", "e"] : !features, !t
}

// A score function without a mask: nothing is hidden, and what doesn't vary with the key is computed before the loop over keys. A quarter of
// log2(e) where the score is taken in units of 4.
// CHECK-LABEL: func.func @score_body
// CHECK: iter_args(%{{.*}} = %{{.*}}, %[[EXACT:.*]] = %{{.*}}) -> (i1, vector<4xi1>)
// Elements that lie side by side are loaded, others gathered.
// CHECK: %[[SLOPES:[0-9]+]] = scf.if %{{.*}} -> (vector<4xf32>) {
// CHECK: llvm.load %{{.*}} {alignment = 4 : i64} : !llvm.ptr -> vector<4xf32>
// CHECK: } else {
// CHECK: llvm.intr.masked.gather
// CHECK: math.fma
// CHECK-DAG: %[[WHOLE:.*]] = arith.constant dense<1.44269502> : vector<4xf32>
// CHECK-DAG: %[[QUARTER:.*]] = arith.constant dense<0.360673755> : vector<4xf32>
// CHECK: %[[LOG2E:.*]] = arith.select %[[EXACT]], %[[QUARTER]], %[[WHOLE]]
// CHECK: %[[CAPPED:.*]] = math.tanh %{{.*}} : vector<4xf32>
// CHECK: %[[SCALED:.*]] = arith.mulf %[[CAPPED]], %[[SLOPES]]
// CHECK: %[[SCORE:.*]] = arith.mulf %[[SCALED]], %[[LOG2E]]
// CHECK-NOT: arith.select
// CHECK: llvm.store %[[SCORE]]
attn.tile_kernel @score coordinates {i = 0 : i64, j = 1 : i64, d = 2 : i64, e = 3 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %q = attn.tensor "q" 0 sizes #sizes : !t
  %k = attn.tensor "k" 1 sizes #sizes : !t
  %v = attn.tensor "v" 2 sizes #sizes : !t
  %slopes = attn.tensor "slopes" 3 sizes affine_map<()[I] -> (I)> : !attn.tensor<1 x f32>
  %o = attn.tensor "o" 4 sizes #sizes : !t
  %packed = attn.tile_pack %q ["i", "d"] : !t -> !queries
  %i = attn.coordinate "i" : !ci
  %slope = attn.read %slopes[%i] unchecked : (!attn.tensor<1 x f32>, !ci) -> !row
  %state, %zero = attn.tile_init : !state, !features
  %end, %sum = attn.tile_visit(%state, %zero) : !state, !features -> !state, !features classify {
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %accumulator: !features):
    %products = attn.tile_contract %packed, %k ["j", "d"] at %block : !queries, !t -> !scores
    %scores = attn.tile_map(%products) at %block : (!scores, !attn.keys) -> !scores {
    ^bb1(%s: !pair):
      %capped = attn.unary tanh %s : !pair -> !pair
      %scaled = attn.binary multiply %capped, %slope : (!pair, !row) -> !pair
      %log2e = attn.constant 1.44269502 : f32 : !attn.fn<f32, []>
      %score = attn.binary multiply %scaled, %log2e : (!pair, !attn.fn<f32, []>) -> !pair
      attn.yield %score : !pair
    }
    %next, %weights, %rescale = attn.tile_absorb %old, %scores at %block : !state, !scores -> !row
    %more = attn.tile_accumulate %accumulator times %rescale plus %weights, %v ["j", "e"] at %block : !features, !row, !scores, !t
    attn.yield %next, %more : !state, !features
  }
  %result, %lse = attn.tile_finish %end(%sum) : (!state, !features) -> (!features, !row)
  attn.tile_store %result, %o ["i", "e"] : !features, !t
}

// A read whose index may be wrong: an index outside is reported where it counts, with its place in the source, and nothing is loaded from there. Where it doesn't
// count it isn't compared at all, nor loaded.
// CHECK-LABEL: func.func @guarded_body
// CHECK-SAME: attn.sites = [{dimension = 0 : i32, kind = 0 : i32, place = "spec.attn:3:5", tensor = 3 : i32, text = "bias[j - i]"}]
// CHECK: math.fma
// CHECK: %[[COUNTS:.*]] = arith.cmpi sle, {{.*}} : vector<4xi{{32|64}}>
// CHECK: %[[INSIDE:.*]] = arith.cmpi ult, {{.*}} : vector<4xi64>
// CHECK: %[[OUTSIDE:.*]] = arith.xori %[[INSIDE]]
// CHECK: %[[WRONG:.*]] = arith.andi %[[COUNTS]], %[[OUTSIDE]]
// CHECK: %[[ANY:.*]] = vector.reduction <or>, %[[WRONG]]
// CHECK: scf.if %[[ANY]]
// CHECK: call @attn_fail
// CHECK: %[[LOAD:.*]] = arith.andi %[[COUNTS]], %[[INSIDE]]
// CHECK: llvm.intr.masked.gather %{{.*}}, %[[LOAD]], %{{.*}}
attn.tile_kernel @guarded coordinates {i = 0 : i64, j = 1 : i64, d = 2 : i64, e = 3 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %q = attn.tensor "q" 0 sizes #sizes : !t
  %k = attn.tensor "k" 1 sizes #sizes : !t
  %v = attn.tensor "v" 2 sizes #sizes : !t
  %bias = attn.tensor "bias" 3 sizes affine_map<()[I, J, D, E, R] -> (R)> : !attn.tensor<1 x f32>
  %o = attn.tensor "o" 4 sizes #sizes : !t
  %packed = attn.tile_pack %q ["i", "d"] : !t -> !queries
  %state, %zero = attn.tile_init : !state, !features
  %end, %sum = attn.tile_visit(%state, %zero) : !state, !features -> !state, !features classify {
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %accumulator: !features):
    %products = attn.tile_contract %packed, %k ["j", "d"] at %block : !queries, !t -> !scores
    %scores = attn.tile_map(%products) at %block : (!scores, !attn.keys) -> !scores {
    ^bb1(%s: !pair):
      %i = attn.coordinate "i" : !ci
      %j = attn.coordinate "j" : !cj
      %counts = attn.compare less_equal %i, %j : !ci, !cj -> !attn.fn<i1, [i, j]>
      %distance = attn.binary subtract %j, %i : (!cj, !ci) -> !attn.fn<i64, [i, j]>
      %b = attn.read %bias[%distance] where %counts {text = "bias[j - i]"}
          : (!attn.tensor<1 x f32>, !attn.fn<i64, [i, j]>, !attn.fn<i1, [i, j]>) -> !pair loc("spec.attn":3:5)
      %sum = attn.binary add %s, %b : (!pair, !pair) -> !pair
      attn.yield %sum : !pair
    }
    %next, %weights, %rescale = attn.tile_absorb %old, %scores at %block : !state, !scores -> !row
    %more = attn.tile_accumulate %accumulator times %rescale plus %weights, %v ["j", "e"] at %block : !features, !row, !scores, !t
    attn.yield %next, %more : !state, !features
  }
  %result, %lse = attn.tile_finish %end(%sum) : (!state, !features) -> (!features, !row)
  attn.tile_store %result, %o ["i", "e"] : !features, !t
}

// A reduction over a table's own coordinate is a loop inside the map, around what varies with that coordinate alone: not around the other
// reduction that is a part of it.
// CHECK-LABEL: func.func @reduction_body
// CHECK: math.fma
// CHECK: %[[ANY:.*]] = scf.for {{.*}} -> (i1)
// CHECK-NEXT: arith.cmpi slt
// CHECK-NEXT: arith.ori
// CHECK-NEXT: scf.yield
// CHECK-NEXT: }
// CHECK: scf.for {{.*}} -> (vector<4xf32>)
// CHECK: %[[COUNTS:.*]] = vector.broadcast %[[ANY]] : i1 to vector<4xi1>
// CHECK: %[[TERM:.*]] = arith.select %[[COUNTS]], %{{.*}}, %{{.*}} : vector<4xi1>, vector<4xf32>
// CHECK-NEXT: %[[TOTAL:.*]] = arith.addf %{{.*}}, %[[TERM]]
// CHECK-NEXT: scf.yield %[[TOTAL]]
// CHECK-NEXT: }
// CHECK-NEXT: arith.mulf
attn.tile_kernel @reduction coordinates {i = 0 : i64, j = 1 : i64, d = 2 : i64, e = 3 : i64, r = 4 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %q = attn.tensor "q" 0 sizes #sizes : !t
  %k = attn.tensor "k" 1 sizes #sizes : !t
  %v = attn.tensor "v" 2 sizes #sizes : !t
  %w = attn.tensor "w" 3 sizes affine_map<()[I, J, D, E, R] -> (I, J, R)> : !attn.tensor<3 x f32>
  %o = attn.tensor "o" 4 sizes #sizes : !t
  %packed = attn.tile_pack %q ["i", "d"] : !t -> !queries
  %state, %zero = attn.tile_init : !state, !features
  %end, %sum = attn.tile_visit(%state, %zero) : !state, !features -> !state, !features classify {
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %accumulator: !features):
    %products = attn.tile_contract %packed, %k ["j", "d"] at %block : !queries, !t -> !scores
    %scores = attn.tile_map(%products) at %block : (!scores, !attn.keys) -> !scores {
    ^bb1(%s: !pair):
      %i = attn.coordinate "i" : !ci
      %j = attn.coordinate "j" : !cj
      %r = attn.coordinate "r" : !cr
      %before = attn.compare less %r, %j : !cr, !cj -> !attn.fn<i1, [j, r]>
      %any = attn.reduce any ["r"] %before : (!attn.fn<i1, [j, r]>) -> !attn.fn<i1, [j]>
      %element = attn.read %w[%i, %j, %r] unchecked : (!attn.tensor<3 x f32>, !ci, !cj, !cr) -> !attn.fn<f32, [i, j, r]>
      %term = attn.select %any, %element, %s : (!attn.fn<i1, [j]>, !attn.fn<f32, [i, j, r]>, !pair) -> !attn.fn<f32, [i, j, r]>
      %total = attn.reduce sum ["r"] %term : (!attn.fn<f32, [i, j, r]>) -> !pair
      %product = attn.binary multiply %s, %total : (!pair, !pair) -> !pair
      attn.yield %product : !pair
    }
    %next, %weights, %rescale = attn.tile_absorb %old, %scores at %block : !state, !scores -> !row
    %more = attn.tile_accumulate %accumulator times %rescale plus %weights, %v ["j", "e"] at %block : !features, !row, !scores, !t
    attn.yield %next, %more : !state, !features
  }
  %result, %lse = attn.tile_finish %end(%sum) : (!state, !features) -> (!features, !row)
  attn.tile_store %result, %o ["i", "e"] : !features, !t
}

// A product that doesn't vary with the query is the same in all lanes: the score is computed once for all of them.
// CHECK-LABEL: func.func @one_query_body
// CHECK: %[[PRODUCT:.*]] = vector.extract %{{.*}}[0] : f32 from vector<4xf32>
// CHECK: %[[CAPPED:.*]] = math.tanh %[[PRODUCT]] : f32
// CHECK: vector.broadcast %[[CAPPED]] : f32 to vector<4xf32>
attn.tile_kernel @one_query coordinates {j = 1 : i64, d = 2 : i64, e = 3 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %q = attn.tensor "q" 0 sizes affine_map<()[I, J, D] -> (D)> : !attn.tensor<1 x f32>
  %k = attn.tensor "k" 1 sizes #sizes : !t
  %v = attn.tensor "v" 2 sizes #sizes : !t
  %o = attn.tensor "o" 3 sizes affine_map<()[I, J, D, E] -> (E)> : !attn.tensor<1 x f32>
  %packed = attn.tile_pack %q ["d"] : !attn.tensor<1 x f32> -> !queries
  %state, %zero = attn.tile_init : !state, !features
  %end, %sum = attn.tile_visit(%state, %zero) : !state, !features -> !state, !features classify {
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %accumulator: !features):
    %products = attn.tile_contract %packed, %k ["j", "d"] at %block : !queries, !t -> !scores
    %scores = attn.tile_map(%products) at %block : (!scores, !attn.keys) -> !scores {
    ^bb1(%s: !attn.fn<f32, [j]>):
      %capped = attn.unary tanh %s : !attn.fn<f32, [j]> -> !attn.fn<f32, [j]>
      attn.yield %capped : !attn.fn<f32, [j]>
    }
    %next, %weights, %rescale = attn.tile_absorb %old, %scores at %block : !state, !scores -> !row
    %more = attn.tile_accumulate %accumulator times %rescale plus %weights, %v ["j", "e"] at %block : !features, !row, !scores, !t
    attn.yield %next, %more : !state, !features
  }
  %result, %lse = attn.tile_finish %end(%sum) : (!state, !features) -> (!features, !row)
  attn.tile_store %result, %o ["e"] : !features, !attn.tensor<1 x f32>
}
