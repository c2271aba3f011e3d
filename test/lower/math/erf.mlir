// RUN: attn-opt %s '-pass-pipeline=builtin.module(attn-expand-math{fma=true round=true})' | FileCheck %s

// CHECK-LABEL: func.func @erf
// CHECK-NOT: math.erf
// CHECK-NOT: scf.if
// CHECK: arith.select
// CHECK: return
func.func @erf(%x: vector<16xf32>) -> vector<16xf32> {
  %y = math.erf %x : vector<16xf32>
  return %y : vector<16xf32>
}
