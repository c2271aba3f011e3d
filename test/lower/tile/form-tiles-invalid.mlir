// RUN: attn-opt %s --split-input-file --verify-diagnostics --attn-form-tiles

!t = !attn.tensor<2 x f32>
!ci = !attn.fn<i64, [i]>
!cj = !attn.fn<i64, [j]>
!cd = !attn.fn<i64, [d]>
!ce = !attn.fn<i64, [e]>
!yes = !attn.fn<i1, []>
!s = !attn.fn<f32, [i, j]>
#sizes = affine_map<()[I, J, D, E, F] -> (I, D)>

// expected-error@below {{has no schedule: run attn-schedule first}}
attn.kernel @unscheduled coordinates {i = 0 : i64, j = 1 : i64, d = 2 : i64, e = 3 : i64, f = 4 : i64} {
  %qt = attn.tensor "q" 0 sizes #sizes : !t
  %kt = attn.tensor "k" 1 sizes #sizes : !t
  %vt = attn.tensor "v" 2 sizes #sizes : !t
  %i = attn.coordinate "i" : !ci
  %j = attn.coordinate "j" : !cj
  %d = attn.coordinate "d" : !cd
  %e = attn.coordinate "e" : !ce
  %yes = attn.constant true : !yes
  %q = attn.read %qt[%i, %d] unchecked : (!t, !ci, !cd) -> !attn.fn<f32, [i, d]>
  %k = attn.read %kt[%j, %d] unchecked : (!t, !cj, !cd) -> !attn.fn<f32, [j, d]>
  %v = attn.read %vt[%j, %e] unchecked : (!t, !cj, !ce) -> !attn.fn<f32, [j, e]>
  %s = attn.dot ["d"] %q, %k : (!attn.fn<f32, [i, d]>, !attn.fn<f32, [j, d]>) -> !s
  %o, %l = attn.online softmax score %s mask %yes value %v : (!s, !yes, !attn.fn<f32, [j, e]>) -> (!attn.fn<f32, [i, e]>, !attn.fn<f32, [i]>)
}

// -----

!t = !attn.tensor<2 x f32>
!ci = !attn.fn<i64, [i]>
!cj = !attn.fn<i64, [j]>
!cd = !attn.fn<i64, [d]>
!ce = !attn.fn<i64, [e]>
!yes = !attn.fn<i1, []>
!s = !attn.fn<f32, [i, j]>
#schedule = #attn.schedule<lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one>
#sizes = affine_map<()[I, J, D, E, F] -> (I, D)>

attn.kernel @product_over_two coordinates {i = 0 : i64, j = 1 : i64, d = 2 : i64, e = 3 : i64, f = 4 : i64}
    attributes {attn.schedule = #schedule} {
  %vt = attn.tensor "v" 2 sizes #sizes : !t
  %i = attn.coordinate "i" : !ci
  %j = attn.coordinate "j" : !cj
  %d = attn.coordinate "d" : !cd
  %e = attn.coordinate "e" : !ce
  %yes = attn.constant true : !yes
  %v = attn.read %vt[%j, %e] unchecked : (!t, !cj, !ce) -> !attn.fn<f32, [j, e]>
  %f = attn.coordinate "f" : !attn.fn<i64, [f]>
  %qt = attn.tensor "q" 0 sizes affine_map<()[I, J, D, E, F] -> (I, D, F)> : !attn.tensor<3 x f32>
  %kt = attn.tensor "k" 1 sizes affine_map<()[I, J, D, E, F] -> (J, D, F)> : !attn.tensor<3 x f32>
  %q = attn.read %qt[%i, %d, %f] unchecked : (!attn.tensor<3 x f32>, !ci, !cd, !attn.fn<i64, [f]>) -> !attn.fn<f32, [i, d, f]>
  %k = attn.read %kt[%j, %d, %f] unchecked : (!attn.tensor<3 x f32>, !cj, !cd, !attn.fn<i64, [f]>) -> !attn.fn<f32, [j, d, f]>
  // expected-error@below {{isn't the product of a row of a query and a row of a key}}
  %s = attn.dot ["d", "f"] %q, %k : (!attn.fn<f32, [i, d, f]>, !attn.fn<f32, [j, d, f]>) -> !s
  %o, %l = attn.online softmax score %s mask %yes value %v : (!s, !yes, !attn.fn<f32, [j, e]>) -> (!attn.fn<f32, [i, e]>, !attn.fn<f32, [i]>)
}

