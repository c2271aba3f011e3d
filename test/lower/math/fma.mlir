// RUN: attn-opt %s '-pass-pipeline=builtin.module(attn-expand-math{fma=true})' | FileCheck %s --check-prefix=FMA
// RUN: attn-opt %s -attn-expand-math | FileCheck %s --check-prefix=BASE

// A sum of products doesn't mind a second rounding.
// FMA-LABEL: @sum
// FMA: math.fma
// BASE-LABEL: @sum
// BASE-COUNT-1: arith.mulf
// BASE-NEXT: arith.addf
// BASE-NEXT: return
func.func @sum(%x: vector<4xf32>, %y: vector<4xf32>, %z: vector<4xf32>) -> vector<4xf32> {
  %sum = math.fma %x, %y, %z : vector<4xf32>
  return %sum : vector<4xf32>
}

// A remainder nearly cancels: its product is exact, of halves of the factors.
// FMA-LABEL: @remainder
// FMA: math.fma
// BASE-LABEL: @remainder
// BASE-COUNT-7: arith.mulf
// BASE-NOT: arith.mulf
// BASE: return
func.func @remainder(%x: f64, %y: f64, %z: f64) -> f64 {
  %sum = math.fma %x, %y, %z : f64
  return %sum : f64
}
