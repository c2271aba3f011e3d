// RUN: attn-opt %s --split-input-file --attn-resolve-rebase | FileCheck %s

!i = !attn.fn<i64, [i]>
!j = !attn.fn<i64, [j]>
!ij = !attn.fn<i64, [i, j]>
!n = !attn.fn<i64, []>
!t = !attn.tensor<1 x i64>

// causal[i = i // 2, j = j // 2]
// CHECK-LABEL: attn.kernel @tiled
attn.kernel @tiled coordinates {i = 0 : i64, j = 1 : i64} {
  %o = attn.tensor "o" 0 sizes affine_map<()[s0, s1] -> (s0, s1)> : !attn.tensor<2 x i1>
  %i = attn.coordinate "i" : !i
  %j = attn.coordinate "j" : !j
  %two = attn.constant 2 : i64 : !n
  %causal = attn.compare less_equal %j, %i : !j, !i -> !attn.fn<i1, [i, j]>
  // CHECK: %[[I2:.*]] = attn.binary floor_divide
  %i2 = attn.binary floor_divide %i, %two : (!i, !n) -> !i
  // CHECK: %[[J2:.*]] = attn.binary floor_divide
  %j2 = attn.binary floor_divide %j, %two : (!j, !n) -> !j
  %tiled = attn.rebase %causal ["i", "j"] at (%i2, %j2) : (!attn.fn<i1, [i, j]>, !i, !j) -> !attn.fn<i1, [i, j]>
  // CHECK-NOT: attn.rebase
  // CHECK: %[[TILED:.*]] = attn.compare less_equal %[[J2]], %[[I2]]
  // CHECK: attn.output {{.*}} = %[[TILED]]
  attn.output %o ["i", "j"] = %tiled : !attn.tensor<2 x i1>, !attn.fn<i1, [i, j]>
}

// -----

!i = !attn.fn<i64, [i]>
!j = !attn.fn<i64, [j]>
!ij = !attn.fn<i64, [i, j]>

// Values are evaluated outside, all at once: this swaps i and j.
// CHECK-LABEL: attn.kernel @swap
attn.kernel @swap coordinates {i = 0 : i64, j = 1 : i64} {
  %o = attn.tensor "o" 0 sizes affine_map<()[s0, s1] -> (s0, s1)> : !attn.tensor<2 x i64>
  // CHECK: %[[I:.*]] = attn.coordinate "i"
  // CHECK: %[[J:.*]] = attn.coordinate "j"
  %i = attn.coordinate "i" : !i
  %j = attn.coordinate "j" : !j
  %x = attn.binary subtract %i, %j : (!i, !j) -> !ij
  // CHECK: %[[SWAPPED:.*]] = attn.binary subtract %[[J]], %[[I]]
  %y = attn.rebase %x ["i", "j"] at (%j, %i) : (!ij, !j, !i) -> !ij
  // CHECK: attn.output {{.*}} = %[[SWAPPED]]
  attn.output %o ["i", "j"] = %y : !attn.tensor<2 x i64>, !ij
}

// -----

!i = !attn.fn<i64, [i]>
!j = !attn.fn<i64, [j]>
!n = !attn.fn<i64, []>

// A value read twice at the same place is rebuilt once; at another place once more. A read's types follow.
// CHECK-LABEL: attn.kernel @memo
attn.kernel @memo coordinates {i = 0 : i64, j = 1 : i64} {
  %o = attn.tensor "o" 0 sizes affine_map<()[s0, s1] -> (s0, s1)> : !attn.tensor<2 x i64>
  %t = attn.tensor "t" 1 sizes affine_map<()[s0, s1] -> (s0)> : !attn.tensor<1 x i64>
  %i = attn.coordinate "i" : !i
  %j = attn.coordinate "j" : !j
  %zero = attn.constant 0 : i64 : !n
  %x = attn.read %t[%i] : (!attn.tensor<1 x i64>, !i) -> !i
  // CHECK-COUNT-2: attn.read
  // CHECK-NOT: attn.read
  %a = attn.rebase %x ["i"] at (%j) : (!i, !j) -> !j
  %b = attn.rebase %x ["i"] at (%j) : (!i, !j) -> !j
  %c = attn.rebase %x ["i"] at (%zero) : (!i, !n) -> !n
  // CHECK: attn.binary add %[[A:.*]], %[[A]] : (!attn.fn<i64, [j]>, !attn.fn<i64, [j]>) -> !attn.fn<i64, [j]>
  %s = attn.binary add %a, %b : (!j, !j) -> !j
  // CHECK: attn.binary add {{.*}} : (!attn.fn<i64, [j]>, !attn.fn<i64, []>) -> !attn.fn<i64, [j]>
  %u = attn.binary add %s, %c : (!j, !n) -> !j
  %w = attn.binary add %u, %i : (!j, !i) -> !attn.fn<i64, [i, j]>
  attn.output %o ["i", "j"] = %w : !attn.tensor<2 x i64>, !attn.fn<i64, [i, j]>
}

// -----

