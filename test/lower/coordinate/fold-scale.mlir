// RUN: attn-opt %s --split-input-file --attn-fold-scale --attn-simplify | FileCheck %s

!f = !attn.fn<f32, []>
!h = !attn.fn<f32, [h]>
!q = !attn.fn<f32, [h, i, d]>
!k = !attn.fn<f32, [h, j, d]>
!s = !attn.fn<f32, [h, i, j]>
#t = affine_map<()[s0, s1, s2, s3] -> (s0, s1, s3)>

// dot(q, k) / sqrt(D) * -tau[h]: the quotient is formed in f64 and rounded once; what varies with h is one factor per head.
// CHECK-LABEL: attn.kernel @several
attn.kernel @several coordinates {h = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64} {
  %qt = attn.tensor "q" 0 sizes affine_map<()[s0, s1, s2, s3] -> (s0, s1, s3)> : !attn.tensor<3 x f32>
  %kt = attn.tensor "k" 1 sizes affine_map<()[s0, s1, s2, s3] -> (s0, s2, s3)> : !attn.tensor<3 x f32>
  %tt = attn.tensor "tau" 2 sizes affine_map<()[s0, s1, s2, s3] -> (s0)> : !attn.tensor<1 x f32>
  %o = attn.tensor "o" 3 sizes affine_map<()[s0, s1, s2, s3] -> (s0, s1, s2)> : !attn.tensor<3 x f32>
  %h = attn.coordinate "h" : !attn.fn<i64, [h]>
  %i = attn.coordinate "i" : !attn.fn<i64, [i]>
  %j = attn.coordinate "j" : !attn.fn<i64, [j]>
  %d = attn.coordinate "d" : !attn.fn<i64, [d]>
  %q = attn.read %qt[%h, %i, %d] unchecked : (!attn.tensor<3 x f32>, !attn.fn<i64, [h]>, !attn.fn<i64, [i]>, !attn.fn<i64, [d]>) -> !q
  %k = attn.read %kt[%h, %j, %d] unchecked : (!attn.tensor<3 x f32>, !attn.fn<i64, [h]>, !attn.fn<i64, [j]>, !attn.fn<i64, [d]>) -> !k
  // The table is read where nothing may be visible, which is fine since h is inside.
  %tau = attn.read %tt[%h] : (!attn.tensor<1 x f32>, !attn.fn<i64, [h]>) -> !h
  %D = attn.extent "D" 3 : !attn.fn<i64, []>
  %D64 = attn.convert %D : !attn.fn<i64, []> -> !attn.fn<f64, []>
  // CHECK: %[[ROOT:.*]] = attn.unary sqrt
  %root = attn.unary sqrt %D64 : !attn.fn<f64, []> -> !attn.fn<f64, []>
  %root32 = attn.convert %root : !attn.fn<f64, []> -> !f
  %dot = attn.dot ["d"] %q, %k : (!q, !k) -> !s
  // CHECK: %[[INVERSE:.*]] = attn.binary divide %{{.*}}, %[[ROOT]]
  %a = attn.binary divide %dot, %root32 : (!s, !f) -> !s
  // CHECK: %[[TAU:.*]] = attn.convert %{{.*}} : !attn.fn<f32, [h]> -> !attn.fn<f64, [h]>
  // CHECK: %[[BOTH:.*]] = attn.binary multiply %[[INVERSE]], %[[TAU]]
  %b = attn.binary multiply %tau, %a : (!h, !s) -> !s
  // CHECK: %[[SCALE64:.*]] = attn.binary multiply %[[BOTH]], %{{.*}} : (!attn.fn<f64, [h]>, !attn.fn<f64, []>)
  // CHECK: %[[SCALE:.*]] = attn.convert %[[SCALE64]] : !attn.fn<f64, [h]> -> !attn.fn<f32, [h]>
  %c = attn.unary negate %b : !s -> !s
  // CHECK: %[[DOT:.*]] = attn.dot ["d"] {{.*}} scale %[[SCALE]]
  // CHECK: attn.output {{.*}} = %[[DOT]]
  attn.output %o ["h", "i", "j"] = %c : !attn.tensor<3 x f32>, !s
}

// -----

!f = !attn.fn<f32, []>
!q = !attn.fn<f32, [i, d]>
!k = !attn.fn<f32, [j, d]>
!s = !attn.fn<f32, [i, j]>

