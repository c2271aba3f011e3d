// RUN: attn-opt %s --split-input-file --verify-diagnostics --attn-form-tiles

!t = !attn.tensor<2 x f32>
!ci = !attn.fn<i64, [i]>
!cj = !attn.fn<i64, [j]>
!cd = !attn.fn<i64, [d]>
!ce = !attn.fn<i64, [e]>
!yes = !attn.fn<i1, []>
#schedule = #attn.schedule<lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4>
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
  %s = attn.dot ["d"] %q, %k : (!attn.fn<f32, [i, d]>, !attn.fn<f32, [j, d]>) -> !attn.fn<f32, [i, j]>
  %o, %l = attn.online softmax score %s mask %yes value %v : (!attn.fn<f32, [i, j]>, !yes, !attn.fn<f32, [j, e]>) -> (!attn.fn<f32, [i, e]>, !attn.fn<f32, [i]>)
}

// -----

!t = !attn.tensor<2 x f32>
!ci = !attn.fn<i64, [i]>
!cj = !attn.fn<i64, [j]>
!cd = !attn.fn<i64, [d]>
!ce = !attn.fn<i64, [e]>
!yes = !attn.fn<i1, []>
#schedule = #attn.schedule<lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4>
#sizes = affine_map<()[I, J, D, E, F] -> (I, D)>

// expected-error@below {{isn't one pass over the keys with one product of queries and keys}}
attn.kernel @no_pass coordinates {i = 0 : i64, j = 1 : i64, d = 2 : i64, e = 3 : i64, f = 4 : i64}
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
  %s = attn.dot ["d"] %q, %k : (!attn.fn<f32, [i, d]>, !attn.fn<f32, [j, d]>) -> !attn.fn<f32, [i, j]>
}

// -----

!t = !attn.tensor<2 x f32>
!ci = !attn.fn<i64, [i]>
!cj = !attn.fn<i64, [j]>
!cd = !attn.fn<i64, [d]>
!ce = !attn.fn<i64, [e]>
!yes = !attn.fn<i1, []>
#schedule = #attn.schedule<lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4>
#sizes = affine_map<()[I, J, D, E, F] -> (I, D)>

// expected-error@below {{isn't one pass over the keys with one product of queries and keys}}
attn.kernel @no_product coordinates {i = 0 : i64, j = 1 : i64, d = 2 : i64, e = 3 : i64, f = 4 : i64}
    attributes {attn.schedule = #schedule} {
  %qt = attn.tensor "q" 0 sizes #sizes : !t
  %kt = attn.tensor "k" 1 sizes #sizes : !t
  %vt = attn.tensor "v" 2 sizes #sizes : !t
  %i = attn.coordinate "i" : !ci
  %j = attn.coordinate "j" : !cj
  %d = attn.coordinate "d" : !cd
  %e = attn.coordinate "e" : !ce
  %yes = attn.constant true : !yes
  %s = attn.read %qt[%i, %j] unchecked : (!t, !ci, !cj) -> !attn.fn<f32, [i, j]>
  %v = attn.read %vt[%j, %e] unchecked : (!t, !cj, !ce) -> !attn.fn<f32, [j, e]>
  %o, %l = attn.online softmax score %s mask %yes value %v : (!attn.fn<f32, [i, j]>, !yes, !attn.fn<f32, [j, e]>) -> (!attn.fn<f32, [i, e]>, !attn.fn<f32, [i]>)
}

// -----

!t = !attn.tensor<2 x f32>
!ci = !attn.fn<i64, [i]>
!cj = !attn.fn<i64, [j]>
!cd = !attn.fn<i64, [d]>
!ce = !attn.fn<i64, [e]>
!yes = !attn.fn<i1, []>
#schedule = #attn.schedule<lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4>
#sizes = affine_map<()[I, J, D, E, F] -> (I, D)>

attn.kernel @two_products coordinates {i = 0 : i64, j = 1 : i64, d = 2 : i64, e = 3 : i64, f = 4 : i64}
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
  %s = attn.dot ["d"] %q, %k : (!attn.fn<f32, [i, d]>, !attn.fn<f32, [j, d]>) -> !attn.fn<f32, [i, j]>
  // expected-error@below {{more than one product of queries and keys}}
  %s2 = attn.dot ["d"] %q, %k : (!attn.fn<f32, [i, d]>, !attn.fn<f32, [j, d]>) -> !attn.fn<f32, [i, j]>
  %sum = attn.binary add %s, %s2 : (!attn.fn<f32, [i, j]>, !attn.fn<f32, [i, j]>) -> !attn.fn<f32, [i, j]>
  %o, %l = attn.online softmax score %sum mask %yes value %v : (!attn.fn<f32, [i, j]>, !yes, !attn.fn<f32, [j, e]>) -> (!attn.fn<f32, [i, e]>, !attn.fn<f32, [i]>)
}

