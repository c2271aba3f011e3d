// RUN: attn-opt %s --attn-lower-tiles --cse | FileCheck %s

// A block of keys that a classifier leaves open which isn't exact, and which it doesn't know to hold both, is looked at in parts: the classifier goes to the launcher as a function
// of any part, with what it is called with beside it in the workspace.

!t = !attn.tensor<2 x f32>
!scores = !attn.tile<f32, [j, i]>
!features = !attn.tile<f32, [e, i]>
!queries = !attn.tile<f32, [d, i]>
!state = !attn.state<softmax>
!row = !attn.fn<f32, [i]>
!pair = !attn.fn<f32, [i, j]>
!hidden = !attn.fn<i1, [i, j]>
!ci = !attn.fn<i64, [i]>
!cj = !attn.fn<i64, [j]>
#query = affine_map<()[I, J, D, E] -> (I, D)>
#key = affine_map<()[I, J, D, E] -> (J, D)>
#value = affine_map<()[I, J, D, E] -> (J, E)>

attn.binder @parts_binder {
}

// CHECK: func.func private @attn_classify_parts((!llvm.ptr, i64, i64, i64, i64) -> i32, !llvm.ptr, !llvm.ptr, i64, i64, i64, i64) -> i32
// CHECK-LABEL: func.func @parts_body
// CHECK: scf.while
// CHECK: %[[ANSWER:.*]]:3 = func.call @parts.classify
// CHECK: %[[SOME:.*]] = arith.andi %[[ANSWER]]#0, %[[ANSWER]]#1
// CHECK: %[[UNKNOWN:.*]] = arith.xori %[[ANSWER]]#2
// CHECK: %[[OPEN:.*]] = arith.andi %[[SOME]], %[[UNKNOWN]]
// CHECK: %[[ONE:.*]] = arith.andi %{{.*}}, %[[OPEN]]
// CHECK: scf.if %[[ONE]] -> (i1, i1) {
// CHECK: %[[FUNCTION:.*]] = func.constant @parts.classify_part
// CHECK: func.call @attn_classify_parts(%[[FUNCTION]], %{{.*}}, %{{.*}},
// CHECK: } else {
// CHECK: scf.yield %[[ANSWER]]#0, %[[ANSWER]]#1
// CHECK-LABEL: func.func private @parts.classify_part
// CHECK: %[[PART:.*]]:3 = call @parts.classify
// CHECK: %[[SHOW:.*]] = arith.extui %[[PART]]#0
// CHECK: %[[HIDE:.*]] = arith.extui %[[PART]]#1
// CHECK: %[[TWICE:.*]] = arith.addi %[[HIDE]], %[[HIDE]]
// CHECK: %[[FOUND:.*]] = arith.addi %[[SHOW]], %[[TWICE]]
// CHECK: %[[BOTH:.*]] = arith.andi %{{.*}}, %[[PART]]#2
// CHECK: %[[RESULT:.*]] = arith.select %[[BOTH]], %c7_i32, %[[FOUND]]
// CHECK: return %[[RESULT]] : i32
attn.tile_kernel @parts coordinates {i = 0 : i64, j = 1 : i64, d = 2 : i64, e = 3 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %q = attn.tensor "q" 0 sizes #query : !t
  %k = attn.tensor "k" 1 sizes #key : !t
  %v = attn.tensor "v" 2 sizes #value : !t
  %o = attn.tensor "o" 3 sizes affine_map<()[I, J, D, E] -> (I, E)> : !t
  %packed = attn.tile_pack %q ["i", "d"] : !t -> !queries
  %state, %zero = attn.tile_init : !state, !features
  %end, %sum = attn.tile_visit(%state, %zero) : !state, !features -> !state, !features classify {
  ^bb0(%i0: i64, %i1: i64, %j0: i64, %j1: i64):
    %show = arith.cmpi sle, %j0, %i1 : i64
    %hide = arith.cmpi sgt, %j1, %i0 : i64
    %known = arith.cmpi eq, %j0, %i0 : i64
    attn.yield %show, %hide, %known : i1, i1, i1
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %accumulator: !features):
    %products = attn.tile_contract %packed, %k ["j", "d"] at %block : !queries, !t -> !scores
    %scores = attn.tile_map(%products) at %block : (!scores, !attn.keys) -> !scores {
    ^bb1(%s: !pair):
      %i = attn.coordinate "i" : !ci
      %j = attn.coordinate "j" : !cj
      %mask = attn.compare less_equal %j, %i : !cj, !ci -> !hidden
      attn.yield %s, %mask : !pair, !hidden
    }
    %next, %weights, %rescale = attn.tile_absorb %old, %scores at %block : !state, !scores -> !row
    %more = attn.tile_accumulate %accumulator times %rescale plus %weights, %v ["j", "e"] at %block : !features, !row, !scores, !t
    attn.yield %next, %more : !state, !features
  }
  %result, %lse = attn.tile_finish %end(%sum) : (!state, !features) -> (!features, !row)
  attn.tile_store %result, %o ["i", "e"] : !features, !t
}
