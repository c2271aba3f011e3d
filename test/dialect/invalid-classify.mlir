// RUN: attn-opt %s --split-input-file --verify-diagnostics

attn.kernel @classify coordinates {i = 0 : i64, d = 1 : i64} {
  %t = attn.tensor "t" 0 sizes affine_map<()[s0] -> (s0, s0)> : !attn.tensor<2 x f16>
  %n = attn.tensor "n" 1 sizes affine_map<()[s0] -> (s0)> : !attn.tensor<1 x i1>
  %d = attn.coordinate "d" : !attn.fn<i64, [d]>
  attn.classify {
  ^bb0(%i0: i64, %i1: i64, %j0: i64, %j1: i64):
    // expected-error@below {{expected 2 of each, not 1}}
    %known, %low, %high = attn.table_range %t[%i0] to [%i1] : !attn.tensor<2 x f16> -> f64
    %true = arith.constant true
    attn.yield %true, %true : i1, i1
  }
}

// -----

attn.kernel @classify coordinates {i = 0 : i64, d = 1 : i64} {
  %t = attn.tensor "t" 0 sizes affine_map<()[s0] -> (s0, s0)> : !attn.tensor<2 x f16>
  %n = attn.tensor "n" 1 sizes affine_map<()[s0] -> (s0)> : !attn.tensor<1 x i1>
  %d = attn.coordinate "d" : !attn.fn<i64, [d]>
  attn.classify {
  ^bb0(%i0: i64, %i1: i64, %j0: i64, %j1: i64):
    // expected-error@below {{gives f64 for floats, not 'i64'}}
    %known, %low, %high = attn.table_range %t[%i0, %j0] to [%i1, %j1] : !attn.tensor<2 x f16> -> i64
    %true = arith.constant true
    attn.yield %true, %true : i1, i1
  }
}

// -----

attn.kernel @classify coordinates {i = 0 : i64, d = 1 : i64} {
  %t = attn.tensor "t" 0 sizes affine_map<()[s0] -> (s0, s0)> : !attn.tensor<2 x f16>
  %n = attn.tensor "n" 1 sizes affine_map<()[s0] -> (s0)> : !attn.tensor<1 x i1>
  %d = attn.coordinate "d" : !attn.fn<i64, [d]>
  attn.classify {
  ^bb0(%i0: i64, %i1: i64, %j0: i64, %j1: i64):
    // expected-error@below {{gives i64 for integers and booleans, not 'f64'}}
    %known, %low, %high = attn.table_range %n[%i0] to [%i1] : !attn.tensor<1 x i1> -> f64
    %true = arith.constant true
    attn.yield %true, %true : i1, i1
  }
}

// -----

attn.kernel @classify coordinates {i = 0 : i64, d = 1 : i64} {
  %t = attn.tensor "t" 0 sizes affine_map<()[s0] -> (s0, s0)> : !attn.tensor<2 x f16>
  %n = attn.tensor "n" 1 sizes affine_map<()[s0] -> (s0)> : !attn.tensor<1 x i1>
  %d = attn.coordinate "d" : !attn.fn<i64, [d]>
  attn.classify {
  ^bb0(%i0: i64, %i1: i64, %j0: i64, %j1: i64):
    // expected-error@below {{nor anything but the batch and head}}
    %u = attn.uniform %d : !attn.fn<i64, [d]> -> i64
    %true = arith.constant true
    attn.yield %true, %true : i1, i1
  }
}

// -----

// expected-error@below {{has a body that takes arguments}}
attn.kernel @arguments coordinates {i = 0 : i64} {
^bb0(%t: !attn.tensor<1 x f32>):
}