// -----

!t = !attn.tensor<2 x f32>
!ci = !attn.fn<i64, [i]>
!cj = !attn.fn<i64, [j]>
!cd = !attn.fn<i64, [d]>
!ce = !attn.fn<i64, [e]>
!yes = !attn.fn<i1, []>
!s = !attn.fn<f32, [i, j]>
#schedule = #attn.schedule<lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one>
#sizes = affine_map<()[I, J, D, E, F] -> (I, D)>

attn.kernel @key_first coordinates {i = 0 : i64, j = 1 : i64, d = 2 : i64, e = 3 : i64, f = 4 : i64}
    attributes {attn.schedule = #schedule} {
  %qt = attn.tensor "q" 0 sizes #sizes : !t
  %kt = attn.tensor "k" 1 sizes #sizes : !t
  %vt = attn.tensor "v" 2 sizes #sizes : !t
  %i = attn.coordinate "i" : !ci
  %j = attn.coordinate "j" : !cj
  %d = attn.coordinate "d" : !cd
  %e = attn.coordinate "e" : !ce
  %yes = attn.constant true : !yes
  %q = attn.read %qt[%i, %d] unchecked : (!t, !ci, !cd) -> !attn.fn<f32, [i, d]>
  %k = attn.read %kt[%j, %d] unchecked : (!t, !cj, !cd) -> !attn.fn<f32, [j, d]>
  %v = attn.read %vt[%j, %e] unchecked : (!t, !cj, !ce) -> !attn.fn<f32, [j, e]>
  // expected-error@below {{isn't the product of a row of a query and a row of a key}}
  %s = attn.dot ["d"] %k, %q : (!attn.fn<f32, [j, d]>, !attn.fn<f32, [i, d]>) -> !s
  %o, %l = attn.online softmax score %s mask %yes value %v : (!s, !yes, !attn.fn<f32, [j, e]>) -> (!attn.fn<f32, [i, e]>, !attn.fn<f32, [i]>)
}

// -----

!t = !attn.tensor<2 x f32>
!ci = !attn.fn<i64, [i]>
!cj = !attn.fn<i64, [j]>
!cd = !attn.fn<i64, [d]>
!ce = !attn.fn<i64, [e]>
!yes = !attn.fn<i1, []>
!s = !attn.fn<f32, [i, j]>
#schedule = #attn.schedule<lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one>
#sizes = affine_map<()[I, J, D, E, F] -> (I, D)>

attn.kernel @key_per_query coordinates {i = 0 : i64, j = 1 : i64, d = 2 : i64, e = 3 : i64, f = 4 : i64}
    attributes {attn.schedule = #schedule} {
  %qt = attn.tensor "q" 0 sizes #sizes : !t
  %vt = attn.tensor "v" 2 sizes #sizes : !t
  %i = attn.coordinate "i" : !ci
  %j = attn.coordinate "j" : !cj
  %d = attn.coordinate "d" : !cd
  %e = attn.coordinate "e" : !ce
  %yes = attn.constant true : !yes
  %q = attn.read %qt[%i, %d] unchecked : (!t, !ci, !cd) -> !attn.fn<f32, [i, d]>
  %v = attn.read %vt[%j, %e] unchecked : (!t, !cj, !ce) -> !attn.fn<f32, [j, e]>
  %kt = attn.tensor "k" 1 sizes affine_map<()[I, J, D, E, F] -> (I, J, D)> : !attn.tensor<3 x f32>
  %k = attn.read %kt[%i, %j, %d] unchecked : (!attn.tensor<3 x f32>, !ci, !cj, !cd) -> !attn.fn<f32, [i, j, d]>
  // expected-error@below {{isn't the product of a row of a query and a row of a key}}
  %s = attn.dot ["d"] %q, %k : (!attn.fn<f32, [i, d]>, !attn.fn<f32, [i, j, d]>) -> !s
  %o, %l = attn.online softmax score %s mask %yes value %v : (!s, !yes, !attn.fn<f32, [j, e]>) -> (!attn.fn<f32, [i, e]>, !attn.fn<f32, [i]>)
}

