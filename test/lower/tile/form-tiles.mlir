// RUN: attn-opt %s --attn-form-tiles | FileCheck %s

!t4 = !attn.tensor<4 x f32>
!t3 = !attn.tensor<3 x f32>
!q = !attn.fn<f32, [b, h, i, d]>
!k = !attn.fn<f32, [b, h, j, d]>
!v = !attn.fn<f32, [b, h, j, e]>
!s = !attn.fn<f32, [b, h, i, j]>
!o = !attn.fn<f32, [b, h, i, e]>
!l = !attn.fn<f32, [b, h, i]>
!cb = !attn.fn<i64, [b]>
!ch = !attn.fn<i64, [h]>
!ci = !attn.fn<i64, [i]>
!cj = !attn.fn<i64, [j]>
!cd = !attn.fn<i64, [d]>
!ce = !attn.fn<i64, [e]>
!uniform = !attn.fn<f32, []>

#schedule = #attn.schedule<lanes = 8, vectors = 2, key_rows = 4, feature_rows = 4, key_block = 32, key_step = 8, orientation = queries, heads = one>
#qs = affine_map<()[s0, s1, s2, s3, s4, s5] -> (s0, s1, s2, s4)>
#ks = affine_map<()[s0, s1, s2, s3, s4, s5] -> (s0, s1, s3, s4)>
#vs = affine_map<()[s0, s1, s2, s3, s4, s5] -> (s0, s1, s3, s5)>
#os = affine_map<()[s0, s1, s2, s3, s4, s5] -> (s0, s1, s2, s5)>
#ls = affine_map<()[s0, s1, s2, s3, s4, s5] -> (s0, s1, s2)>

// Where the score is the product itself, log2(e) joins the scale of the query, and nothing is done to the products. All keys are visible: no mask, no
// classifier. The kernel's extents and schedule go over to the tile kernel.
// CHECK-LABEL: attn.tile_kernel @plain
// CHECK-SAME: extents [-1, -1, -1, -1, 64, 64]
// CHECK-SAME: schedule <lanes = 8, vectors = 2,
// CHECK-DAG: %[[INIT:.*]]:2 = attn.tile_init : !attn.state<softmax>, !attn.tile<f32, [e, i]>
// CHECK-DAG: %[[LOG2E:.*]] = attn.constant 1.44269502 : f32
// CHECK-DAG: %[[SCALE:.*]] = attn.constant 1.250000e-01 : f32
// CHECK: %[[FACTOR:.*]] = attn.binary multiply %[[SCALE]], %[[LOG2E]]
// CHECK: %[[PACKED:.*]] = attn.tile_pack %{{.*}} ["b", "h", "i", "d"] scale %[[FACTOR]]
// CHECK: %[[VISIT:.*]]:2 = attn.tile_visit(%[[INIT]]#0, %[[INIT]]#1)
// CHECK-SAME: classify {
// CHECK-NEXT: } keys {
// CHECK: ^bb0(%[[BLOCK:.*]]: !attn.keys, %[[OLD:.*]]: !attn.state<softmax>, %[[SUM:.*]]: !attn.tile<f32, [e, i]>):
// CHECK-NEXT: %[[PRODUCTS:.*]] = attn.tile_contract %[[PACKED]], %{{.*}} ["b", "h", "j", "d"] at %[[BLOCK]]
// CHECK-NEXT: %[[NEXT:.*]], %[[WEIGHTS:.*]], %[[RESCALE:.*]] = attn.tile_absorb %[[OLD]], %[[PRODUCTS]] at %[[BLOCK]]
// CHECK-NEXT: %[[MORE:.*]] = attn.tile_accumulate %[[SUM]] times %[[RESCALE]] plus %[[WEIGHTS]], %{{.*}} ["b", "h", "j", "e"] at %[[BLOCK]]
// CHECK-NEXT: attn.yield %[[NEXT]], %[[MORE]]
// CHECK: %[[O:.*]], %[[LSE:.*]] = attn.tile_finish %[[VISIT]]#0(%[[VISIT]]#1)
// CHECK-DAG: attn.tile_store %[[O]], %{{.*}} ["b", "h", "i", "e"]
// CHECK-DAG: attn.tile_store_row %[[LSE]], %{{.*}} ["b", "h", "i"]
attn.kernel @plain coordinates {b = 0 : i64, h = 1 : i64, i = 2 : i64, j = 3 : i64, d = 4 : i64, e = 5 : i64}
    extents [-1, -1, -1, -1, 64, 64] attributes {attn.schedule = #schedule} {
  %qt = attn.tensor "q" 0 sizes #qs : !t4
  %kt = attn.tensor "k" 1 sizes #ks : !t4
  %vt = attn.tensor "v" 2 sizes #vs : !t4
  %ot = attn.tensor "o" 3 sizes #os : !t4
  %lt = attn.tensor "lse" 4 sizes #ls : !t3
  %b = attn.coordinate "b" : !cb
  %h = attn.coordinate "h" : !ch
  %i = attn.coordinate "i" : !ci
  %j = attn.coordinate "j" : !cj
  %d = attn.coordinate "d" : !cd
  %e = attn.coordinate "e" : !ce
  %q = attn.read %qt[%b, %h, %i, %d] unchecked : (!t4, !cb, !ch, !ci, !cd) -> !q
  %k = attn.read %kt[%b, %h, %j, %d] unchecked : (!t4, !cb, !ch, !cj, !cd) -> !k
  %v = attn.read %vt[%b, %h, %j, %e] unchecked : (!t4, !cb, !ch, !cj, !ce) -> !v
  %scale = attn.constant 0.125 : f32 : !uniform
  %s = attn.dot ["d"] %q, %k scale %scale : (!q, !k, !uniform) -> !s
  %mask = attn.constant true : !attn.fn<i1, []>
  %o, %l = attn.online softmax score %s mask %mask value %v : (!s, !attn.fn<i1, []>, !v) -> (!o, !l)
  attn.output %lt ["b", "h", "i"] = %l : !t3, !l
  attn.output %ot ["b", "h", "i", "e"] = %o : !t4, !o
}

