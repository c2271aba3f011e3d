// RUN: attn-opt %s --attn-lower-tiles --cse | FileCheck %s

// One row block of queries against every key: nothing is left of the tile level, tensors are reached through the run's pointers and strides.

!t3 = !attn.tensor<3 x f32>
!scores = !attn.tile<f32, [j, i]>
!features = !attn.tile<f32, [e, i]>
!queries = !attn.tile<f32, [d, i]>
!state = !attn.state<softmax>
!row = !attn.fn<f32, [i]>
#sizes = affine_map<()[B, I, J, D, E] -> (B, I, D)>

attn.binder @plain_binder {
}

// CHECK-NOT: attn.tile
// CHECK-NOT: attn.binder

// Support functions of the runtime are declared once.
// CHECK-DAG: func.func private @attn_pack_rows_f32(!llvm.ptr, i64, i64, i64, i64, !llvm.ptr, i64, f32)
// CHECK-DAG: func.func private @attn_unpack_rows_f32(!llvm.ptr, i64, i64, i64, !llvm.ptr, i64, i64)

// CHECK-LABEL: func.func @plain_bind(%{{.*}}: !llvm.ptr)

// CHECK-LABEL: func.func @plain_body
// CHECK-SAME: (%[[STATE:.*]]: !llvm.ptr, %[[BEGIN:.*]]: i64, %[[END:.*]]: i64, %[[WORKSPACE:.*]]: !llvm.ptr)
// CHECK-SAME: attn.sites = []
// CHECK-SAME: attn.summaries = array<i32>
// CHECK: %[[KEYBLOCK:.*]] = arith.constant 8 : i64
// CHECK: scf.for %{{.*}} = %[[BEGIN]] to %[[END]]

// The whole row block may be done a second time, with care; without features it is at once.
// CHECK: %[[NOFEATURES:.*]] = arith.cmpi eq
// CHECK: %[[FIRST:.*]] = arith.select %{{.*}}, %{{.*}}, %{{.*}} : i64
// CHECK: scf.for %[[ATTEMPT:.*]] = %[[FIRST]] to %{{.*}} iter_args(%[[AGAIN:.*]] = %{{.*}}, %[[EXACT:.*]] = %{{.*}}) -> (i1, vector<4xi1>)
// CHECK: %[[CAREFUL:.*]] = arith.cmpi ne, %[[ATTEMPT]]
// CHECK: scf.if %[[AGAIN]]
// CHECK: call @attn_pack_rows_f32

// Without a classifier all keys are taken, a block of 8 at a time, with two vectors each of state: maxima and sums.
// CHECK: %[[LOWEST:.*]] = arith.constant dense<-3.40282347E+38> : vector<4xf32>
// CHECK: scf.for {{.*}} step %[[KEYBLOCK]] iter_args({{.*}}) -> (vector<4xf32>, vector<4xf32>)

// Products: 2 keys by one vector of queries in registers, two ways: for keys whose features are adjacent, and for others.
// CHECK: scf.if
// CHECK: iter_args({{.*}}) -> (vector<4xf32>, vector<4xf32>, i64)
// CHECK: math.fma
// CHECK: } else {
// CHECK: math.fma

// With care, rows whose score might have left the range of floats have theirs in units of 4.
// CHECK: arith.select %[[EXACT]], %{{.*}}, %{{.*}} : vector<4xi1>, vector<4xf32>
// CHECK: scf.if %[[CAREFUL]] -> (vector<4xf32>)
// CHECK: arith.mulf

// The normaliser's weights: 2 to the power of the distance from the new maximum, with care found beforehand.
// CHECK: %[[UNIT:.*]] = arith.select %[[EXACT]]
// CHECK: %[[NEXT:.*]] = arith.select
// CHECK: arith.mulf %{{.*}}, %[[UNIT]]
// CHECK: %[[ORIGIN:.*]] = arith.select %[[CAREFUL]], %{{.*}}, %[[NEXT]] : vector<4xf32>
// CHECK: scf.if %[[CAREFUL]] {
// CHECK: %[[DISTANCE:.*]] = arith.subf %{{.*}}, %[[NEXT]]
// CHECK: arith.mulf %[[DISTANCE]], %[[UNIT]]
// CHECK: scf.for
// CHECK: arith.subf %{{.*}}, %[[ORIGIN]]
// CHECK-NOT: %[[UNIT]]
// CHECK-NOT: math.exp2
// CHECK: math.fma

// 1 / sum, and the logarithm of the denominator by way of log2; a row that saw nothing gives 0 and -inf.
// CHECK: %[[MINUSINF:.*]] = arith.constant dense<0xFF800000> : vector<4xf32>
// CHECK: %[[EMPTY:.*]] = arith.cmpf oeq, %[[SUM:.*]], %{{.*}} : vector<4xf32>
// CHECK: math.log2 %[[SUM]]
// CHECK: arith.divf %{{.*}}, %[[SUM]]
// CHECK: %[[LSE:.*]] = arith.select %[[EMPTY]], %[[MINUSINF]], %{{.*}} : vector<4xi1>, vector<4xf32>

// Both outputs; lse is one row of scratch memory.
// CHECK: call @attn_unpack_rows_f32
// CHECK: llvm.store %[[LSE]],
// CHECK: call @attn_unpack_rows_f32
// CHECK-NOT: attn.tile
attn.tile_kernel @plain coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %q = attn.tensor "q" 0 sizes #sizes : !t3
  %k = attn.tensor "k" 1 sizes #sizes : !t3
  %v = attn.tensor "v" 2 sizes #sizes : !t3
  %o = attn.tensor "o" 3 sizes #sizes : !t3
  %l = attn.tensor "lse" 4 sizes affine_map<()[B, I] -> (B, I)> : !attn.tensor<2 x f32>
  %packed = attn.tile_pack %q ["b", "i", "d"] : !t3 -> !queries
  %state, %zero = attn.tile_init : !state, !features
  %end, %sum = attn.tile_visit(%state, %zero) : !state, !features -> !state, !features classify {
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %accumulator: !features):
    %scores = attn.tile_contract %packed, %k ["b", "j", "d"] at %block : !queries, !t3 -> !scores
    %next, %weights, %rescale = attn.tile_absorb %old, %scores at %block : !state, !scores -> !row
    %more = attn.tile_accumulate %accumulator times %rescale plus %weights, %v ["b", "j", "e"] at %block
        : !features, !row, !scores, !t3
    attn.yield %next, %more : !state, !features
  }
  %result, %lse = attn.tile_finish %end(%sum) : (!state, !features) -> (!features, !row)
  attn.tile_store %result, %o ["b", "i", "e"] : !features, !t3
  attn.tile_store_row %lse, %l ["b", "i"] : !row, !attn.tensor<2 x f32>
}
