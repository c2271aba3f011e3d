// RUN: attn-opt %s --split-input-file --attn-infer-ranges | FileCheck %s

!h = !attn.fn<i64, [h]>
!i = !attn.fn<i64, [i]>
!j = !attn.fn<i64, [j]>
!ij = !attn.fn<i64, [i, j]>
!n = !attn.fn<i64, []>
!t1 = !attn.tensor<1 x f32>
!fij = !attn.fn<f32, [i, j]>

// Extents are unknown: what is inside is so by construction.
// CHECK-LABEL: attn.kernel @symbolic
attn.kernel @symbolic coordinates {h = 0 : i64, i = 1 : i64, j = 2 : i64, g = 4 : i64} {
  %o = attn.tensor "o" 0 sizes affine_map<()[s0, s1, s2] -> (s0, s1, s2)> : !attn.tensor<3 x f32>
  %I = attn.tensor "I" 1 sizes affine_map<()[s0, s1, s2, s3] -> (s1)> : !t1
  %N = attn.tensor "N" 2 sizes affine_map<()[s0, s1, s2, s3] -> (s3)> : !t1
  %IJ = attn.tensor "IJ" 3 sizes affine_map<()[s0, s1, s2, s3] -> (s1 + s2 - 1)> : !t1
  %G = attn.tensor "G" 4 sizes affine_map<()[s0, s1, s2, s3, s4] -> (s4)> : !t1
  // CHECK: attn.coordinate "i" {attn.range = array<i64: 0, 2147483646>}
  %i = attn.coordinate "i" : !i
  %j = attn.coordinate "j" : !j
  %h = attn.coordinate "h" : !h
  // CHECK: attn.extent "J" 2 {attn.range = array<i64: 0, 2147483647>}
  %Jx = attn.extent "J" 2 : !n
  %Nx = attn.extent "N" 3 : !n
  %Hx = attn.extent "H" 0 : !n
  %Gx = attn.extent "G" 4 : !n
  %one = attn.constant 1 : i64 : !n
  %zero = attn.constant 0 : i64 : !n
  // i of I is inside, j of I isn't known to be.
  // CHECK: attn.read %{{.*}}[%{{.*}}] unchecked
  %a = attn.read %I[%i] : (!t1, !i) -> !attn.fn<f32, [i]>
  // CHECK: attn.read %{{[0-9]*}}[%{{[0-9]*}}] : {{.*}} -> !attn.fn<f32, [j]>
  %b = attn.read %I[%j] : (!t1, !j) -> !attn.fn<f32, [j]>
  // i - j + J - 1 of I + J - 1.
  // CHECK: attn.binary subtract {{.*}}array<i64: -2147483646, 2147483646>
  %ij = attn.binary subtract %i, %j : (!i, !j) -> !ij
  %ijJ = attn.binary add %ij, %Jx : (!ij, !n) -> !ij
  %ijJ1 = attn.binary subtract %ijJ, %one : (!ij, !n) -> !ij
  // CHECK: attn.read {{.*}} unchecked : {{.*}} -> !attn.fn<f32, [i, j]>
  %c = attn.read %IJ[%ijJ1] : (!t1, !ij) -> !fij
  // i - j + J isn't.
  // CHECK: attn.read %{{[0-9]*}}[%{{[0-9]*}}] : {{.*}} -> !attn.fn<f32, [i, j]>
  %c2 = attn.read %IJ[%ijJ] : (!t1, !ij) -> !fij
  // clamp(i - j, 0, N - 1) and N may be 0.
  %last = attn.binary subtract %Nx, %one : (!n, !n) -> !n
  %m = attn.binary minimum %ij, %last : (!ij, !n) -> !ij
  %clamp = attn.binary maximum %m, %zero : (!ij, !n) -> !ij
  // CHECK: attn.read %{{[0-9]*}}[%{{[0-9]*}}] :
  %d = attn.read %N[%clamp] : (!t1, !ij) -> !fij
  // i % J where there is a key is defined and inside J; for a query alone there may be no key.
  // CHECK: attn.binary modulo %{{[0-9]*}}, %{{[0-9]*}} unchecked {{.*}}-> !attn.fn<i64, [i, j]>
  %iOnPair = attn.binary modulo %ij, %Jx : (!ij, !n) -> !ij
  // CHECK: attn.binary modulo %{{[0-9]*}}, %{{[0-9]*}} {{.*}}-> !attn.fn<i64, [i]>
  %iOnRow = attn.binary modulo %i, %Jx : (!i, !n) -> !i
  // The group of a head.
  // CHECK: attn.binary floor_divide {{.*}} unchecked {attn.range = array<i64: 1, 2147483647>}
  %per = attn.binary floor_divide %Hx, %Gx : (!n, !n) -> !n
  // CHECK: attn.binary floor_divide {{.*}} unchecked
  %group = attn.binary floor_divide %h, %per : (!h, !n) -> !h
  // CHECK: attn.read {{.*}} unchecked : {{.*}} -> !attn.fn<f32, [h]>
  %e = attn.read %G[%group] : (!t1, !h) -> !attn.fn<f32, [h]>
}

// -----

!i = !attn.fn<i64, [i]>
!j = !attn.fn<i64, [j]>
!n = !attn.fn<i64, []>
!t1 = !attn.tensor<1 x i64>

