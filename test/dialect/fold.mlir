// RUN: attn-opt %s --canonicalize --cse | FileCheck %s

!n = !attn.fn<i64, []>
!i = !attn.fn<i64, [i]>
!bi = !attn.fn<i1, [i]>
!f = !attn.fn<f32, []>
!fi = !attn.fn<f32, [i]>
!t = !attn.tensor<1 x i64>

// CHECK-LABEL: attn.kernel @constants
attn.kernel @constants coordinates {i = 0 : i64} {
  %o = attn.tensor "o" 0 sizes affine_map<()[s0] -> (s0)> : !t
  %of = attn.tensor "of" 1 sizes affine_map<()[s0] -> (s0)> : !attn.tensor<1 x f32>
  %ob = attn.tensor "ob" 2 sizes affine_map<()[s0] -> (s0)> : !attn.tensor<1 x i1>
  %m7 = attn.constant -7 : i64 : !n
  %two = attn.constant 2 : i64 : !n
  %zero = attn.constant 0 : i64 : !n
  %D = attn.extent "D" 3 fixed 64 : !n
  // Floor division and modulo: -7 // 2 = -4, -7 % 2 = 1, -7 // -2 = 3.
  // CHECK-DAG: %[[M4:.*]] = attn.constant -4 : i64
  // CHECK-DAG: attn.output {{.*}} = %[[M4]]
  %a = attn.binary floor_divide %m7, %two : (!n, !n) -> !n
  attn.output %o ["i"] = %a : !t, !n
  // CHECK-DAG: %[[ONE:.*]] = attn.constant 1 : i64
  // CHECK-DAG: attn.output {{.*}} = %[[ONE]]
  %b = attn.binary modulo %m7, %two : (!n, !n) -> !n
  attn.output %o ["i"] = %b : !t, !n
  // CHECK-DAG: %[[THREE:.*]] = attn.constant 3 : i64
  // CHECK-DAG: attn.output {{.*}} = %[[THREE]]
  %m2 = attn.unary negate %two : !n -> !n
  %c = attn.binary floor_divide %m7, %m2 : (!n, !n) -> !n
  attn.output %o ["i"] = %c : !t, !n
  // A division by 0 is left to be reported.
  // CHECK-DAG: attn.binary floor_divide
  %d = attn.binary floor_divide %D, %zero : (!n, !n) -> !n
  attn.output %o ["i"] = %d : !t, !n
  // 64 to f64, its root, to f32.
  // CHECK-DAG: %[[EIGHT:.*]] = attn.constant 8.000000e+00 : f32
  // CHECK-DAG: attn.output {{.*}} = %[[EIGHT]]
  %e0 = attn.convert %D : !n -> !attn.fn<f64, []>
  %e1 = attn.unary sqrt %e0 : !attn.fn<f64, []> -> !attn.fn<f64, []>
  %e = attn.convert %e1 : !attn.fn<f64, []> -> !f
  attn.output %of ["i"] = %e : !attn.tensor<1 x f32>, !f
  // Float to int truncates, saturates, and takes NaN to 0.
  // CHECK-DAG: %[[M1:.*]] = attn.constant -1 : i64
  // CHECK-DAG: attn.output {{.*}} = %[[M1]]
  %g0 = attn.constant -1.75 : f64 : !attn.fn<f64, []>
  %g = attn.convert %g0 : !attn.fn<f64, []> -> !n
  attn.output %o ["i"] = %g : !t, !n
  // CHECK-DAG: %[[MOST:.*]] = attn.constant 9223372036854775807 : i64
  // CHECK-DAG: attn.output {{.*}} = %[[MOST]]
  %h0 = attn.constant 1.0e300 : f64 : !attn.fn<f64, []>
  %h = attn.convert %h0 : !attn.fn<f64, []> -> !n
  attn.output %o ["i"] = %h : !t, !n
  // CHECK-DAG: %[[ZERO:.*]] = attn.constant 0 : i64
  // CHECK-DAG: attn.output {{.*}} = %[[ZERO]]
  %k0 = attn.constant 0x7FF8000000000000 : f64 : !attn.fn<f64, []>
  %k = attn.convert %k0 : !attn.fn<f64, []> -> !n
  attn.output %o ["i"] = %k : !t, !n
  // NaN is neither less nor equal; min and max propagate it.
  // CHECK-DAG: %[[FALSE:.*]] = attn.constant false
  // CHECK-DAG: attn.output {{.*}} = %[[FALSE]]
  %l = attn.compare less_equal %k0, %k0 : !attn.fn<f64, []>, !attn.fn<f64, []> -> !attn.fn<i1, []>
  attn.output %ob ["i"] = %l : !attn.tensor<1 x i1>, !attn.fn<i1, []>
  // CHECK-DAG: %[[NAN:.*]] = attn.constant 0x7FC00000 : f32
  // CHECK-DAG: attn.output {{.*}} = %[[NAN]]
  %n0 = attn.constant 0x7FC00000 : f32 : !f
  %n = attn.binary minimum %n0, %e : (!f, !f) -> !f
  attn.output %of ["i"] = %n : !attn.tensor<1 x f32>, !f
}

