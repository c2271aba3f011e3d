// RUN: attn-opt %s --split-input-file --verify-diagnostics --attn-form-online

!s = !attn.fn<f32, [i, j]>
!m = !attn.fn<i1, []>
!v = !attn.fn<f32, [j, e]>
!p = !attn.fn<f32, [i, j, e]>

attn.kernel @squared_weight coordinates {i = 0 : i64, j = 1 : i64, e = 2 : i64} {
  %ot = attn.tensor "o" 0 sizes affine_map<()[s0, s1, s2] -> (s0, s2)> : !attn.tensor<2 x f32>
  %st = attn.tensor "s" 1 sizes affine_map<()[s0, s1, s2] -> (s0, s1)> : !attn.tensor<2 x f32>
  %vt = attn.tensor "v" 2 sizes affine_map<()[s0, s1, s2] -> (s1, s2)> : !attn.tensor<2 x f32>
  %i = attn.coordinate "i" : !attn.fn<i64, [i]>
  %j = attn.coordinate "j" : !attn.fn<i64, [j]>
  %e = attn.coordinate "e" : !attn.fn<i64, [e]>
  %s = attn.read %st[%i, %j] unchecked : (!attn.tensor<2 x f32>, !attn.fn<i64, [i]>, !attn.fn<i64, [j]>) -> !s
  %v = attn.read %vt[%j, %e] unchecked : (!attn.tensor<2 x f32>, !attn.fn<i64, [j]>, !attn.fn<i64, [e]>) -> !v
  %m = attn.constant true : !m
  // expected-error@below {{no pass over the keys can compute this row function}}
  %w = attn.softmax %s where %m : (!s, !m) -> !s
  %w2 = attn.binary multiply %w, %w : (!s, !s) -> !s
  %p = attn.binary multiply %w2, %v : (!s, !v) -> !p
  // expected-error@below {{no pass over the keys can compute this row function}}
  %o = attn.reduce sum ["j"] %p where %m : (!p, !m) -> !attn.fn<f32, [i, e]>
  attn.output %ot ["i", "e"] = %o : !attn.tensor<2 x f32>, !attn.fn<f32, [i, e]>
}

// -----

!s = !attn.fn<f32, [i, j]>
!m = !attn.fn<i1, []>
!v = !attn.fn<f32, [j, e]>
!p = !attn.fn<f32, [i, j, e]>

attn.kernel @maximum coordinates {i = 0 : i64, j = 1 : i64, e = 2 : i64} {
  %ot = attn.tensor "o" 0 sizes affine_map<()[s0, s1, s2] -> (s0)> : !attn.tensor<1 x f32>
  %st = attn.tensor "s" 1 sizes affine_map<()[s0, s1, s2] -> (s0, s1)> : !attn.tensor<2 x f32>
  %i = attn.coordinate "i" : !attn.fn<i64, [i]>
  %j = attn.coordinate "j" : !attn.fn<i64, [j]>
  %s = attn.read %st[%i, %j] unchecked : (!attn.tensor<2 x f32>, !attn.fn<i64, [i]>, !attn.fn<i64, [j]>) -> !s
  %m = attn.constant true : !m
  // expected-error@below {{no pass over the keys can compute this row function}}
  %o = attn.reduce maximum ["j"] %s where %m : (!s, !m) -> !attn.fn<f32, [i]>
  attn.output %ot ["i"] = %o : !attn.tensor<1 x f32>, !attn.fn<f32, [i]>
}
