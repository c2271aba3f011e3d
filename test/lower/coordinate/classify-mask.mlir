// RUN: attn-opt %s --split-input-file --attn-classify-mask | FileCheck %s

!i = !attn.fn<i64, [i]>
!j = !attn.fn<i64, [j]>
!e = !attn.fn<i64, [e]>
!ij = !attn.fn<i64, [i, j]>
!b = !attn.fn<i1, [i, j]>
!n = !attn.fn<i64, []>
!s = !attn.fn<f32, [i, j]>
!v = !attn.fn<f32, [j, e]>
!t = !attn.tensor<2 x f32>

// 0 <= i - j < w: empty where the differences i0 - j1 .. i1 - j0 miss 0 .. w - 1, full where they lie inside. What needs only w is computed
// outside.
// CHECK-LABEL: attn.kernel @window
attn.kernel @window coordinates {i = 0 : i64, j = 1 : i64, e = 2 : i64} {
  %o = attn.tensor "o" 0 sizes affine_map<()[s0, s1, s2] -> (s0, s2)> : !t
  %x = attn.tensor "x" 1 sizes affine_map<()[s0, s1, s2] -> (s0, s1)> : !t
  %y = attn.tensor "y" 2 sizes affine_map<()[s0, s1, s2] -> (s1, s2)> : !t
  %i = attn.coordinate "i" : !i
  %j = attn.coordinate "j" : !j
  %e = attn.coordinate "e" : !e
  %w = attn.scalar "w" 0 : !n
  %zero = attn.constant 0 : i64 : !n
  %d = attn.binary subtract %i, %j : (!i, !j) -> !ij
  %behind = attn.compare less_equal %zero, %d : !n, !ij -> !b
  %near = attn.compare less %d, %w : !ij, !n -> !b
  %mask = attn.and %behind, %near : !b, !b -> !b
  %score = attn.read %x[%i, %j] unchecked : (!t, !i, !j) -> !s
  %value = attn.read %y[%j, %e] unchecked : (!t, !j, !e) -> !v
  %r:2 = attn.online softmax score %score mask %mask value %value : (!s, !b, !v) -> (!attn.fn<f32, [i, e]>, !attn.fn<f32, [i]>)
  attn.output %o ["i", "e"] = %r#0 : !t, !attn.fn<f32, [i, e]>
  // CHECK: attn.classify exact {
  // CHECK-NEXT: ^bb0(%[[I0:.*]]: i64, %[[I1:.*]]: i64, %[[J0:.*]]: i64, %[[J1:.*]]: i64):
  // CHECK-DAG: %[[NOT_BELOW:.*]] = attn.uniform {{.*}} -> i64
  // CHECK-DAG: %[[LAST:.*]] = attn.uniform {{.*}} -> i64
  // CHECK-DAG: %[[SOME:.*]] = attn.uniform {{.*}} -> i1
  // CHECK: %[[MOST:.*]] = arith.subi %[[I1]], %[[J0]]
  // CHECK: %[[A:.*]] = arith.cmpi sge, %[[MOST]], %c0_i64
  // CHECK: %[[B:.*]] = arith.andi %{{.*}}, %[[A]]
  // CHECK: %[[LEAST:.*]] = arith.subi %[[I0]], %[[J1]]
  // CHECK: %[[C:.*]] = arith.cmpi sle, %[[LEAST]], %{{.*}}
  // CHECK: %[[VISIBLE:.*]] = arith.andi %[[B]], %[[C]]
  // CHECK: %[[D:.*]] = arith.cmpi sle, %[[LEAST]], %c-1_i64
  // CHECK: %[[E:.*]] = arith.cmpi sle, %{{.*}}, %[[MOST]]
  // CHECK: %[[INVISIBLE:.*]] = arith.ori %[[D]], %[[E]]
  // CHECK: attn.yield %[[VISIBLE]], %[[INVISIBLE]] : i1, i1
}

// -----

!i = !attn.fn<i64, [i]>
!j = !attn.fn<i64, [j]>
!e = !attn.fn<i64, [e]>
!b = !attn.fn<i1, [i, j]>
!s = !attn.fn<f32, [i, j]>
!v = !attn.fn<f32, [j, e]>
!t = !attn.tensor<2 x f32>
!d = !attn.tensor<1 x i32>