// CHECK-LABEL: attn.kernel @identities
attn.kernel @identities coordinates {i = 0 : i64} {
  %o = attn.tensor "o" 0 sizes affine_map<()[s0] -> (s0)> : !t
  %ob = attn.tensor "ob" 2 sizes affine_map<()[s0] -> (s0)> : !attn.tensor<1 x i1>
  %zero = attn.constant 0 : i64 : !n
  %one = attn.constant 1 : i64 : !n
  %m1 = attn.constant -1 : i64 : !n
  %three = attn.constant 3 : i64 : !n
  %five = attn.constant 5 : i64 : !n
  // CHECK: %[[I:.*]] = attn.coordinate "i"
  %i = attn.coordinate "i" : !i
  // Neutral operands and double negation: all are i.
  // CHECK-NEXT: attn.output {{.*}} = %[[I]]
  %a0 = attn.binary add %zero, %i : (!n, !i) -> !i
  %a1 = attn.binary multiply %a0, %one : (!i, !n) -> !i
  %a2 = attn.binary floor_divide %a1, %one : (!i, !n) -> !i
  %a3 = attn.binary subtract %a2, %zero : (!i, !n) -> !i
  %a4 = attn.binary bit_and %a3, %m1 : (!i, !n) -> !i
  %a5 = attn.binary shift_left %a4, %zero : (!i, !n) -> !i
  %a6 = attn.unary negate %a5 : !i -> !i
  %a7 = attn.unary negate %a6 : !i -> !i
  %a8 = attn.binary minimum %a7, %a7 : (!i, !i) -> !i
  attn.output %o ["i"] = %a8 : !t, !i
  // min(min(i, 3), 5) is min(i, 3); 1 + (2 + i) gathers its constants on the right.
  // CHECK: attn.binary minimum %[[I]], %{{.*}}
  // CHECK-NEXT: attn.output
  %b0 = attn.binary minimum %three, %i : (!n, !i) -> !i
  %b = attn.binary minimum %b0, %five : (!i, !n) -> !i
  attn.output %o ["i"] = %b : !t, !i
  // CHECK: attn.binary add %[[I]], %{{.*}}
  // CHECK-NEXT: attn.output
  %c0 = attn.binary add %three, %i : (!n, !i) -> !i
  %c = attn.binary add %one, %c0 : (!n, !i) -> !i
  attn.output %o ["i"] = %c : !t, !i
  // not (3 < i) is i <= 3, and a choice between false and true is the opposite once more.
  // CHECK: %[[LE:.*]] = attn.compare less_equal %[[I]], %{{.*}}
  // CHECK: attn.output {{.*}} = %[[LE]]
  %d0 = attn.compare less %three, %i : !n, !i -> !bi
  %d = attn.not %d0 : !bi -> !bi
  attn.output %ob ["i"] = %d : !attn.tensor<1 x i1>, !bi
  // CHECK: attn.output {{.*}} = %[[LE]]
  %true = attn.constant true : !attn.fn<i1, []>
  %false = attn.constant false : !attn.fn<i1, []>
  %e = attn.select %d0, %false, %true : (!bi, !attn.fn<i1, []>, !attn.fn<i1, []>) -> !bi
  %e1 = attn.and %e, %true : !bi, !attn.fn<i1, []> -> !bi
  %e2 = attn.or %false, %e1 : !attn.fn<i1, []>, !bi -> !bi
  attn.output %ob ["i"] = %e2 : !attn.tensor<1 x i1>, !bi
}

