// RUN: attn-opt %s --split-input-file --verify-diagnostics

// expected-error@below {{a function of coordinates is of i1, i64, f32 or f64, not 'i32'}}
func.func private @element(!attn.fn<i32, [i]>)

// -----

// expected-error@below {{coordinates `j` and `i` are out of order or repeated}}
func.func private @order(!attn.fn<f32, [j, i]>)

// -----

// expected-error@below {{coordinates `i` and `i` are out of order or repeated}}
func.func private @repeated(!attn.fn<f32, [i, i]>)

// -----

// expected-error@below {{maps `i` to extent 2 of 2}}
attn.kernel @extent coordinates {i = 2 : i64} extents [-1, -1] {
}

// -----

// expected-error@below {{maps `i` to no extent}}
attn.kernel @number coordinates {i = "I"} {
}

// -----

attn.kernel @constant coordinates {i = 0 : i64} {
  // expected-error@below {{has a value of another type than its result}}
  %0 = attn.constant 1 : i64 : !attn.fn<f32, []>
}

// -----

attn.kernel @constant coordinates {i = 0 : i64} {
  // expected-error@below {{varies with nothing}}
  %0 = attn.constant 1 : i64 : !attn.fn<i64, [i]>
}

// -----

attn.kernel @coordinate coordinates {i = 0 : i64} {
  // expected-error@below {{varies with `i` alone}}
  %0 = attn.coordinate "i" : !attn.fn<i64, [i, j]>
}

// -----

attn.kernel @tensor coordinates {i = 0 : i64} {
  // expected-error@below {{gives 1 sizes for rank 2}}
  %0 = attn.tensor "t" 0 sizes affine_map<()[s0] -> (s0)> : !attn.tensor<2 x f32>
}

// -----

attn.kernel @tensor coordinates {i = 0 : i64} {
  // expected-error@below {{gives sizes in terms of dimensions}}
  %0 = attn.tensor "t" 0 sizes affine_map<(d0) -> (d0)> : !attn.tensor<1 x f32>
}

// -----

attn.kernel @read coordinates {i = 0 : i64} {
  %t = attn.tensor "t" 0 sizes affine_map<()[s0] -> (s0, s0)> : !attn.tensor<2 x f32>
  %i = attn.coordinate "i" : !attn.fn<i64, [i]>
  // expected-error@below {{needs one index per dimension}}
  %0 = attn.read %t[%i] : (!attn.tensor<2 x f32>, !attn.fn<i64, [i]>) -> !attn.fn<f32, [i]>
}

// -----

attn.kernel @read coordinates {i = 0 : i64} {
  %t = attn.tensor "t" 0 sizes affine_map<()[s0] -> (s0)> : !attn.tensor<1 x i8>
  %i = attn.coordinate "i" : !attn.fn<i64, [i]>
  // expected-error@below {{widens 'i8' to i64, not 'f32'}}
  %0 = attn.read %t[%i] : (!attn.tensor<1 x i8>, !attn.fn<i64, [i]>) -> !attn.fn<f32, [i]>
}

// -----

attn.kernel @read coordinates {i = 0 : i64} {
  %t = attn.tensor "t" 0 sizes affine_map<()[s0] -> (s0)> : !attn.tensor<1 x bf16>
  %i = attn.coordinate "i" : !attn.fn<i64, [i]>
  // expected-error@below {{varies with what its operands vary with: expected '!attn.fn<f32, [i]>'}}
  %0 = attn.read %t[%i] : (!attn.tensor<1 x bf16>, !attn.fn<i64, [i]>) -> !attn.fn<f32, [j]>
}

// -----

attn.kernel @read coordinates {i = 0 : i64} {
  %t = attn.tensor "t" 0 sizes affine_map<()[s0] -> (s0)> : !attn.tensor<1 x f32>
  %i = attn.coordinate "i" : !attn.fn<i64, [i]>
  %true = attn.constant true : !attn.fn<i1, []>
  // expected-error@below {{has a condition although it needs no check}}
  %0 = attn.read %t[%i] where %true unchecked : (!attn.tensor<1 x f32>, !attn.fn<i64, [i]>, !attn.fn<i1, []>) -> !attn.fn<f32, [i]>
}

// -----

attn.kernel @unary coordinates {i = 0 : i64} {
  %i = attn.coordinate "i" : !attn.fn<i64, [i]>
  // expected-error@below {{keeps its operand's type}}
  %0 = attn.unary exp %i : !attn.fn<i64, [i]> -> !attn.fn<f32, [i]>
}

