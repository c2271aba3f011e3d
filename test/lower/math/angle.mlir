// RUN: attn-opt %s '-pass-pipeline=builtin.module(attn-expand-math{fma=true round=true})' | FileCheck %s

// A rotation needs sine and cosine of one angle: it is reduced once. Lanes too large for the quick reduction take a branch that
// is skipped as a whole where there are none.
// CHECK-LABEL: func.func @rotation
// CHECK: %[[ANY:.*]] = vector.reduction <or>, %{{.*}} : vector<4xi1> into i1
// CHECK: scf.if %[[ANY]]
// CHECK: scf.for
// CHECK: arith.mului_extended
// CHECK: } else {
// CHECK-NOT: scf.if
// CHECK-NOT: math.{{sin|cos}}
// CHECK: return
func.func @rotation(%x: vector<4xf64>) -> (vector<4xf64>, vector<4xf64>) {
  %s = math.sin %x : vector<4xf64>
  %c = math.cos %x : vector<4xf64>
  return %s, %c : vector<4xf64>, vector<4xf64>
}

// Another block may not use the reduction.
// CHECK-LABEL: func.func @two_blocks
// CHECK: scf.if %{{.*}} -> (f32) {
// CHECK: scf.if
// CHECK: } else {
// CHECK: scf.if
// CHECK: return
func.func @two_blocks(%x: f32, %which: i1) -> f32 {
  %r = scf.if %which -> f32 {
    %s = math.sin %x : f32
    scf.yield %s : f32
  } else {
    %c = math.cos %x : f32
    scf.yield %c : f32
  }
  return %r : f32
}

// An angle of f32 is reduced in f64, and is a scalar's without a loop.
// CHECK-LABEL: func.func @tangent
// CHECK: arith.extf %{{.*}} : f32 to f64
// CHECK-NOT: scf.for
// CHECK: arith.truncf
// CHECK: return
func.func @tangent(%x: f32) -> f32 {
  %y = math.tan %x : f32
  return %y : f32
}

// CHECK-LABEL: func.func @atan
// CHECK: arith.divf
// CHECK-NOT: math.atan
// CHECK: return
func.func @atan(%x: vector<16xf32>) -> vector<16xf32> {
  %y = math.atan %x : vector<16xf32>
  return %y : vector<16xf32>
}
