// RUN: attn-opt %s --attn-form-tiles | FileCheck %s

// Tensors shared by groups of heads and in any order of dimensions: each operand keeps the coordinates it is read at.

!t3 = !attn.tensor<3 x f32>
!t4 = !attn.tensor<4 x f32>
!q = !attn.fn<f32, [h, i, r]>
!k = !attn.fn<f32, [b, g, j, r]>
!v = !attn.fn<f32, [g, j, f]>
!s = !attn.fn<f32, [b, h, i, j]>
!o = !attn.fn<f32, [b, h, i, f]>
!l = !attn.fn<f32, [b, h, i]>

// CHECK-LABEL: attn.tile_kernel @groups
// CHECK: attn.tile_init : !attn.state<softmax>, !attn.tile<f32, [f, i]>
// CHECK: attn.tile_pack %{{.*}} ["r", "i", "h"] scale %{{.*}} : <3 x f32> -> <f32, [r, i]>
// CHECK: attn.tile_contract %{{.*}}, %{{.*}} ["b", "j", "g", "r"] at %{{.*}} : <f32, [r, i]>, !attn.tensor<4 x f32> -> <f32, [j, i]>
// CHECK: attn.tile_accumulate %{{.*}} ["f", "g", "j"] at
// CHECK: attn.tile_store %{{.*}} ["b", "i", "h", "f"] : <f32, [f, i]>, <4 x f32>
attn.kernel @groups coordinates {b = 0 : i64, h = 1 : i64, g = 2 : i64, i = 3 : i64, j = 4 : i64, r = 5 : i64, f = 6 : i64}
    attributes {attn.schedule = #attn.schedule<lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one>} {
  %qt = attn.tensor "q" 0 sizes affine_map<()[s0, s1, s2, s3, s4, s5, s6] -> (s5, s3, s1)> : !t3
  %kt = attn.tensor "k" 1 sizes affine_map<()[s0, s1, s2, s3, s4, s5, s6] -> (s0, s4, s2, s5)> : !t4
  %vt = attn.tensor "v" 2 sizes affine_map<()[s0, s1, s2, s3, s4, s5, s6] -> (s6, s2, s4)> : !t3
  %ot = attn.tensor "o" 3 sizes affine_map<()[s0, s1, s2, s3, s4, s5, s6] -> (s0, s3, s1, s6)> : !t4
  %b = attn.coordinate "b" : !attn.fn<i64, [b]>
  %h = attn.coordinate "h" : !attn.fn<i64, [h]>
  %g = attn.coordinate "g" : !attn.fn<i64, [g]>
  %i = attn.coordinate "i" : !attn.fn<i64, [i]>
  %j = attn.coordinate "j" : !attn.fn<i64, [j]>
  %r = attn.coordinate "r" : !attn.fn<i64, [r]>
  %f = attn.coordinate "f" : !attn.fn<i64, [f]>
  %q = attn.read %qt[%r, %i, %h] unchecked : (!t3, !attn.fn<i64, [r]>, !attn.fn<i64, [i]>, !attn.fn<i64, [h]>) -> !q
  %k = attn.read %kt[%b, %j, %g, %r] unchecked : (!t4, !attn.fn<i64, [b]>, !attn.fn<i64, [j]>, !attn.fn<i64, [g]>, !attn.fn<i64, [r]>) -> !k
  %v = attn.read %vt[%f, %g, %j] unchecked : (!t3, !attn.fn<i64, [f]>, !attn.fn<i64, [g]>, !attn.fn<i64, [j]>) -> !v
  %s = attn.dot ["r"] %q, %k : (!q, !k) -> !s
  %mask = attn.constant true : !attn.fn<i1, []>
  %o, %l = attn.online softmax score %s mask %mask value %v : (!s, !attn.fn<i1, []>, !v) -> (!o, !l)
  attn.output %ot ["b", "i", "h", "f"] = %o : !t4, !o
}