// -----

attn.kernel @binary coordinates {i = 0 : i64} {
  %i = attn.coordinate "i" : !attn.fn<i64, [i]>
  %f = attn.constant 1.0 : f32 : !attn.fn<f32, []>
  // expected-error@below {{operands must be of 'f32', not '!attn.fn<i64, [i]>'}}
  %0 = attn.binary add %i, %f : (!attn.fn<i64, [i]>, !attn.fn<f32, []>) -> !attn.fn<f32, [i]>
}

// -----

// g is left out where h is in.
attn.kernel @group coordinates {h = 0 : i64, g = 1 : i64} {
  %h = attn.coordinate "h" : !attn.fn<i64, [h]>
  %g = attn.coordinate "g" : !attn.fn<i64, [g]>
  // expected-error@below {{expected '!attn.fn<i64, [h]>'}}
  %0 = attn.binary add %h, %g : (!attn.fn<i64, [h]>, !attn.fn<i64, [g]>) -> !attn.fn<i64, [h, g]>
}

// -----

attn.kernel @compare coordinates {i = 0 : i64} {
  %i = attn.coordinate "i" : !attn.fn<i64, [i]>
  %f = attn.constant 1.0 : f32 : !attn.fn<f32, []>
  // expected-error@below {{compares values of one type}}
  %0 = attn.compare less %i, %f : !attn.fn<i64, [i]>, !attn.fn<f32, []> -> !attn.fn<i1, [i]>
}

// -----

attn.kernel @select coordinates {i = 0 : i64} {
  %i = attn.coordinate "i" : !attn.fn<i64, [i]>
  %true = attn.constant true : !attn.fn<i1, []>
  // expected-error@below {{choices must be of 'i64', not '!attn.fn<i1, []>'}}
  %0 = attn.select %true, %i, %true : (!attn.fn<i1, []>, !attn.fn<i64, [i]>, !attn.fn<i1, []>) -> !attn.fn<i64, [i]>
}

// -----

attn.kernel @rebase coordinates {i = 0 : i64, j = 1 : i64} {
  %i = attn.coordinate "i" : !attn.fn<i64, [i]>
  %j = attn.coordinate "j" : !attn.fn<i64, [j]>
  // expected-error@below {{expected '!attn.fn<i64, [j]>'}}
  %0 = attn.rebase %i ["i"] at (%j) : (!attn.fn<i64, [i]>, !attn.fn<i64, [j]>) -> !attn.fn<i64, [i]>
}

// -----

attn.kernel @rebase coordinates {i = 0 : i64} {
  %i = attn.coordinate "i" : !attn.fn<i64, [i]>
  // expected-error@below {{names "i" twice}}
  %0 = attn.rebase %i ["i", "i"] at (%i, %i) : (!attn.fn<i64, [i]>, !attn.fn<i64, [i]>, !attn.fn<i64, [i]>) -> !attn.fn<i64, [i]>
}

// -----

attn.kernel @rebase coordinates {i = 0 : i64} {
  %i = attn.coordinate "i" : !attn.fn<i64, [i]>
  // expected-error@below {{needs one value per coordinate}}
  %0 = attn.rebase %i ["i", "j"] at (%i) : (!attn.fn<i64, [i]>, !attn.fn<i64, [i]>) -> !attn.fn<i64, [i]>
}

// -----

attn.kernel @reduce coordinates {i = 0 : i64} {
  %i = attn.coordinate "i" : !attn.fn<i64, [i]>
  // expected-error@below {{`any` and `all` reduce booleans, the others numbers}}
  %0 = attn.reduce any ["i"] %i : (!attn.fn<i64, [i]>) -> !attn.fn<i64, []>
}

// -----

attn.kernel @reduce coordinates {i = 0 : i64} {
  %i = attn.coordinate "i" : !attn.fn<i64, [i]>
  %true = attn.constant true : !attn.fn<i1, []>
  // expected-error@below {{has a condition although it doesn't reduce j}}
  %0 = attn.reduce sum ["i"] %i where %true : (!attn.fn<i64, [i]>, !attn.fn<i1, []>) -> !attn.fn<i64, []>
}

// -----

attn.kernel @dot coordinates {i = 0 : i64, d = 1 : i64} {
  %i = attn.coordinate "i" : !attn.fn<i64, [i]>
  %d = attn.coordinate "d" : !attn.fn<i64, [d]>
  // expected-error@below {{sums over `d`, which an operand doesn't vary with}}
  %0 = attn.dot ["d"] %i, %d : (!attn.fn<i64, [i]>, !attn.fn<i64, [d]>) -> !attn.fn<i64, [i]>
}

