// RUN: attn-opt %s --split-input-file --attn-form-online | FileCheck %s

!q = !attn.fn<f32, [h, i, d]>
!k = !attn.fn<f32, [g, j, d]>
!v = !attn.fn<f32, [g, j, e]>
!s = !attn.fn<f32, [h, i, j]>
!m = !attn.fn<i1, [b, i, j]>
!w = !attn.fn<f32, [b, h, i, j]>
!p = !attn.fn<f32, [b, h, i, j, e]>

// Key and query are put in order; the value may stand on either side; lse may come before the sum.
// CHECK-LABEL: attn.kernel @both
attn.kernel @both coordinates {b = 0 : i64, h = 1 : i64, g = 2 : i64, i = 3 : i64, j = 4 : i64, d = 5 : i64, e = 6 : i64} {
  %lt = attn.tensor "lse" 0 sizes affine_map<()[s0, s1, s2, s3] -> (s0, s1, s3)> : !attn.tensor<3 x f32>
  %ot = attn.tensor "o" 1 sizes affine_map<()[s0, s1, s2, s3, s4, s5, s6] -> (s6, s3, s1, s0)> : !attn.tensor<4 x f32>
  %qt = attn.tensor "q" 2 sizes affine_map<()[s0, s1, s2, s3, s4, s5] -> (s1, s3, s5)> : !attn.tensor<3 x f32>
  %kt = attn.tensor "k" 3 sizes affine_map<()[s0, s1, s2, s3, s4, s5] -> (s2, s4, s5)> : !attn.tensor<3 x f32>
  %vt = attn.tensor "v" 4 sizes affine_map<()[s0, s1, s2, s3, s4, s5, s6] -> (s2, s4, s6)> : !attn.tensor<3 x f32>
  %mt = attn.tensor "m" 5 sizes affine_map<()[s0, s1, s2, s3, s4] -> (s0, s3, s4)> : !attn.tensor<3 x i1>
  %b = attn.coordinate "b" : !attn.fn<i64, [b]>
  %h = attn.coordinate "h" : !attn.fn<i64, [h]>
  %g = attn.coordinate "g" : !attn.fn<i64, [g]>
  %i = attn.coordinate "i" : !attn.fn<i64, [i]>
  %j = attn.coordinate "j" : !attn.fn<i64, [j]>
  %d = attn.coordinate "d" : !attn.fn<i64, [d]>
  %e = attn.coordinate "e" : !attn.fn<i64, [e]>
  // CHECK-DAG: %[[Q:.*]] = attn.read {{.*}} -> !attn.fn<f32, [h, i, d]>
  // CHECK-DAG: %[[K:.*]] = attn.read {{.*}} -> !attn.fn<f32, [g, j, d]>
  // CHECK-DAG: %[[V:.*]] = attn.read {{.*}} -> !attn.fn<f32, [g, j, e]>
  // CHECK-DAG: %[[M:.*]] = attn.read {{.*}} -> !attn.fn<i1, [b, i, j]>
  %q = attn.read %qt[%h, %i, %d] unchecked : (!attn.tensor<3 x f32>, !attn.fn<i64, [h]>, !attn.fn<i64, [i]>, !attn.fn<i64, [d]>) -> !q
  %k = attn.read %kt[%g, %j, %d] unchecked : (!attn.tensor<3 x f32>, !attn.fn<i64, [g]>, !attn.fn<i64, [j]>, !attn.fn<i64, [d]>) -> !k
  %v = attn.read %vt[%g, %j, %e] unchecked : (!attn.tensor<3 x f32>, !attn.fn<i64, [g]>, !attn.fn<i64, [j]>, !attn.fn<i64, [e]>) -> !v
  %m = attn.read %mt[%b, %i, %j] unchecked : (!attn.tensor<3 x i1>, !attn.fn<i64, [b]>, !attn.fn<i64, [i]>, !attn.fn<i64, [j]>) -> !m
  // CHECK: %[[S:.*]] = attn.dot ["d"] %[[Q]], %[[K]]
  %s = attn.dot ["d"] %k, %q : (!k, !q) -> !s
  %lse = attn.log_sum_exp %s where %m : (!s, !m) -> !attn.fn<f32, [b, h, i]>
  attn.output %lt ["b", "h", "i"] = %lse : !attn.tensor<3 x f32>, !attn.fn<f32, [b, h, i]>
  %w = attn.softmax %s where %m : (!s, !m) -> !w
  %p = attn.binary multiply %v, %w : (!v, !w) -> !p
  // CHECK: %[[O:.*]], %[[L:.*]] = attn.online softmax score %[[S]] mask %[[M]] value %[[V]]
  // CHECK-SAME: -> (!attn.fn<f32, [b, h, i, e]>, !attn.fn<f32, [b, h, i]>)
  // CHECK-NOT: attn.softmax
  // CHECK-NOT: attn.log_sum_exp
  // CHECK-DAG: attn.output %{{.*}} ["b", "h", "i"] = %[[L]]
  // CHECK-DAG: attn.output %{{.*}} ["e", "i", "h", "b"] = %[[O]]
  %o = attn.reduce sum ["j"] %p where %m : (!p, !m) -> !attn.fn<f32, [b, h, i, e]>
  attn.output %ot ["e", "i", "h", "b"] = %o : !attn.tensor<4 x f32>, !attn.fn<f32, [b, h, i, e]>
}