// Extents are known: constant intervals.
// CHECK-LABEL: attn.kernel @constant
attn.kernel @constant coordinates {i = 0 : i64, j = 1 : i64} extents [100, 64, 8] {
  %t = attn.tensor "t" 0 sizes affine_map<()[s0, s1, s2] -> (s2)> : !t1
  %u = attn.tensor "u" 1 sizes affine_map<()[s0, s1, s2] -> (s2)> : !attn.tensor<1 x ui8>
  %s = attn.tensor "s" 2 sizes affine_map<()[s0, s1, s2] -> (256)> : !t1
  // CHECK: attn.coordinate "i" {attn.range = array<i64: 0, 99>}
  %i = attn.coordinate "i" : !i
  %j = attn.coordinate "j" : !j
  %eight = attn.constant 8 : i64 : !n
  %nine = attn.constant 9 : i64 : !n
  %three = attn.constant 3 : i64 : !n
  // CHECK: floor_divide {{.*}} unchecked {attn.range = array<i64: 0, 7>}
  %j8 = attn.binary floor_divide %j, %eight : (!j, !n) -> !j
  // CHECK: attn.read {{.*}} unchecked
  %a = attn.read %t[%j8] : (!t1, !j) -> !j
  // CHECK: modulo {{.*}} unchecked {attn.range = array<i64: 0, 8>}
  %j9 = attn.binary modulo %j, %nine : (!j, !n) -> !j
  // CHECK: attn.read %{{[0-9]*}}[%{{[0-9]*}}] :
  %b = attn.read %t[%j9] : (!t1, !j) -> !j
  // CHECK: bit_and {{.*}}array<i64: 0, 3>
  %and = attn.binary bit_and %i, %three : (!i, !n) -> !i
  // CHECK: shift_right {{.*}}array<i64: 0, 12>
  %shift = attn.binary shift_right %i, %three : (!i, !n) -> !i
  // CHECK: multiply {{.*}}array<i64: 0, 9801>
  %square = attn.binary multiply %i, %i : (!i, !i) -> !i
  // CHECK: negate {{.*}}array<i64: -9801, 0>
  %minus = attn.unary negate %square : !i -> !i
  // CHECK: abs {{.*}}array<i64: 0, 9801>
  %abs = attn.unary abs %minus : !i -> !i
  // A stored byte indexes 256 elements. It isn't known not to be 0.
  // CHECK: attn.read {{.*}} unchecked {attn.range = array<i64: 0, 255>}
  %byte = attn.read %u[%and] : (!attn.tensor<1 x ui8>, !i) -> !i
  // CHECK: attn.read {{.*}} unchecked
  %c = attn.read %s[%byte] : (!t1, !i) -> !i
  // CHECK: modulo %{{[0-9]*}}, %{{[0-9]*}} {attn.range = array<i64: 0, 99>}
  %mod = attn.binary modulo %i, %byte : (!i, !i) -> !i
}

// -----

!i = !attn.fn<i64, [i]>
!n = !attn.fn<i64, []>
!t1 = !attn.tensor<1 x i64>

// Sums that may wrap, scalars and stored 64-bit integers are unknown; min and max bring them back.
// CHECK-LABEL: attn.kernel @unknown
attn.kernel @unknown coordinates {i = 0 : i64} extents [16] {
  %t = attn.tensor "t" 0 sizes affine_map<()[s0] -> (s0)> : !t1
  %i = attn.coordinate "i" : !i
  // CHECK: attn.scalar "w" 0 :
  %w = attn.scalar "w" 0 : !n
  %zero = attn.constant 0 : i64 : !n
  %last = attn.constant 15 : i64 : !n
  // CHECK: attn.binary add %{{[0-9]*}}, %{{[0-9]*}} :
  %sum = attn.binary add %i, %w : (!i, !n) -> !i
  // CHECK: attn.binary floor_divide %{{[0-9]*}}, %{{[0-9]*}} :
  %quotient = attn.binary floor_divide %i, %w : (!i, !n) -> !i
  %low = attn.binary maximum %sum, %zero : (!i, !n) -> !i
  // CHECK: minimum {{.*}}array<i64: 0, 15>
  %clamp = attn.binary minimum %low, %last : (!i, !n) -> !i
  // CHECK: attn.read {{.*}} unchecked
  %a = attn.read %t[%clamp] : (!t1, !i) -> !i
  // CHECK: attn.read %{{[0-9]*}}[%{{[0-9]*}}] :
  %b = attn.read %t[%low] : (!t1, !i) -> !i
}

// -----

!i = !attn.fn<i64, [i]>
!j = !attn.fn<i64, [j]>
!t2 = !attn.tensor<2 x f32>

// Of a read that may go wrong it is said which indices can't.
// CHECK-LABEL: attn.kernel @some
attn.kernel @some coordinates {i = 0 : i64, j = 1 : i64} {
  %o = attn.tensor "o" 0 sizes affine_map<()[s0, s1] -> (s0, s1)> : !t2
  %IN = attn.tensor "IN" 1 sizes affine_map<()[s0, s1, s2] -> (s0, s2)> : !t2
  %i = attn.coordinate "i" : !i
  %j = attn.coordinate "j" : !j
  // CHECK: attn.read {{.*}} {attn.inside = array<i64: 0>}
  %a = attn.read %IN[%i, %j] : (!t2, !i, !j) -> !attn.fn<f32, [i, j]>
  // CHECK: attn.read %{{[0-9]*}}[%{{[0-9]*}}, %{{[0-9]*}}] :
  %b = attn.read %IN[%j, %i] : (!t2, !j, !i) -> !attn.fn<f32, [i, j]>
  %sum = attn.binary add %a, %b : (!attn.fn<f32, [i, j]>, !attn.fn<f32, [i, j]>) -> !attn.fn<f32, [i, j]>
  attn.output %o ["i", "j"] = %sum : !t2, !attn.fn<f32, [i, j]>
}