// -----

attn.kernel @dot coordinates {j = 0 : i64, d = 1 : i64} {
  %j = attn.coordinate "j" : !attn.fn<i64, [j]>
  %d = attn.coordinate "d" : !attn.fn<i64, [d]>
  // expected-error@below {{has a scale that varies with the key}}
  %0 = attn.dot ["d"] %d, %d scale %j : (!attn.fn<i64, [d]>, !attn.fn<i64, [d]>, !attn.fn<i64, [j]>) -> !attn.fn<i64, [j]>
}

// -----

attn.kernel @softmax coordinates {j = 0 : i64} {
  %j = attn.coordinate "j" : !attn.fn<i64, [j]>
  %true = attn.constant true : !attn.fn<i1, []>
  // expected-error@below {{takes a float score}}
  %0 = attn.softmax %j where %true : (!attn.fn<i64, [j]>, !attn.fn<i1, []>) -> !attn.fn<i64, [j]>
}

// -----

attn.kernel @log_sum_exp coordinates {j = 0 : i64} {
  %j = attn.coordinate "j" : !attn.fn<i64, [j]>
  %f = attn.convert %j : !attn.fn<i64, [j]> -> !attn.fn<f32, [j]>
  %true = attn.constant true : !attn.fn<i1, []>
  // expected-error@below {{expected '!attn.fn<f32, []>'}}
  %0 = attn.log_sum_exp %f where %true : (!attn.fn<f32, [j]>, !attn.fn<i1, []>) -> !attn.fn<f32, [j]>
}

// -----

attn.kernel @online coordinates {j = 0 : i64} {
  %j = attn.coordinate "j" : !attn.fn<i64, [j]>
  %f = attn.convert %j : !attn.fn<i64, [j]> -> !attn.fn<f32, [j]>
  %true = attn.constant true : !attn.fn<i1, []>
  // expected-error@below {{reduces j away: expected '!attn.fn<f32, []>'}}
  %0, %1 = attn.online softmax score %f mask %true value %f : (!attn.fn<f32, [j]>, !attn.fn<i1, []>, !attn.fn<f32, [j]>) -> (!attn.fn<f32, [j]>, !attn.fn<f32, []>)
}

// -----

attn.kernel @weighted_sum coordinates {j = 0 : i64} {
  %j = attn.coordinate "j" : !attn.fn<i64, [j]>
  %f = attn.convert %j : !attn.fn<i64, [j]> -> !attn.fn<f32, [j]>
  %one = attn.constant 1.0 : f32 : !attn.fn<f32, []>
  %true = attn.constant true : !attn.fn<i1, []>
  // expected-error@below {{needs a value that varies with j}}
  %0 = attn.weighted_sum %f mask %true value %one : (!attn.fn<f32, [j]>, !attn.fn<i1, []>, !attn.fn<f32, []>) -> !attn.fn<f32, []>
}

// -----

attn.kernel @weighted_sum coordinates {j = 0 : i64} {
  %j = attn.coordinate "j" : !attn.fn<i64, [j]>
  %true = attn.constant true : !attn.fn<i1, []>
  // expected-error@below {{takes a float weight, not '!attn.fn<i64, [j]>'}}
  %0 = attn.weighted_sum %j mask %true value %j : (!attn.fn<i64, [j]>, !attn.fn<i1, []>, !attn.fn<i64, [j]>) -> !attn.fn<i64, []>
}

// -----

attn.kernel @weighted_sum coordinates {j = 0 : i64} {
  %j = attn.coordinate "j" : !attn.fn<i64, [j]>
  %f = attn.convert %j : !attn.fn<i64, [j]> -> !attn.fn<f32, [j]>
  %true = attn.constant true : !attn.fn<i1, []>
  // expected-error@below {{value and result}}
  %0 = attn.weighted_sum %f mask %true value %j : (!attn.fn<f32, [j]>, !attn.fn<i1, []>, !attn.fn<i64, [j]>) -> !attn.fn<f32, []>
}

// -----

attn.kernel @weighted_sum coordinates {j = 0 : i64} {
  %j = attn.coordinate "j" : !attn.fn<i64, [j]>
  %f = attn.convert %j : !attn.fn<i64, [j]> -> !attn.fn<f32, [j]>
  %true = attn.constant true : !attn.fn<i1, []>
  // expected-error@below {{expected '!attn.fn<f32, []>'}}
  %0 = attn.weighted_sum %f mask %true value %f : (!attn.fn<f32, [j]>, !attn.fn<i1, []>, !attn.fn<f32, [j]>) -> !attn.fn<f32, [j]>
}

