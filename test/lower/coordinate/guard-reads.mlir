// RUN: attn-opt %s --split-input-file --attn-guard-reads | FileCheck %s

!i = !attn.fn<i64, [i]>
!j = !attn.fn<i64, [j]>
!ij = !attn.fn<i1, [i, j]>
!t = !attn.tensor<1 x i64>

// `t[i] < i and (j <= i and t[i] == t[j])`: t[j] is read where both left sides are true. What is always needed has no condition.
// CHECK-LABEL: attn.kernel @and
attn.kernel @and coordinates {i = 0 : i64, j = 1 : i64} {
  %o = attn.tensor "o" 0 sizes affine_map<()[s0, s1] -> (s0, s1)> : !attn.tensor<2 x i1>
  %t = attn.tensor "t" 1 sizes affine_map<()[s0, s1, s2] -> (s2)> : !t
  %i = attn.coordinate "i" : !i
  %j = attn.coordinate "j" : !j
  // CHECK: %[[TI:.*]] = attn.read %{{[0-9]*}}[%{{[0-9]*}}] :
  %ti = attn.read %t[%i] : (!t, !i) -> !i
  %tj = attn.read %t[%j] : (!t, !j) -> !j
  // CHECK: %[[CAUSAL:.*]] = attn.compare less_equal
  %causal = attn.compare less_equal %j, %i : !j, !i -> !ij
  // CHECK: %[[LEFT:.*]] = attn.compare less %[[TI]]
  // CHECK: %[[LEFTS:.*]] = attn.and %[[LEFT]], %[[CAUSAL]]
  // CHECK: %[[TJ:.*]] = attn.read {{.*}} where %[[LEFTS]] : {{.*}} -> !attn.fn<i64, [i, j]>
  // CHECK: %[[SAME:.*]] = attn.compare equal %[[TI]], %[[TJ]] : !attn.fn<i64, [i]>, !attn.fn<i64, [i, j]>
  %same = attn.compare equal %ti, %tj : !i, !j -> !ij
  %left = attn.compare less %ti, %i : !i, !i -> !attn.fn<i1, [i]>
  %both = attn.and %causal, %same : !ij, !ij -> !ij
  %all = attn.and %left, %both : !attn.fn<i1, [i]>, !ij -> !ij
  attn.output %o ["i", "j"] = %all : !attn.tensor<2 x i1>, !ij
}

// -----

!i = !attn.fn<i64, [i]>
!bi = !attn.fn<i1, [i]>
!t = !attn.tensor<1 x i64>
!n = !attn.fn<i64, []>

// The right of `or` counts where the left is false; each arm of a choice where it is taken; a divisor too.
// CHECK-LABEL: attn.kernel @or_select
attn.kernel @or_select coordinates {i = 0 : i64} {
  %o = attn.tensor "o" 0 sizes affine_map<()[s0] -> (s0)> : !attn.tensor<1 x i1>
  %p = attn.tensor "p" 1 sizes affine_map<()[s0] -> (s0)> : !t
  %t = attn.tensor "t" 2 sizes affine_map<()[s0, s1] -> (s1)> : !t
  %u = attn.tensor "u" 3 sizes affine_map<()[s0, s1] -> (s1)> : !t
  %w = attn.scalar "w" 0 : !n
  %four = attn.constant 4 : i64 : !n
  %i = attn.coordinate "i" : !i
  %near = attn.compare less %i, %four : !i, !n -> !bi
  %ti = attn.read %t[%i] {text = "t"} : (!t, !i) -> !i
  %ui = attn.read %u[%i] {text = "u"} : (!t, !i) -> !i
  %iw = attn.binary floor_divide %i, %w {text = "i // w"} : (!i, !n) -> !i
  // CHECK: %[[NEAR:.*]] = attn.compare less
  // CHECK-DAG: %[[FAR:.*]] = attn.not %[[NEAR]]
  // CHECK-DAG: attn.read {{.*}} where %[[NEAR]] {text = "t"}
  // CHECK-DAG: attn.read {{.*}} where %[[FAR]] {text = "u"}
  // CHECK-DAG: attn.binary floor_divide {{.*}} where %[[FAR]] {text = "i // w"}
  %choice = attn.select %near, %ti, %ui : (!bi, !i, !i) -> !i
  %positive = attn.compare less %four, %choice : !n, !i -> !bi
  %divided = attn.compare less %four, %iw : !n, !i -> !bi
  %or = attn.or %near, %divided : !bi, !bi -> !bi
  %all = attn.compare equal %or, %positive : !bi, !bi -> !bi
  attn.output %o ["i"] = %all : !attn.tensor<1 x i1>, !bi
}

