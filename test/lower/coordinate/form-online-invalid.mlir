// RUN: attn-opt %s --split-input-file --verify-diagnostics --attn-form-online

!m = !attn.fn<i1, []>
!v = !attn.fn<f32, [j, e]>

// A largest value for each feature.
attn.kernel @maximum coordinates {j = 0 : i64, e = 1 : i64} {
  %ot = attn.tensor "o" 0 sizes affine_map<()[s0, s1] -> (s1)> : !attn.tensor<1 x f32>
  %vt = attn.tensor "v" 1 sizes affine_map<()[s0, s1] -> (s0, s1)> : !attn.tensor<2 x f32>
  %j = attn.coordinate "j" : !attn.fn<i64, [j]>
  %e = attn.coordinate "e" : !attn.fn<i64, [e]>
  %v = attn.read %vt[%j, %e] unchecked : (!attn.tensor<2 x f32>, !attn.fn<i64, [j]>, !attn.fn<i64, [e]>) -> !v
  %m = attn.constant true : !m
  // expected-error@below {{no pass over the keys can compute this row function}}
  %o = attn.reduce maximum ["j"] %v where %m : (!v, !m) -> !attn.fn<f32, [e]>
  attn.output %ot ["e"] = %o : !attn.tensor<1 x f32>, !attn.fn<f32, [e]>
}

// -----

!m = !attn.fn<i1, []>
!v = !attn.fn<f32, [j, e]>

// A sum over the keys and something else at once.
attn.kernel @both coordinates {i = 0 : i64, j = 1 : i64, e = 2 : i64} {
  %ot = attn.tensor "o" 0 sizes affine_map<()[s0, s1, s2] -> (s0)> : !attn.tensor<1 x f32>
  %vt = attn.tensor "v" 1 sizes affine_map<()[s0, s1, s2] -> (s1, s2)> : !attn.tensor<2 x f32>
  %j = attn.coordinate "j" : !attn.fn<i64, [j]>
  %e = attn.coordinate "e" : !attn.fn<i64, [e]>
  %v = attn.read %vt[%j, %e] unchecked : (!attn.tensor<2 x f32>, !attn.fn<i64, [j]>, !attn.fn<i64, [e]>) -> !v
  %m = attn.constant true : !m
  // expected-error@below {{no pass over the keys can compute this row function}}
  %o = attn.reduce sum ["j", "e"] %v where %m : (!v, !m) -> !attn.fn<f32, []>
  attn.output %ot ["i"] = %o : !attn.tensor<1 x f32>, !attn.fn<f32, []>
}
