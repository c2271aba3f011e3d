// RUN: attn-opt %s | attn-opt | FileCheck %s

!products = !attn.tile<f32, [j, i]>
!features = !attn.tile<f32, [e, i]>
!queries = !attn.tile<f32, [d, i]>
!state = !attn.state<softmax>
!row = !attn.fn<f32, [i]>
!t4 = !attn.tensor<4 x f32>
#sizes = affine_map<()[B, H, I, J, D, E] -> (B, H, I, D)>

// CHECK-LABEL: attn.tile_kernel @causal coordinates
// CHECK-SAME: extents [-1, -1, -1, -1, 64, 64]
// CHECK-SAME: schedule <lanes = 16, vectors = 2, key_rows = 8, feature_rows = 8, key_block = 128, key_step = 8, orientation = queries, heads = one>
attn.tile_kernel @causal coordinates {b = 0 : i64, h = 1 : i64, i = 2 : i64, j = 3 : i64, d = 4 : i64, e = 5 : i64}
    extents [-1, -1, -1, -1, 64, 64]
    schedule <lanes = 16, vectors = 2, key_rows = 8, feature_rows = 8, key_block = 128, key_step = 8, orientation = queries, heads = one> {
  %q = attn.tensor "q" 0 sizes #sizes : !t4
  %k = attn.tensor "k" 1 sizes #sizes : !t4
  %v = attn.tensor "v" 2 sizes #sizes : !t4
  %o = attn.tensor "o" 3 sizes #sizes : !t4
  %l = attn.tensor "lse" 4 sizes affine_map<()[B, H, I] -> (B, H, I)> : !attn.tensor<3 x f32>
  %scale = attn.constant 0.125 : f32 : !attn.fn<f32, []>
  // CHECK: attn.tile_pack %{{.*}} ["b", "h", "i", "d"] scale %{{.*}} : !attn.fn<f32, []> : <4 x f32> -> <f32, [d, i]>
  %packed = attn.tile_pack %q ["b", "h", "i", "d"] scale %scale : !attn.fn<f32, []> : !t4 -> !queries
  // CHECK: attn.tile_pack %{{.*}} ["b", "h", "i", "d"] : <4 x f32> -> <f32, [d, i]>
  %unscaled = attn.tile_pack %q ["b", "h", "i", "d"] : !t4 -> !queries
  // CHECK: attn.tile_table %{{.*}}, %{{.*}} ["b", "h", "row", "d"] rows 112 : <f32, [d, i]>, <4 x f32> -> <f32, [row, i]>
  %table = attn.tile_table %unscaled, %k ["b", "h", "row", "d"] rows 112 : !queries, !t4 -> !attn.tile<f32, [row, i]>
  // CHECK: attn.tile_repeat %{{.*}} : !attn.fn<f32, []> -> !attn.fn<f32, [i]> {
  %repeated = attn.tile_repeat %scale : !attn.fn<f32, []> -> !row {
  ^bb0(%last: !row):
    attn.yield %last : !row
  }
  // CHECK: attn.tile_init : !attn.state<softmax>, !attn.tile<f32, [e, i]>
  %state, %zero = attn.tile_init : !state, !features
  // CHECK: attn.tile_visit(%{{.*}}, %{{.*}})
  // CHECK-SAME: classify {
  %end, %sum = attn.tile_visit(%state, %zero) : !state, !features -> !state, !features classify {
  ^bb0(%i0: i64, %i1: i64, %j0: i64, %j1: i64):
    %true = attn.constant true : !attn.fn<i1, []>
    %some = attn.uniform %true : !attn.fn<i1, []> -> i1
    attn.yield %some, %some : i1, i1
  // CHECK: } keys {
  } keys {
  // CHECK: ^bb0(%{{.*}}: !attn.keys, %{{.*}}: !attn.state<softmax>, %{{.*}}: !attn.tile<f32, [e, i]>)
  ^bb0(%block: !attn.keys, %old: !state, %accumulator: !features):
    %first = attn.coordinate "i" : !attn.fn<i64, [i]>
    %second = attn.coordinate "j" : !attn.fn<i64, [j]>
    %distance = attn.binary subtract %first, %second : (!attn.fn<i64, [i]>, !attn.fn<i64, [j]>) -> !attn.fn<i64, [i, j]>
    // CHECK: attn.tile_window %{{.*}}[%{{.*}}] at %{{.*}} : <f32, [row, i]>, !attn.fn<i64, [i, j]>
    %window = attn.tile_window %table[%distance] at %block : !attn.tile<f32, [row, i]>, !attn.fn<i64, [i, j]>
    // CHECK: attn.tile_key_table %{{.*}} ["b", "h", "j", "d"], %{{.*}} ["b", "h", "row", "d"] over "d" rows 128[%{{.*}}] at %{{.*}} : (!attn.tensor<4 x f32>, !attn.tensor<4 x f32>, !attn.fn<i64, [i, j]>, !attn.keys) -> !attn.tile<f32, [j, row]>
    %keys = attn.tile_key_table %k ["b", "h", "j", "d"], %k ["b", "h", "row", "d"] over "d" rows 128 [%distance] at %block : (!t4, !t4, !attn.fn<i64, [i, j]>, !attn.keys) -> !attn.tile<f32, [j, row]>
    // CHECK: attn.tile_lookup %{{.*}}[%{{.*}}] : <f32, [row, i]>, !attn.fn<i64, [i, j]> -> !attn.fn<f32, [i, j]>
    %looked = attn.tile_lookup %window[%distance] : !attn.tile<f32, [row, i]>, !attn.fn<i64, [i, j]> -> !attn.fn<f32, [i, j]>
    // CHECK: attn.tile_contract %{{.*}}, %{{.*}} ["b", "h", "j", "d"] at %{{.*}} : <f32, [d, i]>, !attn.tensor<4 x f32> -> <f32, [j, i]>
    %products = attn.tile_contract %packed, %k ["b", "h", "j", "d"] at %block : !queries, !t4 -> !products
    // CHECK: attn.tile_map(%{{.*}}) at %{{.*}} : (!attn.tile<f32, [j, i]>, !attn.keys) -> !attn.tile<f32, [j, i]> {
    %scores = attn.tile_map(%products) at %block : (!products, !attn.keys) -> !products {
    ^bb1(%s: !attn.fn<f32, [b, h, i, j]>):
      %i = attn.coordinate "i" : !attn.fn<i64, [i]>
      %j = attn.coordinate "j" : !attn.fn<i64, [j]>
      %mask = attn.compare less_equal %j, %i : !attn.fn<i64, [j]>, !attn.fn<i64, [i]> -> !attn.fn<i1, [i, j]>
      attn.yield %s, %mask : !attn.fn<f32, [b, h, i, j]>, !attn.fn<i1, [i, j]>
    }
    // CHECK: attn.tile_absorb %{{.*}}, %{{.*}} at %{{.*}} : <softmax>, <f32, [j, i]> -> !attn.fn<f32, [i]>
    %next, %weights, %rescale = attn.tile_absorb %old, %scores at %block : !state, !products -> !row
    // CHECK: attn.tile_accumulate %{{.*}} times %{{.*}} plus %{{.*}}, %{{.*}} ["b", "h", "j", "e"] at %{{.*}} :
    %more = attn.tile_accumulate %accumulator times %rescale plus %weights, %v ["b", "h", "j", "e"] at %block
        : !features, !row, !products, !t4
    attn.yield %next, %more : !state, !features
  }
  // CHECK: attn.tile_combine %{{.*}}, %{{.*}} with %{{.*}}, %{{.*}} : <softmax>, <f32, [e, i]>
  %both, %all = attn.tile_combine %end, %sum with %state, %zero : !state, !features
  // CHECK: attn.tile_finish %{{.*}}(%{{.*}}) : (!attn.state<softmax>, !attn.tile<f32, [e, i]>) -> (!attn.tile<f32, [e, i]>, !attn.fn<f32, [i]>)
  %result, %lse = attn.tile_finish %both(%all) : (!state, !features) -> (!features, !row)
  // CHECK: attn.tile_store %{{.*}}, %{{.*}} ["b", "h", "i", "e"] : <f32, [e, i]>, <4 x f32>
  attn.tile_store %result, %o ["b", "h", "i", "e"] : !features, !t4
  // CHECK: attn.tile_store_row %{{.*}}, %{{.*}} ["b", "h", "i"] : !attn.fn<f32, [i]>, <3 x f32>
  attn.tile_store_row %lse, %l ["b", "h", "i"] : !row, !attn.tensor<3 x f32>
}

