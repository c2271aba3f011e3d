// RUN: attn-opt %s --attn-lower-tiles | FileCheck %s

// Two visits over different keys, each with its own state, accumulator and classifier, are put together: the larger maximum, and both sums and accumulators brought to
// it.

!t = !attn.tensor<2 x f32>
!scores = !attn.tile<f32, [j, i]>
!features = !attn.tile<f32, [e, i]>
!queries = !attn.tile<f32, [d, i]>
!state = !attn.state<softmax>
!row = !attn.fn<f32, [i]>
#sizes = affine_map<()[I, J, D, E] -> (I, D)>

attn.binder @halves_binder {
}

// CHECK-LABEL: func.func @halves_body
// CHECK: %[[LEFT:.*]]:6 = scf.while
// CHECK: func.call @halves.classify(
// CHECK: %[[RIGHT:.*]]:6 = scf.while
// CHECK: func.call @halves.classify_2(

// CHECK: %[[LARGER:.*]] = arith.cmpf ogt, %[[RIGHT]]#4, %[[LEFT]]#4
// CHECK: %[[MAXIMUM:.*]] = arith.select %[[LARGER]], %[[RIGHT]]#4, %[[LEFT]]#4
// CHECK: arith.subf %[[LEFT]]#4, %[[MAXIMUM]]
// CHECK: arith.subf %[[RIGHT]]#4, %[[MAXIMUM]]
// CHECK-DAG: %[[LEFTSUM:.*]] = arith.mulf %[[LEFT]]#5, %[[RESCALELEFT:.*]] : vector<4xf32>
// CHECK-DAG: %[[RIGHTSUM:.*]] = arith.mulf %[[RIGHT]]#5, %[[RESCALERIGHT:.*]] : vector<4xf32>
// CHECK: arith.addf %[[LEFTSUM]], %[[RIGHTSUM]]
// CHECK: scf.for
// CHECK: %[[OURS:.*]] = arith.mulf %{{.*}}, %[[RESCALELEFT]]
// CHECK: math.fma %{{.*}}, %[[RESCALERIGHT]], %[[OURS]]
// CHECK: call @attn_unpack_rows_f32

// CHECK-LABEL: func.func private @halves.classify(
// CHECK-SAME: %{{.*}}: !llvm.ptr, %{{.*}}: i64, %{{.*}}: i64, %[[FIRST:.*]]: i64, %{{.*}}: i64)
// CHECK: arith.cmpi slt, %[[FIRST]]
// CHECK-LABEL: func.func private @halves.classify_2(
// CHECK-SAME: %{{.*}}: !llvm.ptr, %{{.*}}: i64, %{{.*}}: i64, %{{.*}}: i64, %[[LAST:.*]]: i64)
// CHECK: arith.cmpi sge, %[[LAST]]
attn.tile_kernel @halves coordinates {i = 0 : i64, j = 1 : i64, d = 2 : i64, e = 3 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 8, orientation = queries, heads = one> {
  %q = attn.tensor "q" 0 sizes #sizes : !t
  %k = attn.tensor "k" 1 sizes #sizes : !t
  %v = attn.tensor "v" 2 sizes #sizes : !t
  %o = attn.tensor "o" 3 sizes #sizes : !t
  %packed = attn.tile_pack %q ["i", "d"] : !t -> !queries
  %state0, %zero0 = attn.tile_init : !state, !features
  %left, %lower = attn.tile_visit(%state0, %zero0) : !state, !features -> !state, !features classify {
  ^bb0(%i0: i64, %i1: i64, %j0: i64, %j1: i64):
    %border = arith.constant 8 : i64
    %show = arith.cmpi slt, %j0, %border : i64
    %hide = arith.constant false
    attn.yield %show, %hide : i1, i1
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %accumulator: !features):
    %scores = attn.tile_contract %packed, %k ["j", "d"] at %block : !queries, !t -> !scores
    %next, %weights, %rescale = attn.tile_absorb %old, %scores at %block : !state, !scores -> !row
    %more = attn.tile_accumulate %accumulator times %rescale plus %weights, %v ["j", "e"] at %block : !features, !row, !scores, !t
    attn.yield %next, %more : !state, !features
  }
  %state1, %zero1 = attn.tile_init : !state, !features
  %right, %upper = attn.tile_visit(%state1, %zero1) : !state, !features -> !state, !features classify {
  ^bb0(%i0: i64, %i1: i64, %j0: i64, %j1: i64):
    %border = arith.constant 8 : i64
    %show = arith.cmpi sge, %j1, %border : i64
    %hide = arith.constant false
    attn.yield %show, %hide : i1, i1
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %accumulator: !features):
    %scores = attn.tile_contract %packed, %k ["j", "d"] at %block : !queries, !t -> !scores
    %next, %weights, %rescale = attn.tile_absorb %old, %scores at %block : !state, !scores -> !row
    %more = attn.tile_accumulate %accumulator times %rescale plus %weights, %v ["j", "e"] at %block : !features, !row, !scores, !t
    attn.yield %next, %more : !state, !features
  }
  %both, %all = attn.tile_combine %left, %lower with %right, %upper : !state, !features
  %result, %lse = attn.tile_finish %both(%all) : (!state, !features) -> (!features, !row)
  attn.tile_store %result, %o ["i", "e"] : !features, !t
}
