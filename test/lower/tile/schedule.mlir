// RUN: attn-opt %s --attn-schedule | FileCheck %s --check-prefixes=CHECK,WIDE
// RUN: attn-opt %s --attn-schedule="lanes=8 registers=16" | FileCheck %s --check-prefixes=CHECK,NARROW
// RUN: attn-opt %s --attn-schedule="lanes=4 registers=16" | FileCheck %s --check-prefixes=CHECK,BASE
// RUN: attn-opt %s --attn-schedule="queries=few" | FileCheck %s --check-prefix=FEW
// RUN: attn-opt %s --attn-schedule="queries=many" | FileCheck %s --check-prefix=MANY
// RUN: attn-opt %s --attn-schedule="matrix-unit queries=many" | FileCheck %s --check-prefix=MATRIX
// RUN: attn-opt %s --attn-schedule="matrix-unit queries=few few=32" | FileCheck %s --check-prefix=ROWS
// RUN: attn-opt %s --attn-schedule="lanes=8 registers=16 queries=few few=32" | FileCheck %s --check-prefix=MANY
// RUN: attn-opt %s --attn-schedule="matrix-unit queries=few few=8" | FileCheck %s --check-prefix=BLOCK
// RUN: attn-opt %s --attn-schedule="matrix-unit queries=few few=8 group-heads=4" | FileCheck %s --check-prefix=GROUP
// RUN: attn-opt %s --attn-schedule="queries=few few=1 group-heads=1" | FileCheck %s --check-prefix=ROW
// RUN: attn-opt %s --attn-schedule="lanes=8 registers=16" | FileCheck %s --check-prefix=ROW8
// RUN: not attn-opt %s --attn-schedule=lanes=6 2>&1 | FileCheck %s --check-prefix=WRONG

// The register tile is chosen for the registers: 8 x 3 vectors in 32, 4 x 3 in 16, 4 x 2 where products need one too.
// How many queries a run has is told by it: both kernels are wanted, the few with features in lanes.
// CHECK-LABEL: attn.kernel @chosen
// WIDE-SAME: attn.few_schedule = #attn.schedule<lanes = 16, vectors = 1, key_rows = 4, feature_rows = 4, {{.*}}, orientation = features
// WIDE-SAME: attn.most_few_queries = 32 : i64
// NARROW-SAME: attn.few_schedule = #attn.schedule<lanes = 8, vectors = 1, key_rows = 4, feature_rows = 2, {{.*}}, orientation = features
// WIDE-SAME: attn.schedule = #attn.schedule<lanes = 16, vectors = 3, key_rows = 8, feature_rows = 8, key_block = [[KEYS:[0-9]+]], key_step = {{[0-9]+}}, orientation = queries, heads = one>
// NARROW-SAME: attn.schedule = #attn.schedule<lanes = 8, vectors = 3, key_rows = 4, feature_rows = 4, key_block = [[KEYS:[0-9]+]], key_step = {{[0-9]+}}, orientation = queries, heads = one>
// BASE-SAME: attn.schedule = #attn.schedule<lanes = 4, vectors = 2, key_rows = 4, feature_rows = 4, key_block = [[KEYS:[0-9]+]], key_step = {{[0-9]+}}, orientation = queries, heads = one>
// WRONG: error: a schedule's lanes are a power of two up to 16, not 6
attn.kernel @chosen coordinates {i = 0 : i64} {
}

// FEW-LABEL: attn.kernel @chosen
// FEW-NOT: attn.few_schedule
// FEW-SAME: orientation = features
// MANY-LABEL: attn.kernel @chosen
// MANY-NOT: attn.few_schedule
// MANY-SAME: orientation = queries

// A schedule that is already there stays, whatever the target.
// CHECK-LABEL: attn.kernel @kept
// CHECK-SAME: attn.schedule = #attn.schedule<lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one>
attn.kernel @kept coordinates {i = 0 : i64} attributes {
    attn.schedule = #attn.schedule<lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one>} {
}

!yes = !attn.fn<i1, []>

// With an extent that is known there is nothing to ask for; the row block has room for a group's queries.
// CHECK-LABEL: attn.kernel @one_query
// CHECK-NOT: attn.few_schedule
// WIDE-SAME: vectors = 2, {{.*}}, orientation = features, heads = group
attn.kernel @one_query coordinates {b = 0 : i64, h = 1 : i64, g = 2 : i64, i = 3 : i64, j = 4 : i64, d = 5 : i64, e = 6 : i64} extents [-1, 32, 2, 2, -1, 64, 64] {
  %q = attn.tensor "q" 0 sizes affine_map<()[B, H, G, I, J, D, E] -> (B, H, I, D)> : !attn.tensor<4 x f32>
  %k = attn.tensor "k" 1 sizes affine_map<()[B, H, G, I, J, D, E] -> (B, G, J, D)> : !attn.tensor<4 x f32>
  %v = attn.tensor "v" 2 sizes affine_map<()[B, H, G, I, J, D, E] -> (B, G, J, E)> : !attn.tensor<4 x f32>
}

