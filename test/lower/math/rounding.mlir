// RUN: attn-opt %s '-pass-pipeline=builtin.module(attn-expand-math{fma=true round=true})' | FileCheck %s --check-prefix=HAS
// RUN: attn-opt %s -attn-expand-math | FileCheck %s --check-prefix=BASE

// HAS-LABEL: func.func @instructions
// HAS: math.floor
// HAS: math.ceil
// HAS: math.trunc
// HAS: math.roundeven
// HAS: math.fma
// HAS: vector.fma
// HAS: math.sqrt

// Without the instructions LLVM would call floorf, fmaf and so on.
// BASE-LABEL: func.func @instructions
// BASE-NOT: {{math|vector}}.{{floor|ceil|trunc|roundeven|fma}}
// BASE: math.sqrt
// BASE: return
func.func @instructions(%x: vector<4xf32>) -> vector<4xf32> {
  %a = math.floor %x : vector<4xf32>
  %b = math.ceil %a : vector<4xf32>
  %c = math.trunc %b : vector<4xf32>
  %d = math.roundeven %c : vector<4xf32>
  %e = math.fma %d, %x, %x : vector<4xf32>
  %f = vector.fma %e, %x, %x : vector<4xf32>
  %g = math.sqrt %f : vector<4xf32>
  return %g : vector<4xf32>
}

// Rounding ties away from zero is an instruction nowhere.
// HAS-LABEL: func.func @round
// HAS-NOT: math.round
// HAS: return
func.func @round(%x: f64) -> f64 {
  %y = math.round %x : f64
  return %y : f64
}