// -----

!t = !attn.tensor<2 x f32>
!ci = !attn.fn<i64, [i]>
!cj = !attn.fn<i64, [j]>
!cd = !attn.fn<i64, [d]>
!ce = !attn.fn<i64, [e]>
!yes = !attn.fn<i1, []>
!s = !attn.fn<f32, [i, j]>
#schedule = #attn.schedule<lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one>
#sizes = affine_map<()[I, J, D, E, F] -> (I, D)>

attn.kernel @product_per_feature coordinates {i = 0 : i64, j = 1 : i64, d = 2 : i64, e = 3 : i64, f = 4 : i64}
    attributes {attn.schedule = #schedule} {
  %qt = attn.tensor "q" 0 sizes #sizes : !t
  %vt = attn.tensor "v" 2 sizes #sizes : !t
  %i = attn.coordinate "i" : !ci
  %j = attn.coordinate "j" : !cj
  %d = attn.coordinate "d" : !cd
  %e = attn.coordinate "e" : !ce
  %yes = attn.constant true : !yes
  %q = attn.read %qt[%i, %d] unchecked : (!t, !ci, !cd) -> !attn.fn<f32, [i, d]>
  %v = attn.read %vt[%j, %e] unchecked : (!t, !cj, !ce) -> !attn.fn<f32, [j, e]>
  %f = attn.coordinate "f" : !attn.fn<i64, [f]>
  %kt = attn.tensor "k" 1 sizes affine_map<()[I, J, D, E, F] -> (J, D, F)> : !attn.tensor<3 x f32>
  %k = attn.read %kt[%j, %d, %f] unchecked : (!attn.tensor<3 x f32>, !cj, !cd, !attn.fn<i64, [f]>) -> !attn.fn<f32, [j, d, f]>
  // expected-error@below {{isn't the product of a row of a query and a row of a key}}
  %s = attn.dot ["d"] %q, %k : (!attn.fn<f32, [i, d]>, !attn.fn<f32, [j, d, f]>) -> !attn.fn<f32, [i, j, f]>
  %largest = attn.reduce maximum ["f"] %s : (!attn.fn<f32, [i, j, f]>) -> !s
  %l = attn.log_sum_exp %largest where %yes : (!s, !yes) -> !attn.fn<f32, [i]>
}

// -----

!t = !attn.tensor<2 x f32>
!ci = !attn.fn<i64, [i]>
!cj = !attn.fn<i64, [j]>
!cd = !attn.fn<i64, [d]>
!ce = !attn.fn<i64, [e]>
!yes = !attn.fn<i1, []>
#schedule = #attn.schedule<lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one>
#sizes = affine_map<()[I, J, D, E, F] -> (I, D)>