// -----

!i = !attn.fn<i64, [i]>
!bi = !attn.fn<i1, [i]>
!t = !attn.tensor<1 x i64>
!n = !attn.fn<i64, []>

// A value with several uses has one guard, where any of them counts; one arm and the other is everywhere.
// CHECK-LABEL: attn.kernel @shared
attn.kernel @shared coordinates {i = 0 : i64} {
  %o = attn.tensor "o" 0 sizes affine_map<()[s0] -> (s0)> : !attn.tensor<1 x i64>
  %t = attn.tensor "t" 1 sizes affine_map<()[s0, s1] -> (s1)> : !t
  %four = attn.constant 4 : i64 : !n
  %i = attn.coordinate "i" : !i
  %ti = attn.read %t[%i] {text = "everywhere"} : (!t, !i) -> !i
  %i2 = attn.binary add %i, %i : (!i, !i) -> !i
  %t2 = attn.read %t[%i2] {text = "either"} : (!t, !i) -> !i
  %i4 = attn.binary add %i2, %i2 : (!i, !i) -> !i
  %a = attn.compare less %i, %four : !i, !n -> !bi
  %b = attn.compare less %i2, %four : !i, !n -> !bi
  // CHECK-DAG: attn.read %{{[0-9]*}}[%{{[0-9]*}}] {text = "everywhere"}
  // CHECK-DAG: %[[A:.*]] = attn.compare less %[[I:[0-9]*]], %[[FOUR:[0-9]*]]
  // CHECK-DAG: %[[I]] = attn.coordinate "i"
  // CHECK-DAG: %[[I2:.*]] = attn.binary add %[[I]], %[[I]]
  // CHECK-DAG: %[[B:.*]] = attn.compare less %[[I2]], %[[FOUR]]
  // CHECK-DAG: %[[EITHER:.*]] = attn.or %[[B]], %[[A]]
  // CHECK-DAG: attn.read {{.*}} where %[[EITHER]] {text = "either"}
  %x = attn.select %a, %ti, %i : (!bi, !i, !i) -> !i
  %y = attn.select %a, %i, %ti : (!bi, !i, !i) -> !i
  %z = attn.select %a, %t2, %i : (!bi, !i, !i) -> !i
  %w = attn.select %b, %t2, %i4 : (!bi, !i, !i) -> !i
  %xy = attn.binary add %x, %y : (!i, !i) -> !i
  %zw = attn.binary add %z, %w : (!i, !i) -> !i
  %s = attn.binary add %xy, %zw : (!i, !i) -> !i
  attn.output %o ["i"] = %s : !attn.tensor<1 x i64>, !i
}

// -----

!i = !attn.fn<i64, [i]>
!j = !attn.fn<i64, [j]>
!ij = !attn.fn<i1, [i, j]>
!f = !attn.fn<f32, [i, j]>
!t = !attn.tensor<1 x f32>
!l = !attn.tensor<1 x i64>