// Values that vary with the query take queries in lanes, however few there are.
// CHECK-LABEL: attn.kernel @values_of_queries
// CHECK-SAME: orientation = queries
attn.kernel @values_of_queries coordinates {i = 0 : i64, j = 1 : i64, e = 2 : i64} extents [1, -1, -1] {
  %s = attn.tensor "s" 0 sizes affine_map<()[I, J, E] -> (I, J)> : !attn.tensor<2 x f32>
  %v = attn.tensor "v" 1 sizes affine_map<()[I, J, E] -> (I, J, E)> : !attn.tensor<3 x f32>
  %i = attn.coordinate "i" : !attn.fn<i64, [i]>
  %j = attn.coordinate "j" : !attn.fn<i64, [j]>
  %e = attn.coordinate "e" : !attn.fn<i64, [e]>
  %weight = attn.read %s[%i, %j] unchecked : (!attn.tensor<2 x f32>, !attn.fn<i64, [i]>, !attn.fn<i64, [j]>) -> !attn.fn<f32, [i, j]>
  %value = attn.read %v[%i, %j, %e] unchecked
      : (!attn.tensor<3 x f32>, !attn.fn<i64, [i]>, !attn.fn<i64, [j]>, !attn.fn<i64, [e]>) -> !attn.fn<f32, [i, j, e]>
  %yes = attn.constant true : !yes
  %o = attn.weighted_sum %weight mask %yes value %value : (!attn.fn<f32, [i, j]>, !yes, !attn.fn<f32, [i, j, e]>) -> !attn.fn<f32, [i, e]>
}

// Products with keys in 16 bits as they lie in memory are for the matrix unit; with one in 32 bits among them, or without the unit, for vectors.
// MATRIX-LABEL: attn.kernel @narrow
// MATRIX-SAME: attn.schedule = #attn.schedule<lanes = 16, vectors = 4, key_rows = 4, feature_rows = 32, key_block = 64, {{.*}}, products = matrix>
// Of few queries it takes as many rows as the heads of a group have together; fewer leave it mostly idle.
// ROWS-LABEL: attn.kernel @chosen
// ROWS-SAME: vectors = 2, {{.*}}, orientation = features, heads = group>
// ROWS-LABEL: attn.kernel @narrow
// ROWS-SAME: vectors = 2, {{.*}}, orientation = queries, heads = group, products = matrix>
// BLOCK-LABEL: attn.kernel @narrow
// BLOCK-SAME: vectors = 1, {{.*}}, orientation = features, heads = group>
// MANY-LABEL: attn.kernel @narrow
// MANY-SAME: orientation = queries, heads = one>
attn.kernel @narrow coordinates {i = 0 : i64, j = 1 : i64, d = 2 : i64} extents [-1, -1, -1] {
  %q = attn.tensor "q" 0 sizes affine_map<()[I, J, D] -> (I, D)> : !attn.tensor<2 x f32>
  %k = attn.tensor "k" 1 sizes affine_map<()[I, J, D] -> (J, D)> : !attn.tensor<2 x bf16>
  %i = attn.coordinate "i" : !attn.fn<i64, [i]>
  %j = attn.coordinate "j" : !attn.fn<i64, [j]>
  %d = attn.coordinate "d" : !attn.fn<i64, [d]>
  %query = attn.read %q[%i, %d] unchecked : (!attn.tensor<2 x f32>, !attn.fn<i64, [i]>, !attn.fn<i64, [d]>) -> !attn.fn<f32, [i, d]>
  %key = attn.read %k[%j, %d] unchecked : (!attn.tensor<2 x bf16>, !attn.fn<i64, [j]>, !attn.fn<i64, [d]>) -> !attn.fn<f32, [j, d]>
  %product = attn.dot ["d"] %query, %key : (!attn.fn<f32, [i, d]>, !attn.fn<f32, [j, d]>) -> !attn.fn<f32, [i, j]>
}

// Numbers of 32 bits are split: more queries share that.
// MATRIX-LABEL: attn.kernel @mixed
// MATRIX-SAME: vectors = 8, {{.*}}, heads = one, products = matrix>
attn.kernel @mixed coordinates {i = 0 : i64, j = 1 : i64, d = 2 : i64} extents [-1, -1, -1] {
  %q = attn.tensor "q" 0 sizes affine_map<()[I, J, D] -> (I, D)> : !attn.tensor<2 x f32>
  %k = attn.tensor "k" 1 sizes affine_map<()[I, J, D] -> (J, D)> : !attn.tensor<2 x f16>
  %r = attn.tensor "r" 2 sizes affine_map<()[I, J, D] -> (J, D)> : !attn.tensor<2 x f32>
  %i = attn.coordinate "i" : !attn.fn<i64, [i]>
  %j = attn.coordinate "j" : !attn.fn<i64, [j]>
  %d = attn.coordinate "d" : !attn.fn<i64, [d]>
  %query = attn.read %q[%i, %d] unchecked : (!attn.tensor<2 x f32>, !attn.fn<i64, [i]>, !attn.fn<i64, [d]>) -> !attn.fn<f32, [i, d]>
  %key = attn.read %k[%j, %d] unchecked : (!attn.tensor<2 x f16>, !attn.fn<i64, [j]>, !attn.fn<i64, [d]>) -> !attn.fn<f32, [j, d]>
  %other = attn.read %r[%j, %d] unchecked : (!attn.tensor<2 x f32>, !attn.fn<i64, [j]>, !attn.fn<i64, [d]>) -> !attn.fn<f32, [j, d]>
  %first = attn.dot ["d"] %query, %key : (!attn.fn<f32, [i, d]>, !attn.fn<f32, [j, d]>) -> !attn.fn<f32, [i, j]>
  %second = attn.dot ["d"] %query, %other : (!attn.fn<f32, [i, d]>, !attn.fn<f32, [j, d]>) -> !attn.fn<f32, [i, j]>
}

