// RUN: attn-opt %s -split-input-file -verify-diagnostics -attn-expand-math

func.func @unknown(%x: vector<4xf32>) -> vector<4xf32> {
  // expected-error @+1 {{'math.acosh' op has no expansion: it would become a call of the C library}}
  %y = math.acosh %x : vector<4xf32>
  return %y : vector<4xf32>
}

// -----

func.func @wide(%x: f128) -> f128 {
  // expected-error @+1 {{'math.exp' op has no expansion for elements of type 'f128'}}
  %y = math.exp %x : f128
  return %y : f128
}

// -----

func.func @scalable(%x: vector<[4]xf32>) -> vector<[4]xf32> {
  // expected-error @+1 {{'math.exp' op on a scalable vector cannot be expanded}}
  %y = math.exp %x : vector<[4]xf32>
  return %y : vector<[4]xf32>
}

// -----

func.func @tensor(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{'math.exp' op can be expanded on scalars and vectors only}}
  %y = math.exp %x : tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @exponent(%x: f32, %n: i8) -> f32 {
  // expected-error @+1 {{'math.fpowi' op has no expansion for an exponent of type 'i8'}}
  %y = math.fpowi %x, %n : f32, i8
  return %y : f32
}