// A score counts where the mask is true, also the read that is the index of another. A read shared with the mask counts where the mask reads it.
// CHECK-LABEL: attn.kernel @score
attn.kernel @score coordinates {i = 0 : i64, j = 1 : i64} {
  %o = attn.tensor "o" 0 sizes affine_map<()[s0, s1] -> (s0, s1)> : !attn.tensor<2 x f32>
  %t = attn.tensor "t" 1 sizes affine_map<()[s0, s1, s2] -> (s2)> : !t
  %l = attn.tensor "l" 2 sizes affine_map<()[s0, s1, s2] -> (s2)> : !l
  %i = attn.coordinate "i" : !i
  %j = attn.coordinate "j" : !j
  %li = attn.read %l[%i] {text = "outer index"} : (!l, !i) -> !i
  %tli = attn.read %t[%li] {text = "gather"} : (!t, !i) -> !attn.fn<f32, [i]>
  %lj = attn.read %l[%j] {text = "shared"} : (!l, !j) -> !j
  %ljf = attn.convert %lj : !j -> !attn.fn<f32, [j]>
  %score = attn.binary add %tli, %ljf : (!attn.fn<f32, [i]>, !attn.fn<f32, [j]>) -> !f
  %causal = attn.compare less_equal %j, %i : !j, !i -> !ij
  %same = attn.compare equal %lj, %i : !j, !i -> !ij
  // CHECK: %[[CAUSAL:.*]] = attn.compare less_equal
  // CHECK: attn.read {{.*}} where %[[CAUSAL]] {text = "shared"}
  // CHECK: %[[SAME:.*]] = attn.compare equal
  // CHECK: %[[MASK:.*]] = attn.and %[[CAUSAL]], %[[SAME]]
  // CHECK: %[[INDEX:.*]] = attn.read {{.*}} where %[[MASK]] {text = "outer index"}
  // CHECK: attn.read %{{[0-9]*}}[%[[INDEX]]] where %[[MASK]] {text = "gather"}
  %mask = attn.and %causal, %same : !ij, !ij -> !ij
  // CHECK: attn.softmax %{{[0-9]*}} where %[[MASK]]
  %w = attn.softmax %score where %mask : (!f, !ij) -> !f
  attn.output %o ["i", "j"] = %w : !attn.tensor<2 x f32>, !f
}

// -----

!i = !attn.fn<i64, [i]>
!bi = !attn.fn<i1, [i]>
!t = !attn.tensor<1 x i64>
!n = !attn.fn<i64, []>

// What can't go wrong has no condition; a condition that is constant is known.
// CHECK-LABEL: attn.kernel @known
attn.kernel @known coordinates {i = 0 : i64} {
  %o = attn.tensor "o" 0 sizes affine_map<()[s0] -> (s0)> : !attn.tensor<1 x i1>
  %t = attn.tensor "t" 1 sizes affine_map<()[s0, s1] -> (s1)> : !t
  %four = attn.constant 4 : i64 : !n
  %true = attn.constant true : !attn.fn<i1, []>
  %i = attn.coordinate "i" : !i
  %near = attn.compare less %i, %four : !i, !n -> !bi
  // CHECK: attn.read %{{[0-9]*}}[%{{[0-9]*}}] unchecked
  %x = attn.read %t[%i] unchecked : (!t, !i) -> !i
  // CHECK: attn.read %{{[0-9]*}}[%{{[0-9]*}}] :
  %y = attn.read %t[%i] : (!t, !i) -> !i
  %xp = attn.compare less %four, %x : !n, !i -> !bi
  %yp = attn.compare less %four, %y : !n, !i -> !bi
  %a = attn.and %near, %xp : !bi, !bi -> !bi
  %b = attn.and %true, %yp : !attn.fn<i1, []>, !bi -> !bi
  %c = attn.or %a, %b : !bi, !bi -> !bi
  %d = attn.compare equal %b, %c : !bi, !bi -> !bi
  attn.output %o ["i"] = %d : !attn.tensor<1 x i1>, !bi
}

// -----

!i = !attn.fn<i64, [i]>
!bi = !attn.fn<i1, [i]>
!t = !attn.tensor<1 x i64>
!n = !attn.fn<i64, []>

// Bit operations of booleans are strict, so that the right side is always read; afterwards they may as well be lazy.
// CHECK-LABEL: attn.kernel @strict
attn.kernel @strict coordinates {i = 0 : i64} {
  %o = attn.tensor "o" 0 sizes affine_map<()[s0] -> (s0)> : !attn.tensor<1 x i1>
  %t = attn.tensor "t" 1 sizes affine_map<()[s0, s1] -> (s1)> : !t
  %four = attn.constant 4 : i64 : !n
  %i = attn.coordinate "i" : !i
  %near = attn.compare less %i, %four : !i, !n -> !bi
  // CHECK: attn.read %{{[0-9]*}}[%{{[0-9]*}}] :
  %x = attn.read %t[%i] : (!t, !i) -> !i
  %xp = attn.compare less %four, %x : !n, !i -> !bi
  // CHECK: %[[AND:.*]] = attn.and
  %a = attn.binary bit_and %near, %xp : (!bi, !bi) -> !bi
  // CHECK: %[[OR:.*]] = attn.or %[[AND]]
  %b = attn.binary bit_or %a, %xp : (!bi, !bi) -> !bi
  // CHECK: attn.compare not_equal %[[OR]]
  %c = attn.binary bit_xor %b, %near : (!bi, !bi) -> !bi
  attn.output %o ["i"] = %c : !attn.tensor<1 x i1>, !bi
}