// -----

!t = !attn.tensor<2 x f32>
!ci = !attn.fn<i64, [i]>
!cj = !attn.fn<i64, [j]>
!cd = !attn.fn<i64, [d]>
!ce = !attn.fn<i64, [e]>
!yes = !attn.fn<i1, []>
#schedule = #attn.schedule<lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4>
#sizes = affine_map<()[I, J, D, E, F] -> (I, D)>

attn.kernel @two_passes coordinates {i = 0 : i64, j = 1 : i64, d = 2 : i64, e = 3 : i64, f = 4 : i64}
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
  %s = attn.dot ["d"] %q, %k : (!attn.fn<f32, [i, d]>, !attn.fn<f32, [j, d]>) -> !attn.fn<f32, [i, j]>
  %o, %l = attn.online softmax score %s mask %yes value %v : (!attn.fn<f32, [i, j]>, !yes, !attn.fn<f32, [j, e]>) -> (!attn.fn<f32, [i, e]>, !attn.fn<f32, [i]>)
  // expected-error@below {{more than one pass over the keys}}
  %o2, %l2 = attn.online softmax score %s mask %yes value %v : (!attn.fn<f32, [i, j]>, !yes, !attn.fn<f32, [j, e]>) -> (!attn.fn<f32, [i, e]>, !attn.fn<f32, [i]>)
}

// -----

!t = !attn.tensor<2 x f32>
!ci = !attn.fn<i64, [i]>
!cj = !attn.fn<i64, [j]>
!cd = !attn.fn<i64, [d]>
!ce = !attn.fn<i64, [e]>
!yes = !attn.fn<i1, []>
#schedule = #attn.schedule<lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4>
#sizes = affine_map<()[I, J, D, E, F] -> (I, D)>

attn.kernel @product_over_two coordinates {i = 0 : i64, j = 1 : i64, d = 2 : i64, e = 3 : i64, f = 4 : i64}
    attributes {attn.schedule = #schedule} {
  %qt = attn.tensor "q" 0 sizes affine_map<()[I, J, D, E, F] -> (I, D, F)> : !attn.tensor<3 x f32>
  %kt = attn.tensor "k" 1 sizes affine_map<()[I, J, D, E, F] -> (I, D, F)> : !attn.tensor<3 x f32>
  %vt = attn.tensor "v" 2 sizes affine_map<()[I, J, D, E, F] -> (I, D, F)> : !attn.tensor<3 x f32>
  %i = attn.coordinate "i" : !ci
  %j = attn.coordinate "j" : !cj
  %d = attn.coordinate "d" : !cd
  %e = attn.coordinate "e" : !ce
  %yes = attn.constant true : !yes
  %f = attn.coordinate "f" : !attn.fn<i64, [f]>
  %q = attn.read %qt[%i, %d, %f] unchecked : (!attn.tensor<3 x f32>, !ci, !cd, !attn.fn<i64, [f]>) -> !attn.fn<f32, [i, d, f]>
  %k = attn.read %kt[%j, %d, %f] unchecked : (!attn.tensor<3 x f32>, !cj, !cd, !attn.fn<i64, [f]>) -> !attn.fn<f32, [j, d, f]>
  %v = attn.read %vt[%j, %e, %e] unchecked : (!attn.tensor<3 x f32>, !cj, !ce, !ce) -> !attn.fn<f32, [j, e]>
  // expected-error@below {{sums over more than one coordinate}}
  %s = attn.dot ["d", "f"] %q, %k : (!attn.fn<f32, [i, d, f]>, !attn.fn<f32, [j, d, f]>) -> !attn.fn<f32, [i, j]>
  %o, %l = attn.online softmax score %s mask %yes value %v : (!attn.fn<f32, [i, j]>, !yes, !attn.fn<f32, [j, e]>) -> (!attn.fn<f32, [i, e]>, !attn.fn<f32, [i]>)
}

// -----