attn.kernel @score_per_feature coordinates {i = 0 : i64, j = 1 : i64, d = 2 : i64, e = 3 : i64, f = 4 : i64}
    attributes {attn.schedule = #schedule} {
  %qt = attn.tensor "q" 0 sizes #sizes : !t
  %vt = attn.tensor "v" 2 sizes #sizes : !t
  %i = attn.coordinate "i" : !ci
  %j = attn.coordinate "j" : !cj
  %d = attn.coordinate "d" : !cd
  %e = attn.coordinate "e" : !ce
  %yes = attn.constant true : !yes
  %q = attn.read %qt[%i, %d] unchecked : (!t, !ci, !cd) -> !attn.fn<f32, [i, d]>
  %v = attn.read %vt[%j, %e] unchecked : (!t, !cj, !ce) -> !attn.fn<f32, [j, e]>
  %s = attn.binary multiply %q, %v : (!attn.fn<f32, [i, d]>, !attn.fn<f32, [j, e]>) -> !attn.fn<f32, [i, j, d, e]>
  // expected-error@below {{needs a score that is an f32 for each query and key, not '!attn.fn<f32, [i, j, d, e]>'}}
  %l = attn.log_sum_exp %s where %yes : (!attn.fn<f32, [i, j, d, e]>, !yes) -> !attn.fn<f32, [i, d, e]>
}

// -----

!t = !attn.tensor<2 x f32>
!cj = !attn.fn<i64, [j]>
!ce = !attn.fn<i64, [e]>
!yes = !attn.fn<i1, []>
#schedule = #attn.schedule<lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one>
#sizes = affine_map<()[I, J, D, E, F] -> (I, D)>

attn.kernel @wide_weight coordinates {i = 0 : i64, j = 1 : i64, d = 2 : i64, e = 3 : i64, f = 4 : i64}
    attributes {attn.schedule = #schedule} {
  %vt = attn.tensor "v" 2 sizes #sizes : !t
  %j = attn.coordinate "j" : !cj
  %e = attn.coordinate "e" : !ce
  %yes = attn.constant true : !yes
  %v = attn.read %vt[%j, %e] unchecked : (!t, !cj, !ce) -> !attn.fn<f32, [j, e]>
  %w = attn.convert %j : !cj -> !attn.fn<f64, [j]>
  %x = attn.convert %v : !attn.fn<f32, [j, e]> -> !attn.fn<f64, [j, e]>
  // expected-error@below {{needs a score or weight that is an f32 for each query and key, not '!attn.fn<f64, [j]>'}}
  %o = attn.weighted_sum %w mask %yes value %x : (!attn.fn<f64, [j]>, !yes, !attn.fn<f64, [j, e]>) -> !attn.fn<f64, [e]>
}

// -----

!t = !attn.tensor<2 x f32>
!ci = !attn.fn<i64, [i]>
!cj = !attn.fn<i64, [j]>
!cd = !attn.fn<i64, [d]>
!yes = !attn.fn<i1, []>
!s = !attn.fn<f32, [i, j]>
#schedule = #attn.schedule<lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one>
#sizes = affine_map<()[I, J, D, E, F] -> (I, D)>

attn.kernel @value_without_feature coordinates {i = 0 : i64, j = 1 : i64, d = 2 : i64, e = 3 : i64, f = 4 : i64}
    attributes {attn.schedule = #schedule} {
  %qt = attn.tensor "q" 0 sizes #sizes : !t
  %kt = attn.tensor "k" 1 sizes #sizes : !t
  %i = attn.coordinate "i" : !ci
  %j = attn.coordinate "j" : !cj
  %d = attn.coordinate "d" : !cd
  %yes = attn.constant true : !yes
  %q = attn.read %qt[%i, %d] unchecked : (!t, !ci, !cd) -> !attn.fn<f32, [i, d]>
  %k = attn.read %kt[%j, %d] unchecked : (!t, !cj, !cd) -> !attn.fn<f32, [j, d]>
  %s = attn.dot ["d"] %q, %k : (!attn.fn<f32, [i, d]>, !attn.fn<f32, [j, d]>) -> !s
  %v = attn.convert %j : !cj -> !attn.fn<f32, [j]>
  // expected-error@below {{sums what isn't a row of f32 features for each key: '!attn.fn<f32, [j]>'}}
  %o, %l = attn.online softmax score %s mask %yes value %v : (!s, !yes, !attn.fn<f32, [j]>) -> (!attn.fn<f32, [i]>, !attn.fn<f32, [i]>)
}

