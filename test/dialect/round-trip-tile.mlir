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
// CHECK-SAME: schedule <lanes = 16, vectors = 2, key_rows = 8, feature_rows = 8, key_block = 128, key_step = 8>
attn.tile_kernel @causal coordinates {b = 0 : i64, h = 1 : i64, i = 2 : i64, j = 3 : i64, d = 4 : i64, e = 5 : i64}
    extents [-1, -1, -1, -1, 64, 64]
    schedule <lanes = 16, vectors = 2, key_rows = 8, feature_rows = 8, key_block = 128, key_step = 8> {
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
  // CHECK: attn.tile_init : <softmax>, <f32, [e, i]>
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
    // CHECK: attn.tile_contract %{{.*}}, %{{.*}} ["b", "h", "j", "d"] at %{{.*}} : <f32, [d, i]>, <4 x f32> -> <f32, [j, i]>
    %products = attn.tile_contract %packed, %k ["b", "h", "j", "d"] at %block : !queries, !t4 -> !products
    // CHECK: attn.tile_map %{{.*}} at %{{.*}} : <f32, [j, i]> {
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
  // CHECK: attn.tile_finish %{{.*}}, %{{.*}} : <softmax>, <f32, [e, i]> -> !attn.fn<f32, [i]>
  %result, %lse = attn.tile_finish %both(%all) : (!state, !features) -> (!features, !row)
  // CHECK: attn.tile_store %{{.*}}, %{{.*}} ["b", "h", "i", "e"] : <f32, [e, i]>, <4 x f32>
  attn.tile_store %result, %o ["b", "h", "i", "e"] : !features, !t4
  // CHECK: attn.tile_store_row %{{.*}}, %{{.*}} ["b", "h", "i"] : !attn.fn<f32, [i]>, <3 x f32>
  attn.tile_store_row %lse, %l ["b", "h", "i"] : !row, !attn.tensor<3 x f32>
}
