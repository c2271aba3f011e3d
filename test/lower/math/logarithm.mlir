// RUN: attn-opt %s '-pass-pipeline=builtin.module(attn-expand-math{fma=true round=true})' | FileCheck %s
// RUN: attn-opt %s -attn-expand-math | FileCheck %s --check-prefix=BASE

// CHECK-LABEL: func.func @log
// CHECK: arith.shrui
// CHECK: arith.subf
// CHECK-NOT: math.{{log|ln}}
// CHECK-NOT: arith.divf
// CHECK: return
// BASE-LABEL: func.func @log
// BASE-NOT: math.
// BASE: return
func.func @log(%x: vector<16xf32>) -> vector<16xf32> {
  %y = math.log %x : vector<16xf32>
  return %y : vector<16xf32>
}

// f64 pays one division for its last bits.
// CHECK-LABEL: func.func @log2
// CHECK-NOT: math.log2
// CHECK: arith.divf
// CHECK-NOT: arith.divf
// CHECK: return
func.func @log2(%x: vector<4xf64>) -> vector<4xf64> {
  %y = math.log2 %x : vector<4xf64>
  return %y : vector<4xf64>
}

// The sign of zero survives: log1p(-0) is -0.
// CHECK-LABEL: func.func @log1p
// CHECK-NOT: math.log1p
// CHECK: math.copysign
// CHECK-NEXT: return
func.func @log1p(%x: f32) -> f32 {
  %y = math.log1p %x : f32
  return %y : f32
}