// doc[i] == doc[j]: the ranges of two slices. A read that may be outside makes the tile mixed where its condition may hold.
// CHECK-LABEL: attn.kernel @document
attn.kernel @document coordinates {i = 0 : i64, j = 1 : i64, e = 2 : i64} {
  %o = attn.tensor "o" 0 sizes affine_map<()[s0, s1, s2, s3] -> (s0, s2)> : !t
  %x = attn.tensor "x" 1 sizes affine_map<()[s0, s1, s2, s3] -> (s0, s1)> : !t
  %y = attn.tensor "y" 2 sizes affine_map<()[s0, s1, s2, s3] -> (s1, s2)> : !t
  %doc = attn.tensor "doc" 3 sizes affine_map<()[s0, s1, s2, s3] -> (s3)> : !d
  %i = attn.coordinate "i" : !i
  %j = attn.coordinate "j" : !j
  %e = attn.coordinate "e" : !e
  %causal = attn.compare less_equal %j, %i : !j, !i -> !b
  %di = attn.read %doc[%i] unchecked : (!d, !i) -> !i
  %dj = attn.read %doc[%j] where %causal : (!d, !j, !b) -> !attn.fn<i64, [i, j]>
  %same = attn.compare equal %di, %dj : !i, !attn.fn<i64, [i, j]> -> !b
  %mask = attn.and %causal, %same : !b, !b -> !b
  %score = attn.read %x[%i, %j] unchecked : (!t, !i, !j) -> !s
  %value = attn.read %y[%j, %e] unchecked : (!t, !j, !e) -> !v
  %r:2 = attn.online softmax score %score mask %mask value %value : (!s, !b, !v) -> (!attn.fn<f32, [i, e]>, !attn.fn<f32, [i]>)
  attn.output %o ["i", "e"] = %r#0 : !t, !attn.fn<f32, [i, e]>
  // CHECK: attn.classify {
  // CHECK-NEXT: ^bb0(%[[I0:.*]]: i64, %[[I1:.*]]: i64, %[[J0:.*]]: i64, %[[J1:.*]]: i64):
  // CHECK: %[[KNOWN_I:.*]], %[[LOW_I:.*]], %[[HIGH_I:.*]] = attn.table_range %{{.*}}[%[[I0]]] to[%[[I1]]]
  // CHECK: %[[A:.*]] = arith.select %[[KNOWN_I]], %[[LOW_I]], %c-2147483648_i64
  // CHECK: %[[B:.*]] = arith.select %[[KNOWN_I]], %[[HIGH_I]], %c2147483647_i64
  // CHECK: %[[KNOWN_J:.*]], %[[LOW_J:.*]], %[[HIGH_J:.*]] = attn.table_range %{{.*}}[%[[J0]]] to[%[[J1]]]
  // CHECK: %[[C:.*]] = arith.select %[[KNOWN_J]], %[[LOW_J]], %c-2147483648_i64
  // CHECK: %[[D:.*]] = arith.select %[[KNOWN_J]], %[[HIGH_J]], %c2147483647_i64
  // CHECK: arith.cmpi sle, %[[A]], %[[D]]
  // CHECK: arith.cmpi sle, %[[C]], %[[B]]
  // CHECK: arith.cmpi ne, %[[A]], %[[D]]
  // CHECK: arith.cmpi ne, %[[B]], %[[C]]
  // CHECK: %[[CAUSAL:.*]] = arith.cmpi sge
  // CHECK: %[[OUTSIDE:.*]] = arith.xori %[[KNOWN_J]], %true
  // CHECK: %[[FAILS:.*]] = arith.andi %[[OUTSIDE]], %[[CAUSAL]]
  // CHECK: %[[VISIBLE:.*]] = arith.ori %{{.*}}, %[[FAILS]]
  // CHECK: %[[INVISIBLE:.*]] = arith.ori %{{.*}}, %[[FAILS]]
  // CHECK: %[[NO_FAIL:.*]] = arith.xori %[[FAILS]], %true
  // CHECK: %[[BOTH:.*]] = arith.andi %{{.*}}, %[[NO_FAIL]]
  // CHECK: attn.yield %[[VISIBLE]], %[[INVISIBLE]], %[[BOTH]] : i1, i1, i1
}

// -----

!i = !attn.fn<i64, [i]>
!j = !attn.fn<i64, [j]>
!e = !attn.fn<i64, [e]>
!n = !attn.fn<i64, []>
!b = !attn.fn<i1, [i, j]>
!s = !attn.fn<f32, [i, j]>
!v = !attn.fn<f32, [j, e]>
!t = !attn.tensor<2 x f32>

