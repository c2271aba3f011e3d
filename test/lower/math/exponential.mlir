// RUN: attn-opt %s '-pass-pipeline=builtin.module(attn-expand-math{avx512=true fma=true round=true})' | FileCheck %s --check-prefix=AVX512
// RUN: attn-opt %s '-pass-pipeline=builtin.module(attn-expand-math{fma=true round=true})' | FileCheck %s --check-prefix=FMA
// RUN: attn-opt %s -attn-expand-math | FileCheck %s --check-prefix=BASE

// With AVX-512 the scaling is one instruction, which also gets overflow, underflow and -inf right: no clamp, no select.
// AVX512-LABEL: func.func @exp2
// AVX512-SAME: (%[[X:.*]]: vector<16xf32>)
// AVX512: %[[N:.*]] = math.roundeven %[[X]]
// AVX512-NEXT: %[[F:.*]] = arith.subf %[[X]], %[[N]]
// AVX512-COUNT-6: math.fma
// AVX512-NEXT: llvm.call_intrinsic "llvm.x86.avx512.mask.scalef.ps.512"
// AVX512-NEXT: return

// Without it the exponent is added to the bits in two halves, so that subnormal results are rounded once.
// FMA-LABEL: func.func @exp2
// FMA: arith.select
// FMA: arith.select
// FMA-COUNT-6: math.fma
// FMA: arith.bitcast
// FMA: arith.shrui
// FMA-COUNT-2: arith.shli
// FMA-NOT: llvm.
// FMA: return

// BASE-LABEL: func.func @exp2
// BASE-NOT: math.
// BASE: return
func.func @exp2(%x: vector<16xf32>) -> vector<16xf32> {
  %y = math.exp2 %x : vector<16xf32>
  return %y : vector<16xf32>
}

// AVX512-LABEL: func.func @exp
// AVX512: math.roundeven
// AVX512-COUNT-13: math.fma
// AVX512-NEXT: llvm.call_intrinsic "llvm.x86.avx512.mask.scalef.pd.512"
// BASE-LABEL: func.func @exp
// BASE-NOT: math.
// BASE: return
func.func @exp(%x: vector<8xf64>) -> vector<8xf64> {
  %y = math.exp %x : vector<8xf64>
  return %y : vector<8xf64>
}

// A vector that is not one whole register has no use for the instruction on whole registers.
// AVX512-LABEL: func.func @exp_of_half_a_register
// AVX512-NOT: call_intrinsic
// AVX512: return
func.func @exp_of_half_a_register(%x: vector<8xf32>) -> vector<8xf32> {
  %y = math.exp %x : vector<8xf32>
  return %y : vector<8xf32>
}

// AVX512-LABEL: func.func @expm1
// AVX512-NOT: math.expm1
// AVX512: math.copysign
// BASE-LABEL: func.func @expm1
// BASE-NOT: math.{{exp|fma}}
func.func @expm1(%x: f64) -> f64 {
  %y = math.expm1 %x : f64
  return %y : f64
}
