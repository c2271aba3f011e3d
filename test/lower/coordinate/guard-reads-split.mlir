// RUN: attn-opt %s --attn-guard-reads=split=true | FileCheck %s

!i = !attn.fn<i64, [i]>
!j = !attn.fn<i64, [j]>
!n = !attn.fn<i64, []>
!ij = !attn.fn<i1, [i, j]>
!f = !attn.fn<f32, [i, j]>
!t = !attn.tensor<1 x f32>

// j <= i and i // w == j // w, and a score that reads t[i]: the quotients and the row's element are computed once per row and key; what is wrong is
// looked for only where it counts. What has no further condition is checked by itself.
// CHECK-LABEL: attn.kernel @apart
attn.kernel @apart coordinates {i = 0 : i64, j = 1 : i64} {
  %o = attn.tensor "o" 0 sizes affine_map<()[s0, s1] -> (s0, s1)> : !attn.tensor<2 x f32>
  // CHECK: %[[T:.*]] = attn.tensor "t"
  %t = attn.tensor "t" 1 sizes affine_map<()[s0, s1, s2] -> (s2)> : !t
  // CHECK: %[[W:.*]] = attn.scalar "w"
  %w = attn.scalar "w" 0 : !n
  // CHECK: %[[I:.*]] = attn.coordinate "i"
  %i = attn.coordinate "i" : !i
  %j = attn.coordinate "j" : !j
  // CHECK-DAG: %[[CAUSAL:.*]] = attn.compare less_equal
  // CHECK-DAG: attn.binary floor_divide %[[I]], %[[W]] safe {text = "i // w"} : {{.*}} -> !attn.fn<i64, [i]>
  // CHECK-DAG: attn.check[%[[W]]] where %[[CAUSAL]] in_mask {text = "i // w"}
  // CHECK-DAG: %[[MASK:.*]] = attn.and %[[CAUSAL]]
  // CHECK-DAG: attn.read %[[T]][%[[I]]] safe {text = "t[i]"} : {{.*}} -> !attn.fn<f32, [i]>
  // CHECK-DAG: attn.check %[[T]][%[[I]]] where %[[MASK]] {text = "t[i]"}
  // CHECK-DAG: attn.read %[[T]][%{{.*}}] where %[[MASK]] {text = "t[i + j]"} : {{.*}} -> !attn.fn<f32, [i, j]>
  %causal = attn.compare less_equal %j, %i : !j, !i -> !ij
  %iw = attn.binary floor_divide %i, %w {text = "i // w"} : (!i, !n) -> !i
  %same = attn.compare equal %iw, %j : !i, !j -> !ij
  %mask = attn.and %causal, %same : !ij, !ij -> !ij
  %ti = attn.read %t[%i] {text = "t[i]"} : (!t, !i) -> !attn.fn<f32, [i]>
  %both = attn.binary add %i, %j : (!i, !j) -> !attn.fn<i64, [i, j]>
  %tij = attn.read %t[%both] {text = "t[i + j]"} : (!t, !attn.fn<i64, [i, j]>) -> !f
  %score = attn.binary add %ti, %tij : (!attn.fn<f32, [i]>, !f) -> !f
  %weight = attn.softmax %score where %mask : (!f, !ij) -> !f
  attn.output %o ["i", "j"] = %weight : !attn.tensor<2 x f32>, !f
}