// -----

attn.kernel @sum_after coordinates {j = 0 : i64} {
  %j = attn.coordinate "j" : !attn.fn<i64, [j]>
  %true = attn.constant true : !attn.fn<i1, []>
  // expected-error@below {{takes a float score}}
  %0 = attn.sum_after %j where %true : (!attn.fn<i64, [j]>, !attn.fn<i1, []>) -> !attn.fn<i64, [j]>
}

// -----

attn.kernel @sum_after coordinates {i = 0 : i64, j = 1 : i64} {
  %i = attn.coordinate "i" : !attn.fn<i64, [i]>
  %f = attn.convert %i : !attn.fn<i64, [i]> -> !attn.fn<f32, [i]>
  %j = attn.coordinate "j" : !attn.fn<i64, [j]>
  %m = attn.compare less_equal %j, %i : !attn.fn<i64, [j]>, !attn.fn<i64, [i]> -> !attn.fn<i1, [i, j]>
  // expected-error@below {{expected '!attn.fn<f32, [i, j]>'}}
  %0 = attn.sum_after %f where %m : (!attn.fn<f32, [i]>, !attn.fn<i1, [i, j]>) -> !attn.fn<f32, [i]>
}

// -----

attn.kernel @output coordinates {i = 0 : i64, j = 1 : i64} {
  %t = attn.tensor "t" 0 sizes affine_map<()[s0] -> (s0)> : !attn.tensor<1 x i64>
  %i = attn.coordinate "i" : !attn.fn<i64, [i]>
  // expected-error@below {{has no dimension for "i", which its value varies with}}
  attn.output %t ["j"] = %i : !attn.tensor<1 x i64>, !attn.fn<i64, [i]>
}

// -----

attn.kernel @classify coordinates {i = 0 : i64} {
  // expected-error@below {{takes the tile's four bounds as i64}}
  attn.classify {
  ^bb0(%0: i64):
    attn.yield %0 : i64
  }
}

// -----

attn.kernel @classify coordinates {i = 0 : i64} {
  // expected-error@below {{and, unless it is exact, one that tells whether both are known to be there}}
  attn.classify exact {
  ^bb0(%0: i64, %1: i64, %2: i64, %3: i64):
    %true = arith.constant true
    attn.yield %true, %true, %true : i1, i1, i1
  }
}

// -----

attn.kernel @uniform coordinates {i = 0 : i64} {
  %i = attn.coordinate "i" : !attn.fn<i64, [i]>
  // expected-error@below {{takes what varies with neither i nor j}}
  %0 = attn.uniform %i : !attn.fn<i64, [i]> -> i64
}

// -----

attn.kernel @safe coordinates {i = 0 : i64} {
  %t = attn.tensor "t" 0 sizes affine_map<()[s0] -> (s0)> : !attn.tensor<1 x f32>
  %i = attn.coordinate "i" : !attn.fn<i64, [i]>
  // expected-error@below {{is `safe`, which an `attn.check` makes it, and checked or unchecked by itself}}
  %0 = attn.read %t[%i] unchecked safe : (!attn.tensor<1 x f32>, !attn.fn<i64, [i]>) -> !attn.fn<f32, [i]>
}

// -----

attn.kernel @check coordinates {i = 0 : i64} {
  %t = attn.tensor "t" 0 sizes affine_map<()[s0] -> (s0, s0)> : !attn.tensor<2 x f32>
  %i = attn.coordinate "i" : !attn.fn<i64, [i]>
  %true = attn.constant true : !attn.fn<i1, []>
  // expected-error@below {{needs one index per dimension}}
  attn.check %t[%i] where %true : !attn.tensor<2 x f32>, !attn.fn<i64, [i]>, !attn.fn<i1, []>
}

// -----

attn.kernel @threshold coordinates {i = 0 : i64, j = 1 : i64} {
  %true = attn.constant true : !attn.fn<i1, []>
  %j = attn.coordinate "j" : !attn.fn<i64, [j]>
  %f = attn.convert %j : !attn.fn<i64, [j]> -> !attn.fn<f32, [j]>
  // expected-error@below {{varies with what its operands vary with: expected '!attn.fn<f32, []>'}}
  %0 = attn.threshold entmax15 %f where %true : (!attn.fn<f32, [j]>, !attn.fn<i1, []>) -> !attn.fn<f32, [j]>
}
