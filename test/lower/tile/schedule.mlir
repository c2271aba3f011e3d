// RUN: attn-opt %s --attn-schedule | FileCheck %s --check-prefixes=CHECK,WIDE
// RUN: attn-opt %s --attn-schedule="lanes=8 registers=16" | FileCheck %s --check-prefixes=CHECK,NARROW
// RUN: attn-opt %s --attn-schedule="lanes=4 registers=16" | FileCheck %s --check-prefixes=CHECK,BASE
// RUN: not attn-opt %s --attn-schedule=lanes=6 2>&1 | FileCheck %s --check-prefix=WRONG

// The register tile is chosen for the registers: 8 x 3 vectors in 32, 4 x 3 in 16, 4 x 2 where products need one too.
// CHECK-LABEL: attn.kernel @chosen
// WIDE-SAME: attn.schedule = #attn.schedule<lanes = 16, vectors = 3, key_rows = 8, feature_rows = 8, key_block = [[KEYS:[0-9]+]], key_step = {{[0-9]+}}, orientation = queries, heads = one>
// NARROW-SAME: attn.schedule = #attn.schedule<lanes = 8, vectors = 3, key_rows = 4, feature_rows = 4, key_block = [[KEYS:[0-9]+]], key_step = {{[0-9]+}}, orientation = queries, heads = one>
// BASE-SAME: attn.schedule = #attn.schedule<lanes = 4, vectors = 2, key_rows = 4, feature_rows = 4, key_block = [[KEYS:[0-9]+]], key_step = {{[0-9]+}}, orientation = queries, heads = one>
// WRONG: error: a schedule's lanes are a power of two up to 16, not 6
attn.kernel @chosen coordinates {i = 0 : i64} {
}

// A schedule that is already there stays, whatever the target.
// CHECK-LABEL: attn.kernel @kept
// CHECK-SAME: attn.schedule = #attn.schedule<lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one>
attn.kernel @kept coordinates {i = 0 : i64} attributes {
    attn.schedule = #attn.schedule<lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one>} {
}