// -----

!t = !attn.tensor<2 x f32>
!ci = !attn.fn<i64, [i]>
!cj = !attn.fn<i64, [j]>
!cd = !attn.fn<i64, [d]>
!ce = !attn.fn<i64, [e]>
!yes = !attn.fn<i1, []>
!s = !attn.fn<f32, [i, j]>
#schedule = #attn.schedule<lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one>
#sizes = affine_map<()[I, J, D, E, F] -> (I, D)>

attn.kernel @value_with_two_features coordinates {i = 0 : i64, j = 1 : i64, d = 2 : i64, e = 3 : i64, f = 4 : i64}
    attributes {attn.schedule = #schedule} {
  %qt = attn.tensor "q" 0 sizes #sizes : !t
  %kt = attn.tensor "k" 1 sizes #sizes : !t
  %vt = attn.tensor "v" 2 sizes #sizes : !t
  %i = attn.coordinate "i" : !ci
  %j = attn.coordinate "j" : !cj
  %d = attn.coordinate "d" : !cd
  %e = attn.coordinate "e" : !ce
  %yes = attn.constant true : !yes
  %q = attn.read %qt[%i, %d] unchecked : (!t, !ci, !cd) -> !attn.fn<f32, [i, d]>
  %k = attn.read %kt[%j, %d] unchecked : (!t, !cj, !cd) -> !attn.fn<f32, [j, d]>
  %v = attn.read %vt[%j, %e] unchecked : (!t, !cj, !ce) -> !attn.fn<f32, [j, e]>
  %s = attn.dot ["d"] %q, %k : (!attn.fn<f32, [i, d]>, !attn.fn<f32, [j, d]>) -> !s
  %w = attn.binary multiply %k, %v : (!attn.fn<f32, [j, d]>, !attn.fn<f32, [j, e]>) -> !attn.fn<f32, [j, d, e]>
  // expected-error@below {{sums what isn't a row of f32 features for each key: '!attn.fn<f32, [j, d, e]>'}}
  %o = attn.weighted_sum %s mask %yes value %w : (!s, !yes, !attn.fn<f32, [j, d, e]>) -> !attn.fn<f32, [i, d, e]>
}

// -----

!t = !attn.tensor<2 x f32>
!ci = !attn.fn<i64, [i]>
!cj = !attn.fn<i64, [j]>
!cd = !attn.fn<i64, [d]>
!yes = !attn.fn<i1, []>
!s = !attn.fn<f32, [i, j]>
#schedule = #attn.schedule<lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one>
#sizes = affine_map<()[I, J, D, E, F] -> (I, D)>

attn.kernel @softmax coordinates {i = 0 : i64, j = 1 : i64, d = 2 : i64, e = 3 : i64, f = 4 : i64}
    attributes {attn.schedule = #schedule} {
  %qt = attn.tensor "q" 0 sizes #sizes : !t
  %kt = attn.tensor "k" 1 sizes #sizes : !t
  %i = attn.coordinate "i" : !ci
  %j = attn.coordinate "j" : !cj
  %d = attn.coordinate "d" : !cd
  %yes = attn.constant true : !yes
  %q = attn.read %qt[%i, %d] unchecked : (!t, !ci, !cd) -> !attn.fn<f32, [i, d]>
  %k = attn.read %kt[%j, %d] unchecked : (!t, !cj, !cd) -> !attn.fn<f32, [j, d]>
  %s = attn.dot ["d"] %q, %k : (!attn.fn<f32, [i, d]>, !attn.fn<f32, [j, d]>) -> !s
  // expected-error@below {{has no form in tiles: run attn-form-online first}}
  %w = attn.softmax %s where %yes : (!s, !yes) -> !s
  %o = attn.reduce sum ["j"] %w where %yes : (!s, !yes) -> !attn.fn<f32, [i]>
}
