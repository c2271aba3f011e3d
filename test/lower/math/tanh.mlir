// RUN: attn-opt %s '-pass-pipeline=builtin.module(attn-expand-math{fma=true round=true},cse)' | FileCheck %s

// The soft cap's hot loop: one division, no branch, and no call.
// CHECK-LABEL: func.func @tanh
// CHECK-NOT: scf.if
// CHECK-COUNT-9: math.fma
// CHECK-NOT: math.fma
// CHECK: arith.divf
// CHECK-NOT: arith.divf
// CHECK: math.copysign
// CHECK-NEXT: return
func.func @tanh(%x: vector<16xf32>) -> vector<16xf32> {
  %y = math.tanh %x : vector<16xf32>
  return %y : vector<16xf32>
}

// CHECK-LABEL: func.func @scalar
// CHECK-SAME: (%{{.*}}: f64) -> f64
// CHECK-NOT: vector
// CHECK-NOT: math.tanh
// CHECK: return
func.func @scalar(%x: f64) -> f64 {
  %y = math.tanh %x : f64
  return %y : f64
}