// A score function: the query keeps its own scale, log2(e) multiplies the score in the map. What varies with the query alone is computed once per row
// block, what varies with the key in the map, where the product is an argument. The classifier goes to the visit, and what it reads of the kernel is
// computed outside.
// CHECK-LABEL: attn.tile_kernel @score
// CHECK-DAG: attn.tile_pack %{{.*}} ["b", "h", "i", "d"] : <4 x f32> -> <f32, [d, i]>
// CHECK-DAG: %[[WINDOW:.*]] = attn.scalar "w" 0
// CHECK-DAG: %[[I:.*]] = attn.coordinate "i"
// CHECK-DAG: %[[LAST:.*]] = attn.binary add %[[I]], %[[WINDOW]]
// CHECK-NOT: attn.coordinate "j"
// CHECK: attn.tile_visit
// CHECK-SAME: classify {
// CHECK-NEXT: ^bb0(%{{.*}}: i64, %[[LASTQUERY:.*]]: i64, %[[FIRSTKEY:.*]]: i64, %{{.*}}: i64):
// CHECK: %[[W:.*]] = attn.uniform %[[WINDOW]]
// CHECK: arith.addi %[[LASTQUERY]], %[[W]]
// CHECK: } keys {
// CHECK: %[[PRODUCTS:.*]] = attn.tile_contract
// CHECK: %[[SCORES:.*]] = attn.tile_map(%[[PRODUCTS]]) at %{{.*}} {
// CHECK-NEXT: ^bb0(%[[PRODUCT:.*]]: !attn.fn<f32, [b, h, i, j]>):
// CHECK: %[[CAPPED:.*]] = attn.unary tanh %[[PRODUCT]]
// CHECK: %[[LOG2E:.*]] = attn.constant 1.44269502 : f32
// CHECK: %[[SCORE:.*]] = attn.binary multiply %[[CAPPED]], %[[LOG2E]]
// CHECK: %[[J:.*]] = attn.coordinate "j"
// CHECK: %[[MASK:.*]] = attn.compare less_equal %[[J]], %[[LAST]]
// CHECK: attn.yield %[[SCORE]], %[[MASK]]
// CHECK: attn.tile_absorb %{{.*}}, %[[SCORES]]
attn.kernel @score coordinates {b = 0 : i64, h = 1 : i64, i = 2 : i64, j = 3 : i64, d = 4 : i64, e = 5 : i64}
    attributes {attn.schedule = #schedule} {
  %qt = attn.tensor "q" 0 sizes #qs : !t4
  %kt = attn.tensor "k" 1 sizes #ks : !t4
  %vt = attn.tensor "v" 2 sizes #vs : !t4
  %ot = attn.tensor "o" 3 sizes #os : !t4
  %b = attn.coordinate "b" : !cb
  %h = attn.coordinate "h" : !ch
  %i = attn.coordinate "i" : !ci
  %j = attn.coordinate "j" : !cj
  %d = attn.coordinate "d" : !cd
  %e = attn.coordinate "e" : !ce
  %w = attn.scalar "w" 0 : !attn.fn<i64, []>
  %q = attn.read %qt[%b, %h, %i, %d] unchecked : (!t4, !cb, !ch, !ci, !cd) -> !q
  %k = attn.read %kt[%b, %h, %j, %d] unchecked : (!t4, !cb, !ch, !cj, !cd) -> !k
  %v = attn.read %vt[%b, %h, %j, %e] unchecked : (!t4, !cb, !ch, !cj, !ce) -> !v
  %dot = attn.dot ["d"] %q, %k : (!q, !k) -> !s
  %s = attn.unary tanh %dot : !s -> !s
  %last = attn.binary add %i, %w : (!ci, !attn.fn<i64, []>) -> !ci
  %mask = attn.compare less_equal %j, %last : !cj, !ci -> !attn.fn<i1, [i, j]>
  attn.classify {
  ^bb0(%i0: i64, %i1: i64, %j0: i64, %j1: i64):
    %window = attn.uniform %w : !attn.fn<i64, []> -> i64
    %high = arith.addi %i1, %window : i64
    %low = arith.addi %i0, %window : i64
    %show = arith.cmpi sle, %j0, %high : i64
    %hide = arith.cmpi sgt, %j1, %low : i64
    attn.yield %show, %hide : i1, i1
  }
  %o, %l = attn.online softmax score %s mask %mask value %v : (!s, !attn.fn<i1, [i, j]>, !v) -> (!o, !l)
  attn.output %ot ["b", "h", "i", "e"] = %o : !t4, !o
}

