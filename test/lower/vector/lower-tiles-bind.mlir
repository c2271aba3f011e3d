// RUN: attn-opt %s --attn-lower-tiles | FileCheck %s

// What a binder computes is stored in the run's arrays: extents (at byte 32 of the run), scalars (40), sizes (48); then how many tasks there are (56) and how much
// memory each needs (64).

// CHECK-LABEL: func.func @kernel_bind
// CHECK-SAME: (%[[STATE:.*]]: !llvm.ptr)
// CHECK-DAG: %[[EXTENTSAT:.*]] = llvm.getelementptr %[[STATE]][32]
// CHECK-DAG: %[[EXTENTS:.*]] = llvm.load %[[EXTENTSAT]]
// CHECK-DAG: %[[SCALARSAT:.*]] = llvm.getelementptr %[[STATE]][40]
// CHECK-DAG: %[[SCALARS:.*]] = llvm.load %[[SCALARSAT]]
// CHECK-DAG: %[[SIZESAT:.*]] = llvm.getelementptr %[[STATE]][48]
// CHECK-DAG: %[[SIZES:.*]] = llvm.load %[[SIZESAT]]
attn.binder @kernel_binder {
  // A computed extent is stored, whatever was there.
  // CHECK: %[[TWICE:.*]] = arith.muli
  // CHECK: %[[SLOT:.*]] = llvm.getelementptr %[[EXTENTS]][2]
  // CHECK-NOT: arith.select
  // CHECK: llvm.store %[[TWICE]], %[[SLOT]]
  %i = attn.extent "I" 1 : !attn.fn<i64, []>
  %two = attn.constant 2 : i64 : !attn.fn<i64, []>
  %twice = attn.binary multiply %i, %two : (!attn.fn<i64, []>, !attn.fn<i64, []>) -> !attn.fn<i64, []>
  attn.bind extent 2 = %twice : !attn.fn<i64, []>

  // A float takes its default only where the caller left the marker, the lowest double.
  // CHECK: %[[FLOATSLOT:.*]] = llvm.getelementptr %[[SCALARS]][1]
  // CHECK: %[[GIVEN:.*]] = llvm.load %[[FLOATSLOT]]
  // CHECK: %[[BITS:.*]] = arith.bitcast %{{.*}} : f64 to i64
  // CHECK: %[[MARKER:.*]] = arith.constant -4503599627370497 : i64
  // CHECK: %[[UNSET:.*]] = arith.cmpi eq, %[[GIVEN]], %[[MARKER]]
  // CHECK: %[[CHOSEN:.*]] = arith.select %[[UNSET]], %[[BITS]], %[[GIVEN]]
  // CHECK: llvm.store %[[CHOSEN]], %[[FLOATSLOT]]
  %j = attn.extent "J" 2 : !attn.fn<i64, []>
  %wide = attn.convert %j : !attn.fn<i64, []> -> !attn.fn<f64, []>
  attn.bind scalar 1 = %wide : !attn.fn<f64, []>

  // An int's marker is the lowest int.
  // CHECK: %[[INTSLOT:.*]] = llvm.getelementptr %[[SCALARS]][2]
  // CHECK: %[[INTGIVEN:.*]] = llvm.load %[[INTSLOT]]
  // CHECK: %[[INTMARKER:.*]] = arith.constant -9223372036854775808 : i64
  // CHECK: %[[INTUNSET:.*]] = arith.cmpi eq, %[[INTGIVEN]], %[[INTMARKER]]
  // CHECK: arith.select %[[INTUNSET]], %{{.*}}, %[[INTGIVEN]]
  attn.bind scalar 2 = %i : !attn.fn<i64, []>

  // So is a bool's, which is stored as 0 or 1.
  // CHECK: arith.extui %{{.*}} : i1 to i64
  %is = attn.compare less %i, %two : !attn.fn<i64, []>, !attn.fn<i64, []> -> !attn.fn<i1, []>
  attn.bind scalar 3 = %is : !attn.fn<i1, []>

  // CHECK: %[[SIZESLOT:.*]] = llvm.getelementptr %[[SIZES]][5]
  // CHECK: llvm.store %{{.*}}, %[[SIZESLOT]]
  attn.bind size 5 = %j : !attn.fn<i64, []>
}

// Tasks: batches times heads times blocks of 8 queries.
// CHECK: %[[TASKS:.*]] = llvm.getelementptr %[[STATE]][56]
// CHECK: llvm.store %{{.*}}, %[[TASKS]]
// CHECK: %[[BYTES:.*]] = llvm.getelementptr %[[STATE]][64]
// CHECK: llvm.store %{{.*}}, %[[BYTES]]
// CHECK: return
attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64}
    schedule <lanes = 4, vectors = 2, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
}