!t = !attn.tensor<2 x f32>
!ci = !attn.fn<i64, [i]>
!cj = !attn.fn<i64, [j]>
!cd = !attn.fn<i64, [d]>
!ce = !attn.fn<i64, [e]>
!yes = !attn.fn<i1, []>
#schedule = #attn.schedule<lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4>
#sizes = affine_map<()[I, J, D, E, F] -> (I, D)>

attn.kernel @computed_key coordinates {i = 0 : i64, j = 1 : i64, d = 2 : i64, e = 3 : i64, f = 4 : i64}
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
  %k2 = attn.unary negate %k : !attn.fn<f32, [j, d]> -> !attn.fn<f32, [j, d]>
  %v = attn.read %vt[%j, %e] unchecked : (!t, !cj, !ce) -> !attn.fn<f32, [j, e]>
  // expected-error@below {{query, key or value isn't an f32 tensor read unchecked at plain coordinates}}
  %s = attn.dot ["d"] %q, %k2 : (!attn.fn<f32, [i, d]>, !attn.fn<f32, [j, d]>) -> !attn.fn<f32, [i, j]>
  %o, %l = attn.online softmax score %s mask %yes value %v : (!attn.fn<f32, [i, j]>, !yes, !attn.fn<f32, [j, e]>) -> (!attn.fn<f32, [i, e]>, !attn.fn<f32, [i]>)
}

// -----

!t = !attn.tensor<2 x f32>
!ci = !attn.fn<i64, [i]>
!cj = !attn.fn<i64, [j]>
!cd = !attn.fn<i64, [d]>
!ce = !attn.fn<i64, [e]>
!yes = !attn.fn<i1, []>
#schedule = #attn.schedule<lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4>
#sizes = affine_map<()[I, J, D, E, F] -> (I, D)>

attn.kernel @key_elsewhere coordinates {i = 0 : i64, j = 1 : i64, d = 2 : i64, e = 3 : i64, f = 4 : i64}
    attributes {attn.schedule = #schedule} {
  %qt = attn.tensor "q" 0 sizes #sizes : !t
  %kt = attn.tensor "k" 1 sizes #sizes : !t
  %vt = attn.tensor "v" 2 sizes #sizes : !t
  %i = attn.coordinate "i" : !ci
  %j = attn.coordinate "j" : !cj
  %d = attn.coordinate "d" : !cd
  %e = attn.coordinate "e" : !ce
  %yes = attn.constant true : !yes
  %one = attn.constant 1 : i64 : !attn.fn<i64, []>
  %next = attn.binary add %j, %one : (!cj, !attn.fn<i64, []>) -> !cj
  %q = attn.read %qt[%i, %d] unchecked : (!t, !ci, !cd) -> !attn.fn<f32, [i, d]>
  %k = attn.read %kt[%next, %d] unchecked : (!t, !cj, !cd) -> !attn.fn<f32, [j, d]>
  %v = attn.read %vt[%j, %e] unchecked : (!t, !cj, !ce) -> !attn.fn<f32, [j, e]>
  // expected-error@below {{query, key or value isn't an f32 tensor read unchecked at plain coordinates}}
  %s = attn.dot ["d"] %q, %k : (!attn.fn<f32, [i, d]>, !attn.fn<f32, [j, d]>) -> !attn.fn<f32, [i, j]>
  %o, %l = attn.online softmax score %s mask %yes value %v : (!attn.fn<f32, [i, j]>, !yes, !attn.fn<f32, [j, e]>) -> (!attn.fn<f32, [i, e]>, !attn.fn<f32, [i]>)
}

// -----

!t = !attn.tensor<2 x f32>
!ci = !attn.fn<i64, [i]>
!cj = !attn.fn<i64, [j]>
!cd = !attn.fn<i64, [d]>
!ce = !attn.fn<i64, [e]>
!yes = !attn.fn<i1, []>
#schedule = #attn.schedule<lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4>
#sizes = affine_map<()[I, J, D, E, F] -> (I, D)>

attn.kernel @checked_key coordinates {i = 0 : i64, j = 1 : i64, d = 2 : i64, e = 3 : i64, f = 4 : i64}
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
  %k = attn.read %kt[%j, %d] : (!t, !cj, !cd) -> !attn.fn<f32, [j, d]>
  %v = attn.read %vt[%j, %e] unchecked : (!t, !cj, !ce) -> !attn.fn<f32, [j, e]>
  // expected-error@below {{query, key or value isn't an f32 tensor read unchecked at plain coordinates}}
  %s = attn.dot ["d"] %q, %k : (!attn.fn<f32, [i, d]>, !attn.fn<f32, [j, d]>) -> !attn.fn<f32, [i, j]>
  %o, %l = attn.online softmax score %s mask %yes value %v : (!attn.fn<f32, [i, j]>, !yes, !attn.fn<f32, [j, e]>) -> (!attn.fn<f32, [i, e]>, !attn.fn<f32, [i]>)
}

