// RUN: attn-opt %s --attn-lower-tiles | FileCheck %s

// With a classifier only blocks of keys with something visible are taken. It becomes a function of its own, of the run, what it takes of the kernel, and the tile's
// bounds; what it asks tables for by the queries alone becomes another, called once for a row block.

!t = !attn.tensor<2 x f32>
!t3 = !attn.tensor<3 x f32>
!scores = !attn.tile<f32, [j, i]>
!features = !attn.tile<f32, [e, i]>
!queries = !attn.tile<f32, [d, i]>
!state = !attn.state<softmax>
!row = !attn.fn<f32, [i]>
!pair = !attn.fn<f32, [h, i, j]>
!ch = !attn.fn<i64, [h]>
!ci = !attn.fn<i64, [i]>
!cj = !attn.fn<i64, [j]>
#sizes = affine_map<()[H, I, J, D, E] -> (H, I, D)>

// CHECK: func.func private @attn_table_range_int(!llvm.ptr, i32, !llvm.ptr, !llvm.ptr, !llvm.ptr) -> i32
attn.binder @documents_binder {
}

// The tensors whose ranges are asked for are listed, so that the launcher can prepare them.
// CHECK-LABEL: func.func @documents_body
// CHECK-SAME: %[[STATE:[a-z0-9]*]]: !llvm.ptr
// CHECK-SAME: attn.summaries = array<i32: 3>

// The search for visible keys: a loop that carries the next key, the step, two flags and the state.
// CHECK: %[[HEAD:[0-9]+]] = arith.remui
// CHECK: %[[ROWS:[0-9]+]]:2 = func.call @documents.classify_rows(%[[STATE]], %[[HEAD]], %{{.*}}, %{{.*}}) : (!llvm.ptr, i64, i64, i64) -> (i64, i64)
// CHECK: scf.while {{.*}} : (i64, i64, i1, i1, vector<4xf32>, vector<4xf32>)
// CHECK: %[[ANSWER:.*]]:2 = func.call @documents.classify(%[[STATE]], %[[HEAD]], %{{.*}}, %{{.*}}, %[[ROWS]]#0, %[[ROWS]]#1, %[[FIRST:.*]], %{{.*}}) : (!llvm.ptr, i64, i64, i64, i64, i64, i64, i64) -> (i1, i1)
// A block that may hide something is trimmed, then its mask is evaluated; another's isn't.
// CHECK: scf.if %[[ANSWER]]#1 -> (i64, i64)
// CHECK: func.call @documents.classify
// CHECK: math.fma
// CHECK: scf.if %[[ANSWER]]#1 -> (vector<4xf32>)
// CHECK: llvm.intr.masked.gather
// CHECK: arith.select
// CHECK: } else {
// CHECK-NOT: llvm.intr.masked.gather
// CHECK: math.fma
// CHECK: return

// CHECK-LABEL: func.func private @documents.classify_rows
// CHECK-SAME: (%[[STATE:.*]]: !llvm.ptr, %[[HEAD:.*]]: i64, %[[I0:.*]]: i64, %[[I1:.*]]: i64) -> (i64, i64)
// A table's range is asked of the runtime: the box goes through memory, inclusive bounds of one dimension after the other.
// CHECK-DAG: llvm.store %[[HEAD]], %[[LOW:.*]] {
// CHECK-DAG: %[[LOW1:.*]] = llvm.getelementptr %[[LOW]][1]
// CHECK-DAG: llvm.store %[[I0]], %[[LOW1]]
// CHECK-DAG: %[[HIGH1:.*]] = llvm.getelementptr %[[HIGH:.*]][1]
// CHECK-DAG: llvm.store %[[I1]], %[[HIGH1]]
// CHECK: %[[TENSOR:.*]] = arith.constant 3 : i32
// CHECK: %[[ANSWER:.*]] = call @attn_table_range_int(%[[STATE]], %[[TENSOR]], %[[LOW]], %[[HIGH]], %[[RESULT:[0-9]+]])
// CHECK: %[[KNOWN:.*]] = arith.cmpi ne, %[[ANSWER]], %{{.*}} : i32
// CHECK: %[[MINIMUM:.*]] = llvm.load %[[RESULT]]
// CHECK: %[[MAXIMUMAT:.*]] = llvm.getelementptr %[[RESULT]][1]
// CHECK: %[[MAXIMUM:.*]] = llvm.load %[[MAXIMUMAT]]
// CHECK: return %{{.*}}, %{{.*}} : i64, i64