!h = !attn.fn<i64, [h]>
!g = !attn.fn<i64, [g]>
!n = !attn.fn<i64, []>

// Setting h sets g to h // (H // G).
// CHECK-LABEL: attn.kernel @group
attn.kernel @group coordinates {h = 0 : i64, g = 1 : i64} extents [8, -1] {
  %o = attn.tensor "o" 0 sizes affine_map<()[s0, s1] -> (s0)> : !attn.tensor<1 x i64>
  %h = attn.coordinate "h" : !h
  %g = attn.coordinate "g" : !g
  // CHECK: %[[THREE:.*]] = attn.constant 3
  %three = attn.constant 3 : i64 : !n
  %x = attn.binary add %h, %g : (!h, !g) -> !h
  // CHECK: %[[H:.*]] = attn.extent "H" 0 fixed 8
  // CHECK: %[[G:.*]] = attn.extent "G" 1 :
  // CHECK: %[[PER:.*]] = attn.binary floor_divide %[[H]], %[[G]] unchecked
  // CHECK: %[[GROUP:.*]] = attn.binary floor_divide %[[THREE]], %[[PER]] unchecked
  // CHECK: attn.binary add %[[THREE]], %[[GROUP]] : (!attn.fn<i64, []>, !attn.fn<i64, []>) -> !attn.fn<i64, []>
  %y = attn.rebase %x ["h"] at (%three) : (!h, !n) -> !n
  %z = attn.binary add %y, %h : (!n, !h) -> !h
  attn.output %o ["h"] = %z : !attn.tensor<1 x i64>, !h
}

// -----

!d = !attn.fn<f32, [d]>
!i = !attn.fn<i64, [i]>
!n = !attn.fn<i64, []>
!id = !attn.fn<f32, [i, d]>

// What a reduction runs over stays its own: setting d outside doesn't touch the d inside.
// CHECK-LABEL: attn.kernel @bound
attn.kernel @bound coordinates {i = 0 : i64, d = 1 : i64} {
  %o = attn.tensor "o" 0 sizes affine_map<()[s0, s1] -> (s0)> : !attn.tensor<1 x f32>
  %q = attn.tensor "q" 1 sizes affine_map<()[s0, s1] -> (s0, s1)> : !attn.tensor<2 x f32>
  // CHECK: %[[I:.*]] = attn.coordinate "i"
  %i = attn.coordinate "i" : !i
  // CHECK: %[[D:.*]] = attn.coordinate "d"
  %d = attn.coordinate "d" : !attn.fn<i64, [d]>
  // CHECK: %[[ZERO:.*]] = attn.constant 0
  %zero = attn.constant 0 : i64 : !n
  %x = attn.read %q[%i, %d] : (!attn.tensor<2 x f32>, !i, !attn.fn<i64, [d]>) -> !id
  %sum = attn.reduce sum ["d"] %x : (!id) -> !attn.fn<f32, [i]>
  %y = attn.binary subtract %x, %sum : (!id, !attn.fn<f32, [i]>) -> !id
  // CHECK: %[[X:.*]] = attn.read %{{.*}}[%[[I]], %[[D]]]
  // CHECK-DAG: %[[SUM:.*]] = attn.reduce sum ["d"] %[[X]]
  // CHECK-DAG: %[[X0:.*]] = attn.read %{{.*}}[%[[I]], %[[ZERO]]]
  // CHECK: attn.binary subtract %[[X0]], %[[SUM]]
  %z = attn.rebase %y ["d"] at (%zero) : (!id, !n) -> !attn.fn<f32, [i]>
  attn.output %o ["i"] = %z : !attn.tensor<1 x f32>, !attn.fn<f32, [i]>
}

// -----

!i = !attn.fn<i64, [i]>
!j = !attn.fn<i64, [j]>
!n = !attn.fn<i64, []>

// A rebase of a rebase.
// CHECK-LABEL: attn.kernel @nested
attn.kernel @nested coordinates {i = 0 : i64, j = 1 : i64} {
  %o = attn.tensor "o" 0 sizes affine_map<()[s0, s1] -> (s0)> : !attn.tensor<1 x i64>
  // CHECK: %[[I:.*]] = attn.coordinate "i"
  %i = attn.coordinate "i" : !i
  // CHECK: %[[ONE:.*]] = attn.constant 1
  %one = attn.constant 1 : i64 : !n
  // CHECK: %[[I1:.*]] = attn.binary add %[[I]], %[[ONE]]
  %i1 = attn.binary add %i, %one : (!i, !n) -> !i
  %square = attn.binary multiply %i, %i : (!i, !i) -> !i
  %x = attn.rebase %square ["i"] at (%i1) : (!i, !i) -> !i
  // CHECK: %[[I2:.*]] = attn.binary add %[[I1]], %{{.*}}
  // CHECK: attn.binary multiply %[[I2]], %[[I2]]
  %y = attn.rebase %x ["i"] at (%i1) : (!i, !i) -> !i
  attn.output %o ["i"] = %y : !attn.tensor<1 x i64>, !i
}
