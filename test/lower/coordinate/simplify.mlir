// RUN: attn-opt %s --split-input-file --attn-simplify | FileCheck %s

!i = !attn.fn<i64, [i]>
!j = !attn.fn<i64, [j]>
!n = !attn.fn<i64, []>
!ij = !attn.fn<i1, [i, j]>

// Types shrink with what remains: `j <= i if false else i < 4` doesn't vary with j.
// CHECK-LABEL: attn.kernel @shrinks
attn.kernel @shrinks coordinates {i = 0 : i64, j = 1 : i64} {
  %o = attn.tensor "o" 0 sizes affine_map<()[s0, s1] -> (s0, s1)> : !attn.tensor<2 x i1>
  // CHECK-DAG: %[[I:.*]] = attn.coordinate "i"
  %i = attn.coordinate "i" : !i
  // CHECK-NOT: attn.coordinate "j"
  %j = attn.coordinate "j" : !j
  %four = attn.constant 4 : i64 : !n
  %false = attn.constant false : !attn.fn<i1, []>
  %causal = attn.compare less_equal %j, %i : !j, !i -> !ij
  %first = attn.compare less %i, %four : !i, !n -> !attn.fn<i1, [i]>
  %choice = attn.select %false, %causal, %first : (!attn.fn<i1, []>, !ij, !attn.fn<i1, [i]>) -> !ij
  // CHECK: %[[FIRST:.*]] = attn.compare less
  // CHECK: %[[NOT:.*]] = attn.compare greater_equal %[[I]], %{{.*}} -> !attn.fn<i1, [i]>
  %not = attn.not %choice : !ij -> !ij
  // CHECK: attn.or %[[FIRST]], %[[NOT]] : !attn.fn<i1, [i]>, !attn.fn<i1, [i]> -> !attn.fn<i1, [i]>
  %or = attn.or %choice, %not : !ij, !ij -> !ij
  attn.output %o ["i", "j"] = %or : !attn.tensor<2 x i1>, !ij
}

// -----

!i = !attn.fn<i64, [i]>

// Equal operations are one, wherever they were written.
// CHECK-LABEL: attn.kernel @merges
attn.kernel @merges coordinates {i = 0 : i64} {
  %o = attn.tensor "o" 0 sizes affine_map<()[s0] -> (s0)> : !attn.tensor<1 x i64>
  %t = attn.tensor "t" 1 sizes affine_map<()[s0] -> (s0)> : !attn.tensor<1 x i64>
  %i = attn.coordinate "i" : !i
  %i2 = attn.coordinate "i" : !i
  // CHECK: %[[X:.*]] = attn.read {{.*}} {text = "t[i]"}
  %x = attn.read %t[%i] {text = "t[i]"} : (!attn.tensor<1 x i64>, !i) -> !i
  // CHECK-NOT: attn.read
  %y = attn.read %t[%i2] {text = "t[ i ]"} : (!attn.tensor<1 x i64>, !i) -> !i
  // CHECK: attn.binary multiply %[[X]], %[[X]]
  %z = attn.binary multiply %x, %y : (!i, !i) -> !i
  // CHECK-NOT: attn.unary
  %unused = attn.unary negate %z : !i -> !i
  attn.output %o ["i"] = %z : !attn.tensor<1 x i64>, !i
}

// -----

!i = !attn.fn<i64, [i]>
!n = !attn.fn<i64, []>

// A read that may go wrong stays although its value doesn't matter; one that can't doesn't.
// CHECK-LABEL: attn.kernel @keeps_errors
attn.kernel @keeps_errors coordinates {i = 0 : i64} {
  %o = attn.tensor "o" 0 sizes affine_map<()[s0] -> (s0)> : !attn.tensor<1 x i64>
  %t = attn.tensor "t" 1 sizes affine_map<()[s0, s1] -> (s1)> : !attn.tensor<1 x i64>
  %i = attn.coordinate "i" : !i
  %zero = attn.constant 0 : i64 : !n
  // CHECK: %[[X:.*]] = attn.read
  %x = attn.read %t[%i] : (!attn.tensor<1 x i64>, !i) -> !i
  // CHECK: attn.binary multiply %[[X]]
  %a = attn.binary multiply %x, %zero : (!i, !n) -> !i
  // CHECK-NOT: attn.binary multiply
  %b = attn.binary multiply %i, %zero : (!i, !n) -> !i
  %s = attn.binary add %a, %b : (!i, !i) -> !i
  attn.output %o ["i"] = %s : !attn.tensor<1 x i64>, !i
}
