// RUN: attn-opt %s '-pass-pipeline=builtin.module(attn-expand-math{fma=true round=true})' | FileCheck %s

// Vectors of any rank are worked on as one row of lanes.
// CHECK-LABEL: func.func @matrix
// CHECK: %[[ROW:.*]] = vector.shape_cast %{{.*}} : vector<2x8xf32> to vector<16xf32>
// CHECK-NOT: math.exp
// CHECK: vector.shape_cast %{{.*}} : vector<16xf32> to vector<2x8xf32>
func.func @matrix(%x: vector<2x8xf32>) -> vector<2x8xf32> {
  %y = math.exp %x : vector<2x8xf32>
  return %y : vector<2x8xf32>
}

// 16-bit floats are computed in f32.
// CHECK-LABEL: func.func @narrow
// CHECK: arith.extf %{{.*}} : vector<16xbf16> to vector<16xf32>
// CHECK: arith.truncf %{{.*}} : vector<16xf32> to vector<16xbf16>
func.func @narrow(%x: vector<16xbf16>) -> vector<16xbf16> {
  %y = math.exp %x : vector<16xbf16>
  return %y : vector<16xbf16>
}

// Constants of loops and of several functions stand once, at the start of the function.
// CHECK-LABEL: func.func @loop
// CHECK: arith.constant dense<1.000000e+00>
// CHECK-NOT: arith.constant dense<1.000000e+00>
// CHECK: scf.for
// CHECK-NOT: arith.constant
// CHECK: return
func.func @loop(%x: vector<16xf32>, %n: index) -> vector<16xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%a = %x) -> vector<16xf32> {
    %b = math.exp %a : vector<16xf32>
    %c = math.exp2 %b : vector<16xf32>
    scf.yield %c : vector<16xf32>
  }
  return %r : vector<16xf32>
}

// Integers and comparisons of the dialect are not its business.
// CHECK-LABEL: func.func @others
// CHECK: math.ctlz
// CHECK: math.isnan
func.func @others(%x: f32, %n: i32) -> (i32, i1) {
  %a = math.ctlz %n : i32
  %b = math.isnan %x : f32
  return %a, %b : i32, i1
}