// How many heads a group has counts where they lie in one row block, which those of keys of their own don't.
// GROUP-LABEL: attn.kernel @grouped
// GROUP-SAME: vectors = 2, {{.*}}, heads = group, products = matrix>
attn.kernel @grouped coordinates {i = 0 : i64, j = 1 : i64, d = 2 : i64, h = 3 : i64} extents [-1, -1, -1, -1] {
  %q = attn.tensor "q" 0 sizes affine_map<()[I, J, D, H] -> (H, I, D)> : !attn.tensor<3 x f32>
  %k = attn.tensor "k" 1 sizes affine_map<()[I, J, D, H] -> (J, D)> : !attn.tensor<2 x bf16>
  %h = attn.coordinate "h" : !attn.fn<i64, [h]>
  %i = attn.coordinate "i" : !attn.fn<i64, [i]>
  %j = attn.coordinate "j" : !attn.fn<i64, [j]>
  %d = attn.coordinate "d" : !attn.fn<i64, [d]>
  %query = attn.read %q[%h, %i, %d] unchecked
      : (!attn.tensor<3 x f32>, !attn.fn<i64, [h]>, !attn.fn<i64, [i]>, !attn.fn<i64, [d]>) -> !attn.fn<f32, [h, i, d]>
  %key = attn.read %k[%j, %d] unchecked : (!attn.tensor<2 x bf16>, !attn.fn<i64, [j]>, !attn.fn<i64, [d]>) -> !attn.fn<f32, [j, d]>
  %product = attn.dot ["d"] %query, %key : (!attn.fn<f32, [h, i, d]>, !attn.fn<f32, [j, d]>) -> !attn.fn<f32, [h, i, j]>
}

// GROUP-LABEL: attn.kernel @keys_of_heads
// GROUP-SAME: vectors = 1, {{.*}}, orientation = features, heads = one>
attn.kernel @keys_of_heads coordinates {i = 0 : i64, j = 1 : i64, d = 2 : i64, h = 3 : i64} extents [-1, -1, -1, -1] {
  %q = attn.tensor "q" 0 sizes affine_map<()[I, J, D, H] -> (H, I, D)> : !attn.tensor<3 x f32>
  %k = attn.tensor "k" 1 sizes affine_map<()[I, J, D, H] -> (H, J, D)> : !attn.tensor<3 x bf16>
  %h = attn.coordinate "h" : !attn.fn<i64, [h]>
  %i = attn.coordinate "i" : !attn.fn<i64, [i]>
  %j = attn.coordinate "j" : !attn.fn<i64, [j]>
  %d = attn.coordinate "d" : !attn.fn<i64, [d]>
  %query = attn.read %q[%h, %i, %d] unchecked
      : (!attn.tensor<3 x f32>, !attn.fn<i64, [h]>, !attn.fn<i64, [i]>, !attn.fn<i64, [d]>) -> !attn.fn<f32, [h, i, d]>
  %key = attn.read %k[%h, %j, %d] unchecked
      : (!attn.tensor<3 x bf16>, !attn.fn<i64, [h]>, !attn.fn<i64, [j]>, !attn.fn<i64, [d]>) -> !attn.fn<f32, [h, j, d]>
  %product = attn.dot ["d"] %query, %key : (!attn.fn<f32, [h, i, d]>, !attn.fn<f32, [h, j, d]>) -> !attn.fn<f32, [h, i, j]>
}

// A single row, which has a form of its own.
// ROW-LABEL: attn.kernel @row
// ROW-SAME: vectors = 1, key_rows = 16, feature_rows = 1, {{.*}}, orientation = features, heads = group
// ROW8-LABEL: attn.kernel @row
// ROW8-SAME: vectors = 1, key_rows = 8, feature_rows = 1, {{.*}}, orientation = features, heads = group
// CHECK-LABEL: attn.kernel @row
// CHECK-SAME: feature_rows = 1,
attn.kernel @row coordinates {b = 0 : i64, h = 1 : i64, g = 2 : i64, i = 3 : i64, j = 4 : i64, d = 5 : i64, e = 6 : i64} extents [-1, 2, 2, 1, -1, 64, 64] {
  %q = attn.tensor "q" 0 sizes affine_map<()[B, H, G, I, J, D, E] -> (B, H, I, D)> : !attn.tensor<4 x f32>
}