// -----

!t = !attn.tensor<2 x f32>
!ci = !attn.fn<i64, [i]>
!cj = !attn.fn<i64, [j]>
!cd = !attn.fn<i64, [d]>
!ce = !attn.fn<i64, [e]>
!yes = !attn.fn<i1, []>
#schedule = #attn.schedule<lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4>
#sizes = affine_map<()[I, J, D, E, F] -> (I, D)>

attn.kernel @half_key coordinates {i = 0 : i64, j = 1 : i64, d = 2 : i64, e = 3 : i64, f = 4 : i64}
    attributes {attn.schedule = #schedule} {
  %qt = attn.tensor "q" 0 sizes #sizes : !t
  %kt = attn.tensor "k" 1 sizes #sizes : !attn.tensor<2 x f16>
  %vt = attn.tensor "v" 2 sizes #sizes : !t
  %i = attn.coordinate "i" : !ci
  %j = attn.coordinate "j" : !cj
  %d = attn.coordinate "d" : !cd
  %e = attn.coordinate "e" : !ce
  %yes = attn.constant true : !yes
  %q = attn.read %qt[%i, %d] unchecked : (!t, !ci, !cd) -> !attn.fn<f32, [i, d]>
  %k = attn.read %kt[%j, %d] unchecked : (!attn.tensor<2 x f16>, !cj, !cd) -> !attn.fn<f32, [j, d]>
  %v = attn.read %vt[%j, %e] unchecked : (!t, !cj, !ce) -> !attn.fn<f32, [j, e]>
  // expected-error@below {{query, key or value isn't an f32 tensor read unchecked at plain coordinates}}
  %s = attn.dot ["d"] %q, %k : (!attn.fn<f32, [i, d]>, !attn.fn<f32, [j, d]>) -> !attn.fn<f32, [i, j]>
  %o, %l = attn.online softmax score %s mask %yes value %v : (!attn.fn<f32, [i, j]>, !yes, !attn.fn<f32, [j, e]>) -> (!attn.fn<f32, [i, e]>, !attn.fn<f32, [i]>)
}

// -----

!t = !attn.tensor<2 x f32>
!ci = !attn.fn<i64, [i]>
!cj = !attn.fn<i64, [j]>
!cd = !attn.fn<i64, [d]>
!ce = !attn.fn<i64, [e]>
!yes = !attn.fn<i1, []>
#schedule = #attn.schedule<lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4>
#sizes = affine_map<()[I, J, D, E, F] -> (I, D)>

attn.kernel @value_per_query coordinates {i = 0 : i64, j = 1 : i64, d = 2 : i64, e = 3 : i64, f = 4 : i64}
    attributes {attn.schedule = #schedule} {
  %qt = attn.tensor "q" 0 sizes #sizes : !t
  %kt = attn.tensor "k" 1 sizes #sizes : !t
  %vt = attn.tensor "v" 2 sizes affine_map<()[I, J, D, E, F] -> (I, J, E)> : !attn.tensor<3 x f32>
  %i = attn.coordinate "i" : !ci
  %j = attn.coordinate "j" : !cj
  %d = attn.coordinate "d" : !cd
  %e = attn.coordinate "e" : !ce
  %yes = attn.constant true : !yes
  %q = attn.read %qt[%i, %d] unchecked : (!t, !ci, !cd) -> !attn.fn<f32, [i, d]>
  %k = attn.read %kt[%j, %d] unchecked : (!t, !cj, !cd) -> !attn.fn<f32, [j, d]>
  %v = attn.read %vt[%i, %j, %e] unchecked : (!attn.tensor<3 x f32>, !ci, !cj, !ce) -> !attn.fn<f32, [i, j, e]>
  // expected-error@below {{query, key or value isn't an f32 tensor read unchecked at plain coordinates}}
  %s = attn.dot ["d"] %q, %k : (!attn.fn<f32, [i, d]>, !attn.fn<f32, [j, d]>) -> !attn.fn<f32, [i, j]>
  %o, %l = attn.online softmax score %s mask %yes value %v : (!attn.fn<f32, [i, j]>, !yes, !attn.fn<f32, [i, j, e]>) -> (!attn.fn<f32, [i, e]>, !attn.fn<f32, [i]>)
}