// i // 64 == j // 64: a multiple of 64 no larger than both last ones and within 63 of both first ones.
// CHECK-LABEL: attn.kernel @chunks
attn.kernel @chunks coordinates {i = 0 : i64, j = 1 : i64, e = 2 : i64} {
  %o = attn.tensor "o" 0 sizes affine_map<()[s0, s1, s2] -> (s0, s2)> : !t
  %x = attn.tensor "x" 1 sizes affine_map<()[s0, s1, s2] -> (s0, s1)> : !t
  %y = attn.tensor "y" 2 sizes affine_map<()[s0, s1, s2] -> (s1, s2)> : !t
  %i = attn.coordinate "i" : !i
  %j = attn.coordinate "j" : !j
  %e = attn.coordinate "e" : !e
  %c = attn.constant 64 : i64 : !n
  %ci = attn.binary floor_divide %i, %c unchecked : (!i, !n) -> !i
  %cj = attn.binary floor_divide %j, %c unchecked : (!j, !n) -> !j
  %mask = attn.compare equal %ci, %cj : !i, !j -> !b
  %score = attn.read %x[%i, %j] unchecked : (!t, !i, !j) -> !s
  %value = attn.read %y[%j, %e] unchecked : (!t, !j, !e) -> !v
  %r:2 = attn.online softmax score %score mask %mask value %value : (!s, !b, !v) -> (!attn.fn<f32, [i, e]>, !attn.fn<f32, [i]>)
  attn.output %o ["i", "e"] = %r#0 : !t, !attn.fn<f32, [i, e]>
  // CHECK: attn.classify exact {
  // CHECK-NEXT: ^bb0(%[[I0:.*]]: i64, %[[I1:.*]]: i64, %[[J0:.*]]: i64, %[[J1:.*]]: i64):
  // CHECK: %[[A:.*]] = arith.subi %[[I0]], %c63_i64
  // CHECK: %[[B:.*]] = arith.subi %[[J0]], %c63_i64
  // CHECK: %[[FIRST:.*]] = arith.maxsi %[[A]], %[[B]]
  // CHECK: %[[LAST:.*]] = arith.minsi %[[I1]], %[[J1]]
  // CHECK: %[[CHUNK:.*]] = arith.shrsi %[[LAST]], %c6_i64
  // CHECK: %[[MULTIPLE:.*]] = arith.muli %[[CHUNK]], %c64_i64
  // CHECK: %[[VISIBLE:.*]] = arith.cmpi sle, %[[FIRST]], %[[MULTIPLE]]
  // CHECK: attn.yield %[[VISIBLE]], %{{.*}} : i1, i1
}

// -----

!i = !attn.fn<i64, [i]>
!j = !attn.fn<i64, [j]>
!e = !attn.fn<i64, [e]>
!s = !attn.fn<f32, [i, j]>
!v = !attn.fn<f32, [j, e]>
!t = !attn.tensor<2 x f32>

// Nothing to tell where everything is visible.
// CHECK-LABEL: attn.kernel @dense
// CHECK-NOT: attn.classify
attn.kernel @dense coordinates {i = 0 : i64, j = 1 : i64, e = 2 : i64} {
  %o = attn.tensor "o" 0 sizes affine_map<()[s0, s1, s2] -> (s0, s2)> : !t
  %x = attn.tensor "x" 1 sizes affine_map<()[s0, s1, s2] -> (s0, s1)> : !t
  %y = attn.tensor "y" 2 sizes affine_map<()[s0, s1, s2] -> (s1, s2)> : !t
  %i = attn.coordinate "i" : !i
  %j = attn.coordinate "j" : !j
  %e = attn.coordinate "e" : !e
  %mask = attn.constant true : !attn.fn<i1, []>
  %score = attn.read %x[%i, %j] unchecked : (!t, !i, !j) -> !s
  %value = attn.read %y[%j, %e] unchecked : (!t, !j, !e) -> !v
  %r:2 = attn.online softmax score %score mask %mask value %value : (!s, !attn.fn<i1, []>, !v) -> (!attn.fn<f32, [i, e]>, !attn.fn<f32, [i]>)
  attn.output %o ["i", "e"] = %r#0 : !t, !attn.fn<f32, [i, e]>
}