// CHECK-LABEL: func.func private @documents.classify
// CHECK-SAME: (%[[STATE:.*]]: !llvm.ptr, %[[HEAD:.*]]: i64, %[[I0:.*]]: i64, %[[I1:.*]]: i64, %[[ONE:.*]]: i64, %[[OTHER:.*]]: i64, %[[J0:.*]]: i64, %[[J1:.*]]: i64) -> (i1, i1)
// CHECK-NOT: attn_table_range
// CHECK: arith.cmpi sle, %[[J0]], %[[MAXIMUM:.*]] :
// CHECK: arith.cmpi sgt, %[[J1]], %[[MINIMUM:.*]] :
// CHECK: return %{{.*}}, %{{.*}} : i1, i1
attn.tile_kernel @documents coordinates {h = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %q = attn.tensor "q" 0 sizes #sizes : !t3
  %k = attn.tensor "k" 1 sizes #sizes : !t3
  %v = attn.tensor "v" 2 sizes #sizes : !t3
  %last = attn.tensor "last" 3 sizes affine_map<()[H, I, J, D, E] -> (H, I)> : !attn.tensor<2 x i32>
  %o = attn.tensor "o" 4 sizes #sizes : !t3
  %packed = attn.tile_pack %q ["h", "i", "d"] : !t3 -> !queries
  %h = attn.coordinate "h" : !ch
  %state, %zero = attn.tile_init : !state, !features
  %end, %sum = attn.tile_visit(%state, %zero) : !state, !features -> !state, !features classify exact {
  ^bb0(%i0: i64, %i1: i64, %j0: i64, %j1: i64):
    %head = attn.uniform %h : !ch -> i64
    %known, %minimum, %maximum = attn.table_range %last[%head, %i0] to [%head, %i1] : !attn.tensor<2 x i32> -> i64
    %unknown = arith.cmpi eq, %known, %known : i1
    %show = arith.cmpi sle, %j0, %maximum : i64
    %hide = arith.cmpi sgt, %j1, %minimum : i64
    attn.yield %show, %hide : i1, i1
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %accumulator: !features):
    %products = attn.tile_contract %packed, %k ["h", "j", "d"] at %block : !queries, !t3 -> !scores
    %scores = attn.tile_map(%products) at %block : (!scores, !attn.keys) -> !scores {
    ^bb1(%s: !pair):
      %i = attn.coordinate "i" : !ci
      %j = attn.coordinate "j" : !cj
      %key = attn.read %last[%h, %i] unchecked : (!attn.tensor<2 x i32>, !ch, !ci) -> !attn.fn<i64, [h, i]>
      %mask = attn.compare less_equal %j, %key : !cj, !attn.fn<i64, [h, i]> -> !attn.fn<i1, [h, i, j]>
      attn.yield %s, %mask : !pair, !attn.fn<i1, [h, i, j]>
    }
    %next, %weights, %rescale = attn.tile_absorb %old, %scores at %block : !state, !scores -> !row
    %more = attn.tile_accumulate %accumulator times %rescale plus %weights, %v ["h", "j", "e"] at %block : !features, !row, !scores, !t3
    attn.yield %next, %more : !state, !features
  }
  %result, %lse = attn.tile_finish %end(%sum) : (!state, !features) -> (!features, !row)
  attn.tile_store %result, %o ["h", "i", "e"] : !features, !t3
}