// -----

!n = !attn.fn<i64, [n]>
!m = !attn.fn<i64, [m]>
!j = !attn.fn<i64, [j]>
!bj = !attn.fn<i1, [j]>
!t = !attn.tensor<1 x i64>

// any(m: m == j and any(n: t[n] == j)) and j < any(n: t[n] == j): what is read in a reduction over m and doesn't vary with m counts where it
// does for some m; t[j] in a sum over n, where there is some n.
// CHECK-LABEL: attn.kernel @reductions
attn.kernel @reductions coordinates {j = 0 : i64, m = 1 : i64, n = 2 : i64} {
  %o = attn.tensor "o" 0 sizes affine_map<()[s0, s1, s2] -> (s0)> : !attn.tensor<1 x i1>
  %t = attn.tensor "t" 1 sizes affine_map<()[s0, s1, s2, s3] -> (s3)> : !t
  %zero = attn.constant 0 : i64 : !attn.fn<i64, []>
  // CHECK: %[[J:.*]] = attn.coordinate "j"
  %j = attn.coordinate "j" : !j
  // CHECK: %[[M:.*]] = attn.coordinate "m"
  %m = attn.coordinate "m" : !m
  // CHECK: %[[N:.*]] = attn.coordinate "n"
  %n = attn.coordinate "n" : !n
  // CHECK-DAG: %[[SAME:.*]] = attn.compare equal %[[M]], %[[J]]
  // CHECK-DAG: %[[FIRST:.*]] = attn.compare equal %[[J]], %{{.*}} : !attn.fn<i64, [j]>, !attn.fn<i64, []>
  // CHECK-DAG: %[[EITHER:.*]] = attn.or {{.*}} -> !attn.fn<i1, [j, m]>
  // CHECK-DAG: %[[SOME:.*]] = attn.reduce any ["m"] %[[EITHER]] : {{.*}} -> !attn.fn<i1, [j]>
  // CHECK-DAG: attn.read %{{.*}}[%[[N]]] where %[[SOME]] {text = "t[n]"} : {{.*}} -> !attn.fn<i64, [j, n]>
  %tn = attn.read %t[%n] {text = "t[n]"} : (!t, !n) -> !n
  %hit = attn.compare equal %tn, %j : !n, !j -> !attn.fn<i1, [j, n]>
  %x = attn.reduce any ["n"] %hit : (!attn.fn<i1, [j, n]>) -> !bj
  %same = attn.compare equal %m, %j : !m, !j -> !attn.fn<i1, [j, m]>
  %inner = attn.and %same, %x : !attn.fn<i1, [j, m]>, !bj -> !attn.fn<i1, [j, m]>
  %some = attn.reduce any ["m"] %inner : (!attn.fn<i1, [j, m]>) -> !bj
  %first = attn.compare equal %j, %zero : !j, !attn.fn<i64, []> -> !bj
  %both = attn.and %first, %x : !bj, !bj -> !bj
  // CHECK-DAG: %[[EXTENT:.*]] = attn.extent "N" 2
  // CHECK-DAG: %[[THERE:.*]] = attn.compare greater %[[EXTENT]], %{{.*}} : !attn.fn<i64, []>, !attn.fn<i64, []> -> !attn.fn<i1, []>
  // CHECK-DAG: attn.read %{{.*}}[%[[J]]] where %[[THERE]] {text = "t[j]"} : {{.*}} -> !attn.fn<i64, [j]>
  %tj = attn.read %t[%j] {text = "t[j]"} : (!t, !j) -> !j
  %sum = attn.binary add %tj, %n : (!j, !n) -> !attn.fn<i64, [j, n]>
  %total = attn.reduce sum ["n"] %sum : (!attn.fn<i64, [j, n]>) -> !j
  %positive = attn.compare less %zero, %total : !attn.fn<i64, []>, !j -> !bj
  %either = attn.or %some, %both : !bj, !bj -> !bj
  %all = attn.compare equal %either, %positive : !bj, !bj -> !bj
  attn.output %o ["j"] = %all : !attn.tensor<1 x i1>, !bj
}