// A factor per query stays in f32. A factor that varies with j, c / dot, and a dot that is used twice stay outside.
// CHECK-LABEL: attn.kernel @stops
attn.kernel @stops coordinates {i = 0 : i64, j = 1 : i64, d = 2 : i64} {
  %qt = attn.tensor "q" 0 sizes affine_map<()[s0, s1, s2] -> (s0, s2)> : !attn.tensor<2 x f32>
  %kt = attn.tensor "k" 1 sizes affine_map<()[s0, s1, s2] -> (s1, s2)> : !attn.tensor<2 x f32>
  %o = attn.tensor "o" 3 sizes affine_map<()[s0, s1, s2] -> (s0, s1)> : !attn.tensor<2 x f32>
  %i = attn.coordinate "i" : !attn.fn<i64, [i]>
  %j = attn.coordinate "j" : !attn.fn<i64, [j]>
  %d = attn.coordinate "d" : !attn.fn<i64, [d]>
  %q = attn.read %qt[%i, %d] unchecked : (!attn.tensor<2 x f32>, !attn.fn<i64, [i]>, !attn.fn<i64, [d]>) -> !q
  %k = attn.read %kt[%j, %d] unchecked : (!attn.tensor<2 x f32>, !attn.fn<i64, [j]>, !attn.fn<i64, [d]>) -> !k
  %fi = attn.convert %i : !attn.fn<i64, [i]> -> !attn.fn<f32, [i]>
  %fj = attn.convert %j : !attn.fn<i64, [j]> -> !attn.fn<f32, [j]>
  // CHECK: %[[FI:.*]] = attn.convert {{.*}} -> !attn.fn<f32, [i]>
  // CHECK: %[[FJ:.*]] = attn.convert {{.*}} -> !attn.fn<f32, [j]>
  // CHECK: %[[D1:.*]] = attn.dot ["d"] {{.*}} scale %[[FI]]
  // CHECK: %[[A:.*]] = attn.binary multiply %[[D1]], %[[FJ]]
  %dot1 = attn.dot ["d"] %q, %k : (!q, !k) -> !s
  %a0 = attn.binary multiply %dot1, %fi : (!s, !attn.fn<f32, [i]>) -> !s
  %a = attn.binary multiply %a0, %fj : (!s, !attn.fn<f32, [j]>) -> !s
  // CHECK: %[[D2:.*]] = attn.dot ["d"] %{{[0-9]*}}, %{{[0-9]*}} :
  // CHECK: attn.binary divide %[[FI]], %[[D2]]
  %dot2 = attn.dot ["d"] %k, %q : (!k, !q) -> !s
  %b = attn.binary divide %fi, %dot2 : (!attn.fn<f32, [i]>, !s) -> !s
  // CHECK: %[[D3:.*]] = attn.dot ["d"] %{{[0-9]*}}, %{{[0-9]*}} :
  // CHECK: attn.binary multiply %[[D3]], %[[FI]]
  %dot3 = attn.dot ["d"] %q, %q : (!q, !q) -> !attn.fn<f32, [i]>
  %c = attn.binary multiply %dot3, %fi : (!attn.fn<f32, [i]>, !attn.fn<f32, [i]>) -> !attn.fn<f32, [i]>
  %e = attn.binary add %c, %dot3 : (!attn.fn<f32, [i]>, !attn.fn<f32, [i]>) -> !attn.fn<f32, [i]>
  %x = attn.binary add %a, %b : (!s, !s) -> !s
  %y = attn.binary add %x, %e : (!s, !attn.fn<f32, [i]>) -> !s
  attn.output %o ["i", "j"] = %y : !attn.tensor<2 x f32>, !s
}

// -----

!q = !attn.fn<f32, [i, d]>
!k = !attn.fn<f32, [j, d]>
!s = !attn.fn<f32, [i, j]>

// A factor whose index may be wrong must be read only where something is visible: it stays.
// CHECK-LABEL: attn.kernel @partial
attn.kernel @partial coordinates {i = 0 : i64, j = 1 : i64, d = 2 : i64} {
  %qt = attn.tensor "q" 0 sizes affine_map<()[s0, s1, s2] -> (s0, s2)> : !attn.tensor<2 x f32>
  %kt = attn.tensor "k" 1 sizes affine_map<()[s0, s1, s2] -> (s1, s2)> : !attn.tensor<2 x f32>
  %tt = attn.tensor "t" 2 sizes affine_map<()[s0, s1, s2, s3] -> (s3)> : !attn.tensor<1 x f32>
  %o = attn.tensor "o" 3 sizes affine_map<()[s0, s1, s2] -> (s0, s1)> : !attn.tensor<2 x f32>
  %i = attn.coordinate "i" : !attn.fn<i64, [i]>
  %j = attn.coordinate "j" : !attn.fn<i64, [j]>
  %d = attn.coordinate "d" : !attn.fn<i64, [d]>
  %q = attn.read %qt[%i, %d] unchecked : (!attn.tensor<2 x f32>, !attn.fn<i64, [i]>, !attn.fn<i64, [d]>) -> !q
  %k = attn.read %kt[%j, %d] unchecked : (!attn.tensor<2 x f32>, !attn.fn<i64, [j]>, !attn.fn<i64, [d]>) -> !k
  %t = attn.read %tt[%i] : (!attn.tensor<1 x f32>, !attn.fn<i64, [i]>) -> !attn.fn<f32, [i]>
  %dot = attn.dot ["d"] %q, %k : (!q, !k) -> !s
  // CHECK: %[[DOT:.*]] = attn.dot
  // CHECK-NOT: scale
  // CHECK: attn.binary multiply %[[DOT]]
  %a = attn.binary multiply %dot, %t : (!s, !attn.fn<f32, [i]>) -> !s
  attn.output %o ["i", "j"] = %a : !attn.tensor<2 x f32>, !s
}