// -----

!t = !attn.tensor<2 x f32>
!ci = !attn.fn<i64, [i]>
!cj = !attn.fn<i64, [j]>
!cd = !attn.fn<i64, [d]>
!ce = !attn.fn<i64, [e]>
!yes = !attn.fn<i1, []>
#schedule = #attn.schedule<lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4>
#sizes = affine_map<()[I, J, D, E, F] -> (I, D)>

attn.kernel @no_feature coordinates {i = 0 : i64, j = 1 : i64, d = 2 : i64, e = 3 : i64, f = 4 : i64}
    attributes {attn.schedule = #schedule} {
  %qt = attn.tensor "q" 0 sizes #sizes : !t
  %kt = attn.tensor "k" 1 sizes #sizes : !t
  %vt = attn.tensor "v" 2 sizes affine_map<()[I, J, D, E, F] -> (J)> : !attn.tensor<1 x f32>
  %i = attn.coordinate "i" : !ci
  %j = attn.coordinate "j" : !cj
  %d = attn.coordinate "d" : !cd
  %e = attn.coordinate "e" : !ce
  %yes = attn.constant true : !yes
  %q = attn.read %qt[%i, %d] unchecked : (!t, !ci, !cd) -> !attn.fn<f32, [i, d]>
  %k = attn.read %kt[%j, %d] unchecked : (!t, !cj, !cd) -> !attn.fn<f32, [j, d]>
  %v = attn.read %vt[%j] unchecked : (!attn.tensor<1 x f32>, !cj) -> !attn.fn<f32, [j]>
  %s = attn.dot ["d"] %q, %k : (!attn.fn<f32, [i, d]>, !attn.fn<f32, [j, d]>) -> !attn.fn<f32, [i, j]>
  // expected-error@below {{a value without a feature coordinate}}
  %o, %l = attn.online softmax score %s mask %yes value %v : (!attn.fn<f32, [i, j]>, !yes, !attn.fn<f32, [j]>) -> (!attn.fn<f32, [i]>, !attn.fn<f32, [i]>)
}

// -----

!t = !attn.tensor<2 x f32>
!ci = !attn.fn<i64, [i]>
!cj = !attn.fn<i64, [j]>
!cd = !attn.fn<i64, [d]>
!ce = !attn.fn<i64, [e]>
!yes = !attn.fn<i1, []>
#schedule = #attn.schedule<lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4>
#sizes = affine_map<()[I, J, D, E, F] -> (I, D)>

attn.kernel @two_features coordinates {i = 0 : i64, j = 1 : i64, d = 2 : i64, e = 3 : i64, f = 4 : i64}
    attributes {attn.schedule = #schedule} {
  %qt = attn.tensor "q" 0 sizes #sizes : !t
  %kt = attn.tensor "k" 1 sizes #sizes : !t
  %vt = attn.tensor "v" 2 sizes affine_map<()[I, J, D, E, F] -> (J, E, F)> : !attn.tensor<3 x f32>
  %i = attn.coordinate "i" : !ci
  %j = attn.coordinate "j" : !cj
  %d = attn.coordinate "d" : !cd
  %e = attn.coordinate "e" : !ce
  %yes = attn.constant true : !yes
  %q = attn.read %qt[%i, %d] unchecked : (!t, !ci, !cd) -> !attn.fn<f32, [i, d]>
  %k = attn.read %kt[%j, %d] unchecked : (!t, !cj, !cd) -> !attn.fn<f32, [j, d]>
  %f = attn.coordinate "f" : !attn.fn<i64, [f]>
  %v = attn.read %vt[%j, %e, %f] unchecked : (!attn.tensor<3 x f32>, !cj, !ce, !attn.fn<i64, [f]>) -> !attn.fn<f32, [j, e, f]>
  %s = attn.dot ["d"] %q, %k : (!attn.fn<f32, [i, d]>, !attn.fn<f32, [j, d]>) -> !attn.fn<f32, [i, j]>
  // expected-error@below {{a value with more than one feature coordinate}}
  %o, %l = attn.online softmax score %s mask %yes value %v : (!attn.fn<f32, [i, j]>, !yes, !attn.fn<f32, [j, e, f]>) -> (!attn.fn<f32, [i, e, f]>, !attn.fn<f32, [i]>)
}

// -----

