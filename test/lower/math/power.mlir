// RUN: attn-opt %s '-pass-pipeline=builtin.module(attn-expand-math{fma=true round=true})' | FileCheck %s

// CHECK-LABEL: func.func @pow
// CHECK: arith.extf %{{.*}} : vector<8xf32> to vector<8xf64>
// CHECK-NOT: math.powf
// CHECK: arith.truncf %{{.*}} : vector<8xf64> to vector<8xf32>
// CHECK: return
func.func @pow(%x: vector<8xf32>, %y: vector<8xf32>) -> vector<8xf32> {
  %r = math.powf %x, %y : vector<8xf32>
  return %r : vector<8xf32>
}

// CHECK-LABEL: func.func @integer_power
// CHECK: arith.sitofp %{{.*}} : vector<4xi64> to vector<4xf64>
// CHECK-NOT: math.fpowi
// CHECK: return
func.func @integer_power(%x: vector<4xf64>, %n: vector<4xi64>) -> vector<4xf64> {
  %r = math.fpowi %x, %n : vector<4xf64>, vector<4xi64>
  return %r : vector<4xf64>
}

// CHECK-LABEL: func.func @square
// CHECK-SAME: (%[[X:.*]]: vector<8xf32>)
// CHECK: %[[R:.*]] = arith.mulf %[[X]], %[[X]]
// CHECK-NEXT: return %[[R]]
func.func @square(%x: vector<8xf32>) -> vector<8xf32> {
  %two = arith.constant dense<2.0> : vector<8xf32>
  %r = math.powf %x, %two : vector<8xf32>
  return %r : vector<8xf32>
}

// CHECK-LABEL: func.func @cube
// CHECK-COUNT-2: arith.mulf
// CHECK-NEXT: return
func.func @cube(%x: f32) -> f32 {
  %three = arith.constant 3 : i32
  %r = math.fpowi %x, %three : f32, i32
  return %r : f32
}

// CHECK-LABEL: func.func @reciprocal_root
// CHECK: %[[S:.*]] = math.sqrt
// CHECK-NEXT: arith.divf %{{.*}}, %[[S]]
func.func @reciprocal_root(%x: vector<16xf32>) -> vector<16xf32> {
  %y = math.rsqrt %x : vector<16xf32>
  return %y : vector<16xf32>
}