// CHECK-LABEL: attn.kernel @floats
attn.kernel @floats coordinates {i = 0 : i64} {
  %x = attn.tensor "x" 0 sizes affine_map<()[s0] -> (s0)> : !attn.tensor<1 x f32>
  %o = attn.tensor "o" 1 sizes affine_map<()[s0] -> (s0)> : !attn.tensor<1 x f32>
  %ob = attn.tensor "ob" 2 sizes affine_map<()[s0] -> (s0)> : !attn.tensor<1 x i1>
  %i = attn.coordinate "i" : !i
  // CHECK: %[[X:.*]] = attn.read
  %v = attn.read %x[%i] unchecked : (!attn.tensor<1 x f32>, !i) -> !fi
  %four = attn.constant 4.0 : f32 : !f
  %three = attn.constant 3.0 : f32 : !f
  %zero = attn.constant 0.0 : f32 : !f
  %one = attn.constant 1.0 : f32 : !f
  // A division by 4 is a product with 0.25, exactly; one by 3 stays.
  // CHECK: attn.binary multiply %[[X]], %{{.*}}
  %a = attn.binary divide %v, %four : (!fi, !f) -> !fi
  attn.output %o ["i"] = %a : !attn.tensor<1 x f32>, !fi
  // CHECK: attn.binary divide %[[X]], %{{.*}}
  %b = attn.binary divide %v, %three : (!fi, !f) -> !fi
  attn.output %o ["i"] = %b : !attn.tensor<1 x f32>, !fi
  // x - 0 is x, x + 0 isn't for x = -0; x * 0 isn't 0 for infinite x.
  // CHECK: attn.output {{.*}} = %[[X]]
  %c0 = attn.binary subtract %v, %zero : (!fi, !f) -> !fi
  %c1 = attn.binary multiply %one, %c0 : (!f, !fi) -> !fi
  attn.output %o ["i"] = %c1 : !attn.tensor<1 x f32>, !fi
  // CHECK: attn.binary add %[[X]]
  %d = attn.binary add %v, %zero : (!fi, !f) -> !fi
  attn.output %o ["i"] = %d : !attn.tensor<1 x f32>, !fi
  // CHECK: attn.binary multiply %[[X]]
  %e = attn.binary multiply %v, %zero : (!fi, !f) -> !fi
  attn.output %o ["i"] = %e : !attn.tensor<1 x f32>, !fi
  // not (x < 3) isn't x >= 3 for NaN.
  // CHECK: %[[LESS:.*]] = attn.compare less %[[X]]
  // CHECK: attn.not %[[LESS]]
  %g0 = attn.compare less %v, %three : !fi, !f -> !bi
  %g = attn.not %g0 : !bi -> !bi
  attn.output %ob ["i"] = %g : !attn.tensor<1 x i1>, !bi
  // CHECK: attn.compare not_equal %[[X]]
  %h0 = attn.compare equal %v, %three : !fi, !f -> !bi
  %h = attn.not %h0 : !bi -> !bi
  attn.output %ob ["i"] = %h : !attn.tensor<1 x i1>, !bi
}
