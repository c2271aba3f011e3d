// RUN: attn-opt %s --attn-lower-tiles | FileCheck %s

// A task is a batch, a query head and a row block; the group of key heads follows from the head. Operands shared by a group are found at its stride.

!t4 = !attn.tensor<4 x f32>
!scores = !attn.tile<f32, [j, i]>
!features = !attn.tile<f32, [e, i]>
!queries = !attn.tile<f32, [d, i]>
!state = !attn.state<softmax>
!row = !attn.fn<f32, [i]>
!pair = !attn.fn<f32, [b, h, i, j]>
!cg = !attn.fn<i64, [g]>
#sizes = affine_map<()[B, H, G, I, J, D, E] -> (B, H, I, D)>

attn.binder @groups_binder {
}

// CHECK-LABEL: func.func @groups_body
// CHECK-DAG: %[[HEADS:.*]] = arith.constant 12 : i64
// CHECK-DAG: %[[GROUPS:.*]] = arith.constant 3 : i64
// CHECK: %[[HEAD:.*]] = arith.remui %[[BATCHANDHEAD:.*]], %[[HEADS]]
// CHECK: %[[BATCH:.*]] = arith.divui %[[BATCHANDHEAD]], %[[HEADS]]
// CHECK: %[[GROUP:.*]] = arith.divui %[[HEAD]], %{{.*}}
// The query is at its head, key and value at the group.
// CHECK: arith.muli %[[HEAD]], %{{.*}}
// CHECK: call @attn_pack_rows_f32
// CHECK: arith.muli %[[GROUP]], %{{.*}}
// CHECK: math.fma
// The group is a number in scores, too.
// CHECK: %[[REAL:.*]] = arith.sitofp %[[GROUP]] : i64 to f32
// CHECK: vector.broadcast %[[REAL]]
// CHECK: arith.muli %[[GROUP]], %{{.*}}
// CHECK: arith.muli %[[HEAD]], %{{.*}}
// CHECK: call @attn_unpack_rows_f32
attn.tile_kernel @groups coordinates {b = 0 : i64, h = 1 : i64, g = 2 : i64, i = 3 : i64, j = 4 : i64, d = 5 : i64, e = 6 : i64}
    extents [-1, 12, 3, -1, -1, -1, -1]
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %q = attn.tensor "q" 0 sizes #sizes : !t4
  %k = attn.tensor "k" 1 sizes #sizes : !t4
  %v = attn.tensor "v" 2 sizes #sizes : !t4
  %o = attn.tensor "o" 3 sizes #sizes : !t4
  %packed = attn.tile_pack %q ["b", "h", "i", "d"] : !t4 -> !queries
  %state, %zero = attn.tile_init : !state, !features
  %end, %sum = attn.tile_visit(%state, %zero) : !state, !features -> !state, !features classify {
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %accumulator: !features):
    %products = attn.tile_contract %packed, %k ["b", "g", "j", "d"] at %block : !queries, !t4 -> !scores
    %scores = attn.tile_map(%products) at %block : (!scores, !attn.keys) -> !scores {
    ^bb1(%s: !pair):
      %g = attn.coordinate "g" : !cg
      %real = attn.convert %g : !cg -> !attn.fn<f32, [g]>
      %sum = attn.binary add %s, %real : (!pair, !attn.fn<f32, [g]>) -> !pair
      attn.yield %sum : !pair
    }
    %next, %weights, %rescale = attn.tile_absorb %old, %scores at %block : !state, !scores -> !row
    %more = attn.tile_accumulate %accumulator times %rescale plus %weights, %v ["b", "g", "j", "e"] at %block
        : !features, !row, !scores, !t4
    attn.yield %next, %more : !state, !features
  }
  %result, %lse = attn.tile_finish %end(%sum) : (!state, !features) -> (!features, !row)
  attn.tile_store %result, %o ["b", "h", "i", "e"] : !features, !t4
}