!keys = !attn.tile<f32, [j, d]>
!rows = !attn.tile<f32, [i, d]>
!sum = !attn.state<sum>
!pair = !attn.fn<f32, [i, j]>
!count = !attn.fn<i64, [i]>
!offset = !attn.fn<i64, [b, h]>

// Rows computed for a block of queries and for a block of keys, tensors taken from elsewhere, several products, weights that are summed as they are, and
// reductions: all that a pass over the keys can carry.
// CHECK-LABEL: attn.tile_kernel @rows
attn.tile_kernel @rows coordinates {b = 0 : i64, h = 1 : i64, i = 2 : i64, j = 3 : i64, d = 4 : i64, e = 5 : i64}
    schedule <lanes = 16, vectors = 2, key_rows = 8, feature_rows = 8, key_block = 128, key_step = 8, orientation = queries, heads = one> {
  %q = attn.tensor "q" 0 sizes #sizes : !t4
  %k = attn.tensor "k" 1 sizes #sizes : !t4
  %v = attn.tensor "v" 2 sizes #sizes : !t4
  %o = attn.tensor "o" 3 sizes #sizes : !t4
  %w = attn.tensor "w" 4 sizes #sizes : !t4
  %b = attn.coordinate "b" : !attn.fn<i64, [b]>
  %h = attn.coordinate "h" : !attn.fn<i64, [h]>
  %offset = attn.binary add %b, %h : (!attn.fn<i64, [b]>, !attn.fn<i64, [h]>) -> !offset
  // CHECK: attn.shift %{{.*}} [2, 3] by %{{.*}}, %{{.*}} : <4 x f32>, !attn.fn<i64, [b, h]>, !attn.fn<i64, [b]> -> <4 x f32>
  %moved = attn.shift %k [2, 3] by %offset, %b : !t4, !offset, !attn.fn<i64, [b]> -> !t4
  %d = attn.coordinate "d" : !attn.fn<i64, [d]>
  %function = attn.convert %d : !attn.fn<i64, [d]> -> !attn.fn<f32, [d]>
  // CHECK: attn.tile_compute %{{.*}} : !attn.fn<f32, [d]> -> <f32, [i, d]>
  %computed = attn.tile_compute %function : !attn.fn<f32, [d]> -> !rows
  %scale = attn.constant 0.125 : f32 : !attn.fn<f32, []>
  // CHECK: attn.tile_transpose %{{.*}} scale %{{.*}} : !attn.fn<f32, []> : <f32, [i, d]> -> <f32, [d, i]>
  %scaled = attn.tile_transpose %computed scale %scale : !attn.fn<f32, []> : !rows -> !queries
  // CHECK: attn.tile_transpose %{{.*}} : <f32, [i, d]> -> <f32, [d, i]>
  %queries = attn.tile_transpose %computed : !rows -> !queries
  // CHECK: attn.tile_init : !attn.state<sum>, !attn.tile<f32, [e, i]>
  %state, %zero = attn.tile_init : !sum, !features
  // CHECK: attn.reduction_init {{ *}}maximum : !attn.fn<f32, [i]>
  // CHECK: attn.reduction_init {{ *}}sum : !attn.fn<i64, [i]>
  %none = attn.reduction_init maximum : !row
  %nothing = attn.reduction_init sum : !count
  // CHECK: attn.tile_visit(%{{.*}}, %{{.*}}, %{{.*}}) descending :
  %sum, %largest, %number = attn.tile_visit(%zero, %none, %nothing) descending : !features, !row, !count -> !features, !row, !count classify {
  } keys {
  ^bb0(%block: !attn.keys, %accumulator: !features, %row: !row, %seen: !count):
    // CHECK: attn.tile_compute %{{.*}} at %{{.*}} : !attn.fn<f32, [d]> -> <f32, [j, d]>
    %keys = attn.tile_compute %function at %block : !attn.fn<f32, [d]> -> !keys
    // CHECK: attn.tile_contract %{{.*}}, %{{.*}} [] at %{{.*}} : <f32, [d, i]>, !attn.tile<f32, [j, d]> -> <f32, [j, i]>
    %one = attn.tile_contract %queries, %keys [] at %block : !queries, !keys -> !products
    // A dimension that only an offset says the place in has no coordinate.
    // CHECK: attn.tile_contract %{{.*}}, %{{.*}} ["b", "", "", "d"] at %{{.*}} : <f32, [d, i]>, !attn.tensor<4 x f32> -> <f32, [j, i]>
    %two = attn.tile_contract %scaled, %moved ["b", "", "", "d"] at %block : !queries, !t4 -> !products
    // CHECK: attn.tile_map(%{{.*}}, %{{.*}}) reduce [#attn<reduction_kind maximum>, #attn<reduction_kind sum>](%{{.*}}, %{{.*}}) at %{{.*}} descending {scores = 0 : i64} :
    %weights, %larger, %more = attn.tile_map(%one, %two) reduce [#attn<reduction_kind maximum>, #attn<reduction_kind sum>] (%row, %seen) at %block descending
        {scores = 0 : i64} : (!products, !products, !row, !count, !attn.keys) -> (!products, !row, !count) {
    ^bb1(%x: !pair, %y: !pair, %soFar: !row, %before: !count):
      // CHECK: attn.tile_function %{{.*}} : <f32, [d, i]> -> !attn.fn<f32, [i, d]>
      %feature = attn.tile_function %queries : !queries -> !attn.fn<f32, [i, d]>
      %first = attn.reduce sum ["d"] %feature : (!attn.fn<f32, [i, d]>) -> !row
      %z = attn.binary multiply %x, %first : (!pair, !row) -> !pair
      %j = attn.coordinate "j" : !attn.fn<i64, [j]>
      attn.yield %z, %y, %j : !pair, !pair, !attn.fn<i64, [j]>
    }
    // CHECK: attn.tile_accumulate %{{.*}} times %{{.*}} plus %{{.*}}, %{{.*}} ["b", "h", "j", "e"] at
    %added = attn.tile_accumulate %accumulator times %scale plus %weights, %v ["b", "h", "j", "e"] at %block
        : !features, !attn.fn<f32, []>, !products, !t4
    // CHECK: attn.tile_store %{{.*}}, %{{.*}} ["b", "h", "i", "j"] at %{{.*}} : <f32, [j, i]>, <4 x f32>
    attn.tile_store %weights, %w ["b", "h", "i", "j"] at %block : !products, !t4
    attn.yield %added, %larger, %more : !features, !row, !count
  }
  // CHECK: attn.tile_finish %{{.*}}(%{{.*}}) : (!attn.state<sum>, !attn.tile<f32, [e, i]>) -> (!attn.tile<f32, [e, i]>, !attn.fn<f32, [i]>)
  %result, %logarithm = attn.tile_finish %state(%sum) : (!sum, !features) -> (!features, !row)
  // CHECK: attn.tile_finish %{{.*}}() : (!attn.state<sum>) -> !attn.fn<f32, [i]>
  %alone = attn.tile_finish %state() : (!sum) -> !row
  attn.tile_store %result, %o ["b", "h", "i", "e"] : !features, !t4
}

// What parts of the keys come to, and what follows once all of them are there.
// CHECK-LABEL: attn.tile_kernel @parts
// CHECK-SAME: heads = one, part_keys = 1024, tasks = 64>
attn.tile_kernel @parts coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, e = 3 : i64}
    schedule <lanes = 16, vectors = 2, key_rows = 8, feature_rows = 8, key_block = 64, key_step = 8, orientation = queries, heads = one, part_keys = 1024, tasks = 64> {
  %state, %sum, %plain = attn.tile_init : !attn.state<softmax>, !features, !features
  %most = attn.reduction_init maximum : !row
  // CHECK: attn.tile_merge(%{{.*}}#0, %{{.*}}#1, %{{.*}}#2, %{{.*}}) accumulators [1] reduce [#attn<reduction_kind maximum>] : !attn.state<softmax>, !attn.tile<f32, [e, i]>, !attn.tile<f32, [e, i]>, !attn.fn<f32, [i]> {
  attn.tile_merge(%state, %sum, %plain, %most) accumulators [1] reduce [#attn<reduction_kind maximum>] : !attn.state<softmax>, !features, !features, !row {
  ^bb0(%wholeState: !attn.state<softmax>, %wholeSum: !features, %wholePlain: !features, %wholeMost: !row):
    %result, %logarithm = attn.tile_finish %wholeState(%wholeSum) : (!attn.state<softmax>, !features) -> (!features, !row)
  }
  // CHECK: attn.tile_merge(%{{.*}}) accumulators [0] : !attn.state<softmax> {
  attn.tile_merge(%state) accumulators [0] : !attn.state<softmax> {
  ^bb0(%alone: !attn.state<softmax>):
  }
}