// A mask on the plain product: the map hands the product through.
// CHECK-LABEL: attn.tile_kernel @masked
// CHECK: attn.tile_map
// CHECK-NEXT: ^bb0(%[[PRODUCT:.*]]: !attn.fn<f32, [b, h, i, j]>):
// CHECK-NOT: multiply
// CHECK: attn.yield %[[PRODUCT]], %{{.*}} : !attn.fn<f32, [b, h, i, j]>, !attn.fn<i1, [j]>
// The output's own order of coordinates is kept.
// CHECK: attn.tile_store %{{.*}}, %{{.*}} ["i", "b", "h", "e"]
attn.kernel @masked coordinates {b = 0 : i64, h = 1 : i64, i = 2 : i64, j = 3 : i64, d = 4 : i64, e = 5 : i64}
    attributes {attn.schedule = #schedule} {
  %qt = attn.tensor "q" 0 sizes #qs : !t4
  %kt = attn.tensor "k" 1 sizes #ks : !t4
  %vt = attn.tensor "v" 2 sizes #vs : !t4
  %ot = attn.tensor "o" 3 sizes affine_map<()[s0, s1, s2, s3, s4, s5] -> (s2, s0, s1, s5)> : !t4
  %b = attn.coordinate "b" : !cb
  %h = attn.coordinate "h" : !ch
  %i = attn.coordinate "i" : !ci
  %j = attn.coordinate "j" : !cj
  %d = attn.coordinate "d" : !cd
  %e = attn.coordinate "e" : !ce
  %q = attn.read %qt[%b, %h, %i, %d] unchecked : (!t4, !cb, !ch, !ci, !cd) -> !q
  %k = attn.read %kt[%b, %h, %j, %d] unchecked : (!t4, !cb, !ch, !cj, !cd) -> !k
  %v = attn.read %vt[%b, %h, %j, %e] unchecked : (!t4, !cb, !ch, !cj, !ce) -> !v
  %s = attn.dot ["d"] %q, %k : (!q, !k) -> !s
  %eight = attn.constant 8 : i64 : !attn.fn<i64, []>
  %mask = attn.compare less %j, %eight : !cj, !attn.fn<i64, []> -> !attn.fn<i1, [j]>
  %o, %l = attn.online softmax score %s mask %mask value %v : (!s, !attn.fn<i1, [j]>, !v) -> (!o, !l)
  attn.output %ot ["i", "b", "h", "e"] = %o : !t4, !o
}