!t = !attn.tensor<2 x f32>
!ci = !attn.fn<i64, [i]>
!cj = !attn.fn<i64, [j]>
!cd = !attn.fn<i64, [d]>
!ce = !attn.fn<i64, [e]>
!yes = !attn.fn<i1, []>
#schedule = #attn.schedule<lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4>
#sizes = affine_map<()[I, J, D, E, F] -> (I, D)>

attn.kernel @other_output coordinates {i = 0 : i64, j = 1 : i64, d = 2 : i64, e = 3 : i64, f = 4 : i64}
    attributes {attn.schedule = #schedule} {
  %qt = attn.tensor "q" 0 sizes #sizes : !t
  %kt = attn.tensor "k" 1 sizes #sizes : !t
  %vt = attn.tensor "v" 2 sizes #sizes : !t
  %ot = attn.tensor "o" 3 sizes #sizes : !t
  %i = attn.coordinate "i" : !ci
  %j = attn.coordinate "j" : !cj
  %d = attn.coordinate "d" : !cd
  %e = attn.coordinate "e" : !ce
  %yes = attn.constant true : !yes
  %q = attn.read %qt[%i, %d] unchecked : (!t, !ci, !cd) -> !attn.fn<f32, [i, d]>
  %k = attn.read %kt[%j, %d] unchecked : (!t, !cj, !cd) -> !attn.fn<f32, [j, d]>
  %v = attn.read %vt[%j, %e] unchecked : (!t, !cj, !ce) -> !attn.fn<f32, [j, e]>
  %s = attn.dot ["d"] %q, %k : (!attn.fn<f32, [i, d]>, !attn.fn<f32, [j, d]>) -> !attn.fn<f32, [i, j]>
  %o, %l = attn.online softmax score %s mask %yes value %v : (!attn.fn<f32, [i, j]>, !yes, !attn.fn<f32, [j, e]>) -> (!attn.fn<f32, [i, e]>, !attn.fn<f32, [i]>)
  %n = attn.unary negate %o : !attn.fn<f32, [i, e]> -> !attn.fn<f32, [i, e]>
  // expected-error@below {{stores neither the weighted sum nor its log-sum-exp}}
  attn.output %ot ["i", "e"] = %n : !t, !attn.fn<f32, [i, e]>
}

// -----

!t = !attn.tensor<2 x f32>
!ci = !attn.fn<i64, [i]>
!cj = !attn.fn<i64, [j]>
!cd = !attn.fn<i64, [d]>
!ce = !attn.fn<i64, [e]>
!yes = !attn.fn<i1, []>
#schedule = #attn.schedule<lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4>
#sizes = affine_map<()[I, J, D, E, F] -> (I, D)>

attn.kernel @half_output coordinates {i = 0 : i64, j = 1 : i64, d = 2 : i64, e = 3 : i64, f = 4 : i64}
    attributes {attn.schedule = #schedule} {
  %qt = attn.tensor "q" 0 sizes #sizes : !t
  %kt = attn.tensor "k" 1 sizes #sizes : !t
  %vt = attn.tensor "v" 2 sizes #sizes : !t
  %ot = attn.tensor "o" 3 sizes #sizes : !attn.tensor<2 x f16>
  %i = attn.coordinate "i" : !ci
  %j = attn.coordinate "j" : !cj
  %d = attn.coordinate "d" : !cd
  %e = attn.coordinate "e" : !ce
  %yes = attn.constant true : !yes
  %q = attn.read %qt[%i, %d] unchecked : (!t, !ci, !cd) -> !attn.fn<f32, [i, d]>
  %k = attn.read %kt[%j, %d] unchecked : (!t, !cj, !cd) -> !attn.fn<f32, [j, d]>
  %v = attn.read %vt[%j, %e] unchecked : (!t, !cj, !ce) -> !attn.fn<f32, [j, e]>
  %s = attn.dot ["d"] %q, %k : (!attn.fn<f32, [i, d]>, !attn.fn<f32, [j, d]>) -> !attn.fn<f32, [i, j]>
  %o, %l = attn.online softmax score %s mask %yes value %v : (!attn.fn<f32, [i, j]>, !yes, !attn.fn<f32, [j, e]>) -> (!attn.fn<f32, [i, e]>, !attn.fn<f32, [i]>)
  // expected-error@below {{stores 'f16': tiles are stored as f32}}
  attn.output %ot ["i", "e"] = %o : !attn.tensor<2 x f16>, !attn.fn<f32, [i, e]>
}
