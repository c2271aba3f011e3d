// RUN: attn-opt %s --split-input-file --verify-diagnostics

// expected-error@below {{a schedule's vectors is positive, not 0}}
func.func private @f() attributes {s = #attn.schedule<lanes = 8, vectors = 0, key_rows = 4, feature_rows = 4, key_block = 32, key_step = 8, orientation = queries, heads = one>}

// -----

// expected-error@below {{a schedule's key_step is positive, not -8}}
func.func private @f() attributes {s = #attn.schedule<lanes = 8, vectors = 2, key_rows = 4, feature_rows = 4, key_block = 32, key_step = -8, orientation = queries, heads = one>}

// -----

// expected-error@below {{a schedule's lanes are a power of two up to 16, not 12}}
func.func private @f() attributes {s = #attn.schedule<lanes = 12, vectors = 2, key_rows = 4, feature_rows = 4, key_block = 32, key_step = 8, orientation = queries, heads = one>}

// -----

// expected-error@below {{products on the matrix unit have queries in lanes}}
func.func private @f() attributes {s = #attn.schedule<lanes = 16, vectors = 2, key_rows = 4, feature_rows = 32, key_block = 64, key_step = 16, orientation = features, heads = one, products = matrix>}

// -----

// expected-error@below {{on the matrix unit row blocks, feature_rows and key blocks are multiples of 32, not 48, 32 and 64}}
func.func private @f() attributes {s = #attn.schedule<lanes = 16, vectors = 3, key_rows = 4, feature_rows = 32, key_block = 64, key_step = 16, orientation = queries, heads = one, products = matrix>}

// -----

// expected-error@below {{a schedule's lanes are a power of two up to 16, not 32}}
func.func private @f() attributes {s = #attn.schedule<lanes = 32, vectors = 2, key_rows = 4, feature_rows = 4, key_block = 32, key_step = 8, orientation = queries, heads = one>}

// -----

// expected-error@below {{a row block is a multiple of 4 queries, not 6}}
func.func private @f() attributes {s = #attn.schedule<lanes = 2, vectors = 3, key_rows = 4, feature_rows = 4, key_block = 32, key_step = 8, orientation = queries, heads = one>}

// -----

// expected-error@below {{a key block is a multiple of key_rows 5, not 32}}
func.func private @f() attributes {s = #attn.schedule<lanes = 8, vectors = 2, key_rows = 5, feature_rows = 4, key_block = 32, key_step = 8, orientation = queries, heads = one>}

// -----

// expected-error@below {{a key block is key_step 12 times a power of two, not 32}}
func.func private @f() attributes {s = #attn.schedule<lanes = 8, vectors = 2, key_rows = 4, feature_rows = 4, key_block = 32, key_step = 12, orientation = queries, heads = one>}

// -----

// expected-error@below {{a key block is key_step 8 times a power of two, not 24}}
func.func private @f() attributes {s = #attn.schedule<lanes = 8, vectors = 2, key_rows = 4, feature_rows = 4, key_block = 24, key_step = 8, orientation = queries, heads = one>}

// -----

// expected-error@below {{a key block is key_step 64 times a power of two, not 32}}
func.func private @f() attributes {s = #attn.schedule<lanes = 8, vectors = 2, key_rows = 4, feature_rows = 4, key_block = 32, key_step = 64, orientation = queries, heads = one>}

// -----

// expected-error@below {{a tile is of floats, not 'i64'}}
func.func private @f(!attn.tile<i64, [j, i]>)

// -----

// expected-error@below {{a tile has two coordinates}}
func.func private @f(!attn.tile<f32, [i]>)

// -----

// expected-error@below {{a tile has two coordinates}}
func.func private @f(!attn.tile<f32, [i, j]>)

// -----

// expected-error@below {{a tile has two coordinates}}
func.func private @f(!attn.tile<f32, [d, j, i]>)

// -----

// expected-error@below {{a tile has two coordinates}}
func.func private @f(!attn.tile<f32, [d, d]>)

// -----

// expected-error@below {{maps `i` to no extent}}
attn.tile_kernel @kernel coordinates {i = "I"}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
}

// -----

!t = !attn.tensor<2 x f32>

// expected-error@below {{has a body that takes arguments}}
attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  ^bb0(%t: !t):
}

// -----

!t = !attn.tensor<2 x f32>
!queries = !attn.tile<f32, [d, i]>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  // expected-error@below {{names 1 coordinates for rank 2}}
  %p = attn.tile_pack %t ["i"] : !t -> !queries
}

// -----

!t = !attn.tensor<2 x f32>
!queries = !attn.tile<f32, [d, i]>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  // expected-error@below {{names "d" twice}}
  %p = attn.tile_pack %t ["d", "d"] : !t -> !queries
}

// -----

!t = !attn.tensor<2 x f32>
!queries = !attn.tile<f32, [d, i]>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  // expected-error@below {{indexes a dimension by `e`: expected b, h, g, i or d}}
  %p = attn.tile_pack %t ["i", "e"] : !t -> !queries
}

// -----

!t = !attn.tensor<2 x f32>
!queries = !attn.tile<f32, [d, i]>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  // expected-error@below {{indexes a dimension by `j`: expected b, h, g, i or d}}
  %p = attn.tile_pack %t ["j", "d"] : !t -> !queries
}

// -----

!t = !attn.tensor<2 x f32>
!queries = !attn.tile<f32, [d, i]>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  // expected-error@below {{indexes a dimension by `h`, which the kernel has no extent of}}
  %p = attn.tile_pack %t ["h", "d"] : !t -> !queries
}

// -----

!t = !attn.tensor<2 x f32>
!queries = !attn.tile<f32, [d, i]>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  // expected-error@below {{indexes no dimension by `d`, the rows of its tile}}
  %p = attn.tile_pack %t ["b", "i"] : !t -> !queries
}

// -----

!t = !attn.tensor<2 x f32>
!queries = !attn.tile<f32, [d, i]>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %j = attn.coordinate "j" : !attn.fn<i64, [j]>
  %s = attn.convert %j : !attn.fn<i64, [j]> -> !attn.fn<f32, [j]>
  // expected-error@below {{scale varies with "j", not only with the query}}
  %p = attn.tile_pack %t ["i", "d"] scale %s : !attn.fn<f32, [j]> : !t -> !queries
}

// -----

!t = !attn.tensor<2 x f32>
!queries = !attn.tile<f32, [d, i]>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %s = attn.constant 2 : i64 : !attn.fn<i64, []>
  // expected-error@below {{scale must be of 'f32', not '!attn.fn<i64, []>'}}
  %p = attn.tile_pack %t ["i", "d"] scale %s : !attn.fn<i64, []> : !t -> !queries
}

// -----

!scores = !attn.tile<f32, [j, i]>
!state = !attn.state<softmax>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  // expected-error@below {{accumulates over keys}}
  %s, %a = attn.tile_init : !state, !scores
}

// -----

!t = !attn.tensor<2 x f32>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  // expected-error@below {{carries states, accumulators and reductions, not '!attn.tensor<2 x f32>'}}
  %r = attn.tile_visit(%t) : !t -> !t classify {
  } keys {
  ^bb0(%block: !attn.keys, %old: !t):
    attn.yield %old : !t
  }
}

// -----

!features = !attn.tile<f32, [e, i]>
!queries = !attn.tile<f32, [d, i]>
!state = !attn.state<softmax>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %s, %a = attn.tile_init : !state, !features
  // expected-error@below {{gives what it carries}}
  %r:2 = attn.tile_visit(%s, %a) : !state, !features -> !state, !queries classify {
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %sum: !features):
    attn.yield %old, %sum : !state, !features
  }
}

// -----

!features = !attn.tile<f32, [e, i]>
!state = !attn.state<softmax>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %s, %a = attn.tile_init : !state, !features
  // expected-error@below {{has a body that takes the block of keys and what is carried}}
  %r:2 = attn.tile_visit(%s, %a) : !state, !features -> !state, !features classify {
  } keys {
  ^bb0(%old: !state, %sum: !features):
    attn.yield %old, %sum : !state, !features
  }
}

// -----

!features = !attn.tile<f32, [e, i]>
!queries = !attn.tile<f32, [d, i]>
!state = !attn.state<softmax>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %s, %a = attn.tile_init : !state, !features
  // expected-error@below {{has a body that takes the block of keys and what is carried}}
  %r:2 = attn.tile_visit(%s, %a) : !state, !features -> !state, !features classify {
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %sum: !queries):
    attn.yield %old, %sum : !state, !queries
  }
}

// -----

!features = !attn.tile<f32, [e, i]>
!state = !attn.state<softmax>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %s, %a = attn.tile_init : !state, !features
  // expected-error@below {{has a body that yields what is carried}}
  %r:2 = attn.tile_visit(%s, %a) : !state, !features -> !state, !features classify {
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %sum: !features):
    attn.yield %old : !state
  }
}

// -----

!features = !attn.tile<f32, [e, i]>
!state = !attn.state<softmax>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %s, %a = attn.tile_init : !state, !features
  // expected-error@below {{has a body that yields what is carried}}
  %r:2 = attn.tile_visit(%s, %a) : !state, !features -> !state, !features classify {
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %sum: !features):
    attn.yield %sum, %old : !features, !state
  }
}

// -----

!features = !attn.tile<f32, [e, i]>
!state = !attn.state<softmax>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %s, %a = attn.tile_init : !state, !features
  // expected-error@below {{takes the tile's four bounds as i64}}
  %r:2 = attn.tile_visit(%s, %a) : !state, !features -> !state, !features classify {
  ^bb0(%i0: i64, %j0: i64):
    %true = arith.constant true
    attn.yield %true, %true : i1, i1
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %sum: !features):
    attn.yield %old, %sum : !state, !features
  }
}

// -----

!features = !attn.tile<f32, [e, i]>
!state = !attn.state<softmax>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %s, %a = attn.tile_init : !state, !features
  // expected-error@below {{yields two booleans}}
  %r:2 = attn.tile_visit(%s, %a) : !state, !features -> !state, !features classify {
  ^bb0(%i0: i64, %i1: i64, %j0: i64, %j1: i64):
    %true = arith.constant true
    attn.yield %true : i1
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %sum: !features):
    attn.yield %old, %sum : !state, !features
  }
}

// -----

!t = !attn.tensor<2 x f32>
!features = !attn.tile<f32, [e, i]>
!queries = !attn.tile<f32, [d, i]>
!state = !attn.state<softmax>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %p = attn.tile_pack %t ["i", "d"] : !t -> !queries
  %s, %a = attn.tile_init : !state, !features
  %r:2 = attn.tile_visit(%s, %a) : !state, !features -> !state, !features classify {
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %sum: !features):
    // expected-error@below {{the result must be a tile of keys and queries}}
    %c = attn.tile_contract %p, %t ["j", "d"] at %block : !queries, !t -> !features
    attn.yield %old, %sum : !state, !features
  }
}

// -----

!t = !attn.tensor<2 x f32>
!scores = !attn.tile<f32, [j, i]>
!features = !attn.tile<f32, [e, i]>
!queries = !attn.tile<f32, [d, i]>
!state = !attn.state<softmax>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %p = attn.tile_pack %t ["i", "d"] : !t -> !queries
  %s, %a = attn.tile_init : !state, !features
  %r:2 = attn.tile_visit(%s, %a) : !state, !features -> !state, !features classify {
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %sum: !features):
    // expected-error@below {{names 1 coordinates for rank 2}}
    %c = attn.tile_contract %p, %t ["j"] at %block : !queries, !t -> !scores
    attn.yield %old, %sum : !state, !features
  }
}

// -----

!t = !attn.tensor<2 x f32>
!scores = !attn.tile<f32, [j, i]>
!features = !attn.tile<f32, [e, i]>
!queries = !attn.tile<f32, [d, i]>
!state = !attn.state<softmax>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %p = attn.tile_pack %t ["i", "d"] : !t -> !queries
  %s, %a = attn.tile_init : !state, !features
  %r:2 = attn.tile_visit(%s, %a) : !state, !features -> !state, !features classify {
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %sum: !features):
    // expected-error@below {{indexes a dimension by `i`: expected b, h, g, j or d}}
    %c = attn.tile_contract %p, %t ["i", "d"] at %block : !queries, !t -> !scores
    attn.yield %old, %sum : !state, !features
  }
}

// -----

!t = !attn.tensor<2 x f32>
!scores = !attn.tile<f32, [j, i]>
!features = !attn.tile<f32, [e, i]>
!queries = !attn.tile<f32, [d, i]>
!state = !attn.state<softmax>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %p = attn.tile_pack %t ["i", "d"] : !t -> !queries
  %s, %a = attn.tile_init : !state, !features
  %r:2 = attn.tile_visit(%s, %a) : !state, !features -> !state, !features classify {
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %sum: !features):
    // expected-error@below {{indexes no dimension by `d`}}
    %c = attn.tile_contract %p, %t ["b", "j"] at %block : !queries, !t -> !scores
    attn.yield %old, %sum : !state, !features
  }
}

// -----

!t = !attn.tensor<2 x f32>
!scores = !attn.tile<f32, [j, i]>
!features = !attn.tile<f32, [e, i]>
!queries = !attn.tile<f32, [d, i]>
!state = !attn.state<softmax>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %p = attn.tile_pack %t ["i", "d"] : !t -> !queries
  %s, %a = attn.tile_init : !state, !features
  %r:2 = attn.tile_visit(%s, %a) : !state, !features -> !state, !features classify {
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %sum: !features):
    %c = attn.tile_contract %p, %t ["j", "d"] at %block : !queries, !t -> !scores
    // expected-error@below {{has a body that takes each product, a function of 'f32'}}
    %m = attn.tile_map(%c) at %block : (!scores, !attn.keys) -> !scores {
    ^bb1(%x: !attn.fn<i64, [i, j]>):
      attn.yield %x : !attn.fn<i64, [i, j]>
    }
    attn.yield %old, %sum : !state, !features
  }
}

// -----

!t = !attn.tensor<2 x f32>
!scores = !attn.tile<f32, [j, i]>
!features = !attn.tile<f32, [e, i]>
!queries = !attn.tile<f32, [d, i]>
!state = !attn.state<softmax>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %p = attn.tile_pack %t ["i", "d"] : !t -> !queries
  %s, %a = attn.tile_init : !state, !features
  %r:2 = attn.tile_visit(%s, %a) : !state, !features -> !state, !features classify {
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %sum: !features):
    %c = attn.tile_contract %p, %t ["j", "d"] at %block : !queries, !t -> !scores
    // expected-error@below {{has a body that takes the products and what the reductions have come to}}
    %m = attn.tile_map(%c) at %block : (!scores, !attn.keys) -> !scores {
    ^bb1(%x: !attn.fn<f32, [i, j]>, %y: !attn.fn<f32, [i, j]>):
      attn.yield %x : !attn.fn<f32, [i, j]>
    }
    attn.yield %old, %sum : !state, !features
  }
}

// -----

!t = !attn.tensor<2 x f32>
!scores = !attn.tile<f32, [j, i]>
!features = !attn.tile<f32, [e, i]>
!queries = !attn.tile<f32, [d, i]>
!state = !attn.state<softmax>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %p = attn.tile_pack %t ["i", "d"] : !t -> !queries
  %s, %a = attn.tile_init : !state, !features
  %r:2 = attn.tile_visit(%s, %a) : !state, !features -> !state, !features classify {
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %sum: !features):
    %c = attn.tile_contract %p, %t ["j", "d"] at %block : !queries, !t -> !scores
    // expected-error@below {{has a body that yields a function for each tile and reduction, and the mask, if there is one}}
    %m = attn.tile_map(%c) at %block : (!scores, !attn.keys) -> !scores {
    ^bb1(%x: !attn.fn<f32, [i, j]>):
      attn.yield
    }
    attn.yield %old, %sum : !state, !features
  }
}

// -----

!t = !attn.tensor<2 x f32>
!scores = !attn.tile<f32, [j, i]>
!features = !attn.tile<f32, [e, i]>
!queries = !attn.tile<f32, [d, i]>
!state = !attn.state<softmax>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %p = attn.tile_pack %t ["i", "d"] : !t -> !queries
  %s, %a = attn.tile_init : !state, !features
  %r:2 = attn.tile_visit(%s, %a) : !state, !features -> !state, !features classify {
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %sum: !features):
    %c = attn.tile_contract %p, %t ["j", "d"] at %block : !queries, !t -> !scores
    // expected-error@below {{has a mask that isn't a boolean function}}
    %m = attn.tile_map(%c) at %block : (!scores, !attn.keys) -> !scores {
    ^bb1(%x: !attn.fn<f32, [i, j]>):
      attn.yield %x, %x : !attn.fn<f32, [i, j]>, !attn.fn<f32, [i, j]>
    }
    attn.yield %old, %sum : !state, !features
  }
}

// -----

!t = !attn.tensor<2 x f32>
!scores = !attn.tile<f32, [j, i]>
!features = !attn.tile<f32, [e, i]>
!queries = !attn.tile<f32, [d, i]>
!state = !attn.state<softmax>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %p = attn.tile_pack %t ["i", "d"] : !t -> !queries
  %s, %a = attn.tile_init : !state, !features
  %r:2 = attn.tile_visit(%s, %a) : !state, !features -> !state, !features classify {
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %sum: !features):
    %c = attn.tile_contract %p, %t ["j", "d"] at %block : !queries, !t -> !scores
    // expected-error@below {{has a body that yields a function for each tile and reduction, and the mask, if there is one}}
    %m = attn.tile_map(%c) at %block : (!scores, !attn.keys) -> !scores {
    ^bb1(%x: !attn.fn<f32, [i, j]>):
      attn.yield %x, %x, %x : !attn.fn<f32, [i, j]>, !attn.fn<f32, [i, j]>, !attn.fn<f32, [i, j]>
    }
    attn.yield %old, %sum : !state, !features
  }
}

// -----

!t = !attn.tensor<2 x f32>
!scores = !attn.tile<f32, [j, i]>
!features = !attn.tile<f32, [e, i]>
!queries = !attn.tile<f32, [d, i]>
!state = !attn.state<softmax>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %p = attn.tile_pack %t ["i", "d"] : !t -> !queries
  %s, %a = attn.tile_init : !state, !features
  %r:2 = attn.tile_visit(%s, %a) : !state, !features -> !state, !features classify {
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %sum: !features):
    %c = attn.tile_contract %p, %t ["j", "d"] at %block : !queries, !t -> !scores
    // expected-error@below {{has a body that yields functions of 'f32', not '!attn.fn<i64, [j]>'}}
    %m = attn.tile_map(%c) at %block : (!scores, !attn.keys) -> !scores {
    ^bb1(%x: !attn.fn<f32, [i, j]>):
      %j = attn.coordinate "j" : !attn.fn<i64, [j]>
      attn.yield %j : !attn.fn<i64, [j]>
    }
    attn.yield %old, %sum : !state, !features
  }
}

// -----

!t = !attn.tensor<2 x f32>
!features = !attn.tile<f32, [e, i]>
!queries = !attn.tile<f32, [d, i]>
!state = !attn.state<softmax>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %p = attn.tile_pack %t ["i", "d"] : !t -> !queries
  %s, %a = attn.tile_init : !state, !features
  %r:2 = attn.tile_visit(%s, %a) : !state, !features -> !state, !features classify {
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %sum: !features):
    // expected-error@below {{an operand or result must be a tile of keys and queries, not '!attn.tile<f32, [d, i]>'}}
    %m = attn.tile_map(%p) at %block : (!queries, !attn.keys) -> !queries {
    ^bb1(%x: !attn.fn<f32, [i]>):
      attn.yield %x : !attn.fn<f32, [i]>
    }
    attn.yield %old, %sum : !state, !features
  }
}

// -----

!t = !attn.tensor<2 x f32>
!features = !attn.tile<f32, [e, i]>
!queries = !attn.tile<f32, [d, i]>
!state = !attn.state<softmax>
!row = !attn.fn<f32, [i]>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %p = attn.tile_pack %t ["i", "d"] : !t -> !queries
  %s, %a = attn.tile_init : !state, !features
  %r:2 = attn.tile_visit(%s, %a) : !state, !features -> !state, !features classify {
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %sum: !features):
    // expected-error@below {{the operand must be a tile of keys and queries}}
    %n, %w, %f = attn.tile_absorb %old, %p at %block : !state, !queries -> !row
    attn.yield %old, %sum : !state, !features
  }
}

// -----

!t = !attn.tensor<2 x f32>
!scores = !attn.tile<f32, [j, i]>
!features = !attn.tile<f32, [e, i]>
!queries = !attn.tile<f32, [d, i]>
!state = !attn.state<softmax>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %p = attn.tile_pack %t ["i", "d"] : !t -> !queries
  %s, %a = attn.tile_init : !state, !features
  %r:2 = attn.tile_visit(%s, %a) : !state, !features -> !state, !features classify {
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %sum: !features):
    %c = attn.tile_contract %p, %t ["j", "d"] at %block : !queries, !t -> !scores
    // expected-error@below {{rescale varies with "j", not only with the query}}
    %n, %w, %f = attn.tile_absorb %old, %c at %block : !state, !scores -> !attn.fn<f32, [i, j]>
    attn.yield %old, %sum : !state, !features
  }
}

// -----

!t = !attn.tensor<2 x f32>
!scores = !attn.tile<f32, [j, i]>
!features = !attn.tile<f32, [e, i]>
!queries = !attn.tile<f32, [d, i]>
!state = !attn.state<softmax>
!row = !attn.fn<f32, [i]>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %p = attn.tile_pack %t ["i", "d"] : !t -> !queries
  %s, %a = attn.tile_init : !state, !features
  %r:2 = attn.tile_visit(%s, %a) : !state, !features -> !state, !features classify {
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %sum: !features):
    %c = attn.tile_contract %p, %t ["j", "d"] at %block : !queries, !t -> !scores
    %n, %w, %f = attn.tile_absorb %old, %c at %block : !state, !scores -> !row
    // expected-error@below {{the weights must be a tile of keys and queries}}
    %g = attn.tile_accumulate %sum times %f plus %p, %t ["j", "e"] at %block : !features, !row, !queries, !t
    attn.yield %old, %sum : !state, !features
  }
}

// -----

!t = !attn.tensor<2 x f32>
!scores = !attn.tile<f32, [j, i]>
!features = !attn.tile<f32, [e, i]>
!queries = !attn.tile<f32, [d, i]>
!state = !attn.state<softmax>
!row = !attn.fn<f32, [i]>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %p = attn.tile_pack %t ["i", "d"] : !t -> !queries
  %s, %a = attn.tile_init : !state, !features
  %r:2 = attn.tile_visit(%s, %a) : !state, !features -> !state, !features classify {
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %sum: !features):
    %c = attn.tile_contract %p, %t ["j", "d"] at %block : !queries, !t -> !scores
    %n, %w, %f = attn.tile_absorb %old, %c at %block : !state, !scores -> !row
    // expected-error@below {{indexes a dimension by `d`: expected b, h, g, j or e}}
    %g = attn.tile_accumulate %sum times %f plus %w, %t ["j", "d"] at %block : !features, !row, !scores, !t
    attn.yield %old, %sum : !state, !features
  }
}

// -----

!t = !attn.tensor<2 x f32>
!scores = !attn.tile<f32, [j, i]>
!features = !attn.tile<f32, [e, i]>
!queries = !attn.tile<f32, [d, i]>
!state = !attn.state<softmax>
!row = !attn.fn<f32, [i]>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %p = attn.tile_pack %t ["i", "d"] : !t -> !queries
  %s, %a = attn.tile_init : !state, !features
  %r:2 = attn.tile_visit(%s, %a) : !state, !features -> !state, !features classify {
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %sum: !features):
    %c = attn.tile_contract %p, %t ["j", "d"] at %block : !queries, !t -> !scores
    %n, %w, %f = attn.tile_absorb %old, %c at %block : !state, !scores -> !row
    // expected-error@below {{indexes no dimension by `e`}}
    %g = attn.tile_accumulate %sum times %f plus %w, %t ["b", "j"] at %block : !features, !row, !scores, !t
    attn.yield %old, %sum : !state, !features
  }
}

// -----

!features = !attn.tile<f32, [e, i]>
!state = !attn.state<softmax>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %s, %a = attn.tile_init : !state, !features
  // expected-error@below {{the logarithm varies with "e", not only with the query}}
  %o, %l = attn.tile_finish %s(%a) : (!state, !features) -> (!features, !attn.fn<f32, [i, e]>)
}

// -----

!t = !attn.tensor<2 x f32>
!features = !attn.tile<f32, [e, i]>
!state = !attn.state<softmax>
!row = !attn.fn<f32, [i]>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %s, %a = attn.tile_init : !state, !features
  %o, %l = attn.tile_finish %s(%a) : (!state, !features) -> (!features, !row)
  // expected-error@below {{names 3 coordinates for rank 2}}
  attn.tile_store %o, %t ["b", "i", "e"] : !features, !t
}

// -----

!t = !attn.tensor<2 x f32>
!features = !attn.tile<f32, [e, i]>
!state = !attn.state<softmax>
!row = !attn.fn<f32, [i]>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %s, %a = attn.tile_init : !state, !features
  %o, %l = attn.tile_finish %s(%a) : (!state, !features) -> (!features, !row)
  // expected-error@below {{indexes a dimension by `j`: expected b, h, g, i or e}}
  attn.tile_store %o, %t ["j", "e"] : !features, !t
}

// -----

!t = !attn.tensor<2 x f32>
!features = !attn.tile<f32, [e, i]>
!state = !attn.state<softmax>
!row = !attn.fn<f32, [i]>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %s, %a = attn.tile_init : !state, !features
  %o, %l = attn.tile_finish %s(%a) : (!state, !features) -> (!features, !row)
  // expected-error@below {{indexes no dimension by `e`}}
  attn.tile_store %o, %t ["b", "i"] : !features, !t
}

// -----

!t = !attn.tensor<2 x f32>
!features = !attn.tile<f32, [e, i]>
!state = !attn.state<softmax>
!row = !attn.fn<f32, [i]>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %s, %a = attn.tile_init : !state, !features
  %o, %l = attn.tile_finish %s(%a) : (!state, !features) -> (!features, !row)
  // expected-error@below {{indexes a dimension by `e`: expected b, h, g, i}}
  attn.tile_store_row %l, %t ["i", "e"] : !row, !t
}

// -----

!t = !attn.tensor<2 x f32>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %j = attn.coordinate "j" : !attn.fn<i64, [j]>
  // expected-error@below {{the value varies with "j", not only with the query}}
  attn.tile_store_row %j, %t ["b", "i"] : !attn.fn<i64, [j]>, !t
}

// -----

!t = !attn.tensor<2 x f32>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %i = attn.coordinate "i" : !attn.fn<i64, [i]>
  // expected-error@below {{needs one offset per dimension}}
  %s = attn.shift %t [0, 1] by %i : !t, !attn.fn<i64, [i]> -> !t
}

// -----

!t = !attn.tensor<2 x f32>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %n = attn.constant 1 : i64 : !attn.fn<i64, []>
  // expected-error@below {{gives a tensor of the same type}}
  %s = attn.shift %t [0] by %n : !t, !attn.fn<i64, []> -> !attn.tensor<1 x f32>
}

// -----

!t = !attn.tensor<2 x f32>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %n = attn.constant 1 : i64 : !attn.fn<i64, []>
  // expected-error@below {{shifts dimension 2 of 2}}
  %s = attn.shift %t [2] by %n : !t, !attn.fn<i64, []> -> !t
}

// -----

!t = !attn.tensor<2 x f32>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %n = attn.constant 1 : i64 : !attn.fn<i64, []>
  // expected-error@below {{shifts dimension -1 of 2}}
  %s = attn.shift %t [-1] by %n : !t, !attn.fn<i64, []> -> !t
}

// -----

!t = !attn.tensor<2 x f32>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %i = attn.coordinate "i" : !attn.fn<i64, [i]>
  // expected-error@below {{shifts by what varies with "i", not only with the batch and head}}
  %s = attn.shift %t [0] by %i : !t, !attn.fn<i64, [i]> -> !t
}

// -----

!keys = !attn.tile<f32, [j, d]>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %x = attn.constant 1.0 : f32 : !attn.fn<f32, []>
  // expected-error@below {{computes a tile of queries, not '!attn.tile<f32, [j, d]>'}}
  %c = attn.tile_compute %x : !attn.fn<f32, []> -> !keys
}

// -----

!t = !attn.tensor<2 x f32>
!features = !attn.tile<f32, [e, i]>
!queries = !attn.tile<f32, [d, i]>
!state = !attn.state<softmax>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %p = attn.tile_pack %t ["i", "d"] : !t -> !queries
  %s, %a = attn.tile_init : !state, !features
  %r:2 = attn.tile_visit(%s, %a) : !state, !features -> !state, !features classify {
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %sum: !features):
    %x = attn.constant 1.0 : f32 : !attn.fn<f32, []>
    // expected-error@below {{computes a tile of keys, not '!attn.tile<f32, [d, i]>'}}
    %c = attn.tile_compute %x at %block : !attn.fn<f32, []> -> !queries
    attn.yield %old, %sum : !state, !features
  }
}

// -----

!queries = !attn.tile<f32, [d, i]>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %i = attn.coordinate "i" : !attn.fn<i64, [i]>
  // expected-error@below {{keeps the element type of '!attn.fn<i64, [i]>'}}
  %c = attn.tile_compute %i : !attn.fn<i64, [i]> -> !queries
}

// -----

!queries = !attn.tile<f32, [d, i]>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %e = attn.coordinate "e" : !attn.fn<i64, [e]>
  %x = attn.convert %e : !attn.fn<i64, [e]> -> !attn.fn<f32, [e]>
  // expected-error@below {{computes what varies with "e", which is no coordinate of its tile}}
  %c = attn.tile_compute %x : !attn.fn<f32, [e]> -> !queries
}

// -----

!t = !attn.tensor<2 x f32>
!queries = !attn.tile<f32, [d, i]>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %p = attn.tile_pack %t ["i", "d"] : !t -> !queries
  // expected-error@below {{takes rows of queries and gives them in lanes}}
  %q = attn.tile_transpose %p : !queries -> !queries
}

// -----

!features = !attn.tile<f32, [e, i]>
!rows = !attn.tile<f32, [i, d]>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %x = attn.constant 1.0 : f32 : !attn.fn<f32, []>
  %c = attn.tile_compute %x : !attn.fn<f32, []> -> !rows
  // expected-error@below {{takes rows of queries and gives them in lanes}}
  %q = attn.tile_transpose %c : !rows -> !features
}

// -----

!queries = !attn.tile<f32, [d, i]>
!rows = !attn.tile<f32, [i, d]>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %x = attn.constant 1.0 : f32 : !attn.fn<f32, []>
  %n = attn.constant 1 : i64 : !attn.fn<i64, []>
  %c = attn.tile_compute %x : !attn.fn<f32, []> -> !rows
  // expected-error@below {{scale must be of 'f32', not '!attn.fn<i64, []>'}}
  %q = attn.tile_transpose %c scale %n : !attn.fn<i64, []> : !rows -> !queries
}

// -----

!t = !attn.tensor<2 x f32>
!queries = !attn.tile<f32, [d, i]>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %p = attn.tile_pack %t ["i", "d"] : !t -> !queries
  // expected-error@below {{keeps the element type of '!attn.tile<f32, [d, i]>'}}
  %f = attn.tile_function %p : !queries -> !attn.fn<f64, [i, d]>
}

// -----

!t = !attn.tensor<2 x f32>
!queries = !attn.tile<f32, [d, i]>
!row = !attn.fn<f32, [i]>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %p = attn.tile_pack %t ["i", "d"] : !t -> !queries
  // expected-error@below {{varies with "d", a coordinate of its tile}}
  %f = attn.tile_function %p : !queries -> !row
}

// -----

!t = !attn.tensor<2 x f32>
!scores = !attn.tile<f32, [j, i]>
!features = !attn.tile<f32, [e, i]>
!queries = !attn.tile<f32, [d, i]>
!keys = !attn.tile<f32, [j, d]>
!state = !attn.state<softmax>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %p = attn.tile_pack %t ["i", "d"] : !t -> !queries
  %s, %a = attn.tile_init : !state, !features
  %r:2 = attn.tile_visit(%s, %a) : !state, !features -> !state, !features classify {
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %sum: !features):
    %x = attn.constant 1.0 : f32 : !attn.fn<f32, []>
    %k = attn.tile_compute %x at %block : !attn.fn<f32, []> -> !keys
    // expected-error@below {{names axes of a tile, which has coordinates of its own}}
    %c = attn.tile_contract %p, %k ["j", "d"] at %block : !queries, !keys -> !scores
    attn.yield %old, %sum : !state, !features
  }
}

// -----

!t = !attn.tensor<2 x f32>
!scores = !attn.tile<f32, [j, i]>
!features = !attn.tile<f32, [e, i]>
!queries = !attn.tile<f32, [d, i]>
!state = !attn.state<softmax>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %p = attn.tile_pack %t ["i", "d"] : !t -> !queries
  %s, %a = attn.tile_init : !state, !features
  %r:2 = attn.tile_visit(%s, %a) : !state, !features -> !state, !features classify {
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %sum: !features):
    %x = attn.constant 1.0 : f32 : !attn.fn<f32, []>
    %k = attn.tile_compute %x at %block : !attn.fn<f32, []> -> !attn.tile<f32, [j, e]>
    // expected-error@below {{needs a row of `d` for each key, not '!attn.tile<f32, [j, e]>'}}
    %c = attn.tile_contract %p, %k [] at %block : !queries, !attn.tile<f32, [j, e]> -> !scores
    attn.yield %old, %sum : !state, !features
  }
}

// -----

!t = !attn.tensor<2 x f32>
!scores = !attn.tile<f32, [j, i]>
!features = !attn.tile<f32, [e, i]>
!queries = !attn.tile<f32, [d, i]>
!keys = !attn.tile<f32, [j, d]>
!state = !attn.state<softmax>
!row = !attn.fn<f32, [i]>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %p = attn.tile_pack %t ["i", "d"] : !t -> !queries
  %s, %a = attn.tile_init : !state, !features
  %r:2 = attn.tile_visit(%s, %a) : !state, !features -> !state, !features classify {
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %sum: !features):
    %x = attn.constant 1.0 : f32 : !attn.fn<f32, []>
    %k = attn.tile_compute %x at %block : !attn.fn<f32, []> -> !keys
    %f = attn.reduction_init sum : !row
    %c = attn.tile_contract %p, %t ["j", "d"] at %block : !queries, !t -> !scores
    // expected-error@below {{needs a row of `e` for each key, not '!attn.tile<f32, [j, d]>'}}
    %g = attn.tile_accumulate %sum times %f plus %c, %k [] at %block : !features, !row, !scores, !keys
    attn.yield %old, %sum : !state, !features
  }
}

// -----

!t = !attn.tensor<2 x f32>
!scores = !attn.tile<f32, [j, i]>
!features = !attn.tile<f32, [e, i]>
!queries = !attn.tile<f32, [d, i]>
!state = !attn.state<softmax>
!row = !attn.fn<f32, [i]>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %p = attn.tile_pack %t ["i", "d"] : !t -> !queries
  %s, %a = attn.tile_init : !state, !features
  %r:2 = attn.tile_visit(%s, %a) : !state, !features -> !state, !features classify {
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %sum: !features):
    %j = attn.coordinate "j" : !attn.fn<i64, [j]>
    %f = attn.reduction_init sum : !row
    %c = attn.tile_contract %p, %t ["j", "d"] at %block : !queries, !t -> !scores
    // expected-error@below {{needs a function of f32 without axes, not '!attn.fn<i64, [j]>'}}
    %g = attn.tile_accumulate %sum times %f plus %c, %j [] at %block : !features, !row, !scores, !attn.fn<i64, [j]>
    attn.yield %old, %sum : !state, !features
  }
}

// -----

!t = !attn.tensor<2 x f32>
!scores = !attn.tile<f32, [j, i]>
!features = !attn.tile<f32, [e, i]>
!queries = !attn.tile<f32, [d, i]>
!state = !attn.state<softmax>
!pair = !attn.fn<f32, [i, j]>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %p = attn.tile_pack %t ["i", "d"] : !t -> !queries
  %s, %a = attn.tile_init : !state, !features
  %r:2 = attn.tile_visit(%s, %a) : !state, !features -> !state, !features classify {
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %sum: !features):
    %c = attn.tile_contract %p, %t ["j", "d"] at %block : !queries, !t -> !scores
    // expected-error@below {{has 1 tiles of which 2 are scores}}
    %m = attn.tile_map(%c) at %block {scores = 2 : i64} : (!scores, !attn.keys) -> !scores {
    ^bb1(%x: !pair):
      attn.yield %x : !pair
    }
    attn.yield %old, %sum : !state, !features
  }
}

// -----

!t = !attn.tensor<2 x f32>
!scores = !attn.tile<f32, [j, i]>
!features = !attn.tile<f32, [e, i]>
!queries = !attn.tile<f32, [d, i]>
!state = !attn.state<softmax>
!row = !attn.fn<f32, [i]>
!pair = !attn.fn<f32, [i, j]>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %p = attn.tile_pack %t ["i", "d"] : !t -> !queries
  %s, %a = attn.tile_init : !state, !features
  %r:2 = attn.tile_visit(%s, %a) : !state, !features -> !state, !features classify {
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %sum: !features):
    %c = attn.tile_contract %p, %t ["j", "d"] at %block : !queries, !t -> !scores
    // expected-error@below {{gives tiles, then totals, not '!attn.fn<f32, [i]>'}}
    %m = attn.tile_map(%c) at %block {scores = 0 : i64} : (!scores, !attn.keys) -> !row {
    ^bb1(%x: !pair):
      attn.yield %x : !pair
    }
    attn.yield %old, %sum : !state, !features
  }
}

// -----

!t = !attn.tensor<2 x f32>
!scores = !attn.tile<f32, [j, i]>
!features = !attn.tile<f32, [e, i]>
!queries = !attn.tile<f32, [d, i]>
!state = !attn.state<softmax>
!row = !attn.fn<f32, [i]>
!pair = !attn.fn<f32, [i, j]>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %p = attn.tile_pack %t ["i", "d"] : !t -> !queries
  %s, %a = attn.tile_init : !state, !features
  %r:2 = attn.tile_visit(%s, %a) : !state, !features -> !state, !features classify {
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %sum: !features):
    %c = attn.tile_contract %p, %t ["j", "d"] at %block : !queries, !t -> !scores
    %zero = attn.reduction_init sum : !row
    // expected-error@below {{needs a kind and a total for each reduction}}
    %m = attn.tile_map(%c) reduce [#attn<reduction_kind sum>, #attn<reduction_kind sum>] (%zero) at %block {scores = 0 : i64} : (!scores, !row, !attn.keys) -> !row {
    ^bb1(%x: !pair, %y: !row):
      attn.yield %x : !pair
    }
    attn.yield %old, %sum : !state, !features
  }
}

// -----

!t = !attn.tensor<2 x f32>
!scores = !attn.tile<f32, [j, i]>
!features = !attn.tile<f32, [e, i]>
!queries = !attn.tile<f32, [d, i]>
!state = !attn.state<softmax>
!row = !attn.fn<f32, [i]>
!pair = !attn.fn<f32, [i, j]>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %p = attn.tile_pack %t ["i", "d"] : !t -> !queries
  %s, %a = attn.tile_init : !state, !features
  %r:2 = attn.tile_visit(%s, %a) : !state, !features -> !state, !features classify {
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %sum: !features):
    %c = attn.tile_contract %p, %t ["j", "d"] at %block : !queries, !t -> !scores
    %zero = attn.reduction_init sum : !row
    // expected-error@below {{needs a kind and a total for each reduction}}
    attn.tile_map(%c) reduce [#attn<reduction_kind sum>] (%zero) at %block {scores = 0 : i64} : (!scores, !row, !attn.keys) -> () {
    ^bb1(%x: !pair, %y: !row):
      attn.yield %x : !pair
    }
    attn.yield %old, %sum : !state, !features
  }
}

// -----

!t = !attn.tensor<2 x f32>
!scores = !attn.tile<f32, [j, i]>
!features = !attn.tile<f32, [e, i]>
!queries = !attn.tile<f32, [d, i]>
!state = !attn.state<softmax>
!row = !attn.fn<f32, [i]>
!pair = !attn.fn<f32, [i, j]>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %p = attn.tile_pack %t ["i", "d"] : !t -> !queries
  %s, %a = attn.tile_init : !state, !features
  %r:2 = attn.tile_visit(%s, %a) : !state, !features -> !state, !features classify {
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %sum: !features):
    %c = attn.tile_contract %p, %t ["j", "d"] at %block : !queries, !t -> !scores
    %zero = attn.reduction_init sum : !row
    // expected-error@below {{has a body that takes what the reductions have come to}}
    %m = attn.tile_map(%c) reduce [#attn<reduction_kind sum>] (%zero) at %block {scores = 0 : i64} : (!scores, !row, !attn.keys) -> !row {
    ^bb1(%x: !pair, %y: !pair):
      attn.yield %x : !pair
    }
    attn.yield %old, %sum : !state, !features
  }
}

// -----

!t = !attn.tensor<2 x f32>
!scores = !attn.tile<f32, [j, i]>
!features = !attn.tile<f32, [e, i]>
!queries = !attn.tile<f32, [d, i]>
!state = !attn.state<softmax>
!row = !attn.fn<f32, [i]>
!pair = !attn.fn<f32, [i, j]>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %p = attn.tile_pack %t ["i", "d"] : !t -> !queries
  %s, %a = attn.tile_init : !state, !features
  %r:2 = attn.tile_visit(%s, %a) : !state, !features -> !state, !features classify {
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %sum: !features):
    %c = attn.tile_contract %p, %t ["j", "d"] at %block : !queries, !t -> !scores
    %zero = attn.reduction_init sum : !row
    // expected-error@below {{reduces '!attn.fn<i64, [j]>' to '!attn.fn<f32, [i]>'}}
    %m = attn.tile_map(%c) reduce [#attn<reduction_kind sum>] (%zero) at %block {scores = 0 : i64} : (!scores, !row, !attn.keys) -> !row {
    ^bb1(%x: !pair, %y: !row):
      %j = attn.coordinate "j" : !attn.fn<i64, [j]>
      attn.yield %j : !attn.fn<i64, [j]>
    }
    attn.yield %old, %sum : !state, !features
  }
}

// -----

!features = !attn.tile<f32, [e, i]>
!state = !attn.state<softmax>
!row = !attn.fn<f32, [i]>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %s, %a = attn.tile_init : !state, !features
  // expected-error@below {{gives a tile for each accumulator}}
  %l = attn.tile_finish %s(%a) : (!state, !features) -> !row
}

// -----

!features = !attn.tile<f32, [e, i]>
!queries = !attn.tile<f32, [d, i]>
!state = !attn.state<softmax>
!row = !attn.fn<f32, [i]>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %s, %a = attn.tile_init : !state, !features
  // expected-error@below {{gives a tile for each accumulator}}
  %o, %l = attn.tile_finish %s(%a) : (!state, !features) -> (!queries, !row)
}

// -----

!t = !attn.tensor<2 x f32>
!scores = !attn.tile<f32, [j, i]>
!features = !attn.tile<f32, [e, i]>
!queries = !attn.tile<f32, [d, i]>
!state = !attn.state<softmax>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %p = attn.tile_pack %t ["i", "d"] : !t -> !queries
  %s, %a = attn.tile_init : !state, !features
  %r:2 = attn.tile_visit(%s, %a) : !state, !features -> !state, !features classify {
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %sum: !features):
    %c = attn.tile_contract %p, %t ["j", "d"] at %block : !queries, !t -> !scores
    // expected-error@below {{stores rows of keys with the block they belong to, and only these}}
    attn.tile_store %c, %t ["i", "j"] : !scores, !t
    attn.yield %old, %sum : !state, !features
  }
}

// -----

!t = !attn.tensor<2 x f32>
!features = !attn.tile<f32, [e, i]>
!queries = !attn.tile<f32, [d, i]>
!state = !attn.state<softmax>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %p = attn.tile_pack %t ["i", "d"] : !t -> !queries
  %s, %a = attn.tile_init : !state, !features
  %r:2 = attn.tile_visit(%s, %a) : !state, !features -> !state, !features classify {
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %sum: !features):
    // expected-error@below {{stores rows of keys with the block they belong to, and only these}}
    attn.tile_store %p, %t ["i", "d"] at %block : !queries, !t
    attn.yield %old, %sum : !state, !features
  }
}

// -----

// expected-error@+2 {{the heads of a group are taken together with features in lanes, or on the matrix unit}}
attn.tile_kernel @kernel coordinates {i = 0 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = group> {
}

// -----

// expected-error@+2 {{with features in lanes a row block is a multiple of feature_rows 8, not 4}}
attn.tile_kernel @kernel coordinates {i = 0 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 8, key_block = 8, key_step = 4, orientation = features, heads = one> {
}

// -----

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = features, heads = one> {
  %init = attn.tile_init : !attn.tile<f32, [d, i]>
  // expected-error@below {{takes rows of queries}}
  %rows = attn.tile_scale %init : !attn.tile<f32, [d, i]>
}

// -----

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = features, heads = one> {
  %init = attn.tile_init : !attn.tile<f32, [i, d]>
  %factor = attn.constant 1 : i64 : !attn.fn<i64, []>
  // expected-error@below {{scale must be of 'f32'}}
  %rows = attn.tile_scale %init scale %factor : !attn.fn<i64, []> : !attn.tile<f32, [i, d]>
}

// -----

// expected-error@below {{parts are multiples of key_block 32, or 0, not 48}}
func.func private @f() attributes {s = #attn.schedule<lanes = 8, vectors = 2, key_rows = 4, feature_rows = 4, key_block = 32, key_step = 8, orientation = queries, heads = one, part_keys = 48, tasks = 4>}

// -----

// expected-error@below {{parts are for more than one task, not 1}}
func.func private @f() attributes {s = #attn.schedule<lanes = 8, vectors = 2, key_rows = 4, feature_rows = 4, key_block = 32, key_step = 8, orientation = queries, heads = one, part_keys = 64, tasks = 1>}

// -----

// expected-error@below {{without parts there is no number of tasks to reach, such as 4}}
func.func private @f() attributes {s = #attn.schedule<lanes = 8, vectors = 2, key_rows = 4, feature_rows = 4, key_block = 32, key_step = 8, orientation = queries, heads = one, tasks = 4>}

// -----

attn.tile_kernel @kernel coordinates {i = 0 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %init = attn.tile_init : !attn.state<softmax>
  // expected-error@below {{merges parts, which the kernel's schedule has none of}}
  attn.tile_merge(%init) accumulators [0] : !attn.state<softmax> {
  ^bb0(%state: !attn.state<softmax>):
  }
}

// -----

attn.tile_kernel @kernel coordinates {i = 0 : i64, e = 1 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one, part_keys = 64, tasks = 8> {
  %init:2 = attn.tile_init : !attn.state<softmax>, !attn.tile<f32, [e, i]>
  // expected-error@below {{has a body that takes what the parts come to: expected '!attn.state<softmax>', '!attn.tile<f32, [e, i]>'}}
  attn.tile_merge(%init#0, %init#1) accumulators [1] : !attn.state<softmax>, !attn.tile<f32, [e, i]> {
  ^bb0(%state: !attn.state<softmax>):
  }
}

// -----

attn.tile_kernel @kernel coordinates {i = 0 : i64, e = 1 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one, part_keys = 64, tasks = 8> {
  %init:2 = attn.tile_init : !attn.state<softmax>, !attn.tile<f32, [e, i]>
  // expected-error@below {{needs 2 accumulators behind a state, not '!attn.state<softmax>', '!attn.tile<f32, [e, i]>'}}
  attn.tile_merge(%init#0, %init#1) accumulators [2] : !attn.state<softmax>, !attn.tile<f32, [e, i]> {
  ^bb0(%state: !attn.state<softmax>, %sum: !attn.tile<f32, [e, i]>):
  }
}

// -----

attn.tile_kernel @kernel coordinates {i = 0 : i64, e = 1 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one, part_keys = 64, tasks = 8> {
  %init = attn.tile_init : !attn.tile<f32, [e, i]>
  %most = attn.reduction_init maximum : !attn.fn<f32, [i]>
  // expected-error@below {{needs one number per query for each of 2 reductions at the end of}}
  attn.tile_merge(%init, %most) accumulators [] reduce [#attn<reduction_kind maximum>, #attn<reduction_kind sum>] : !attn.tile<f32, [e, i]>, !attn.fn<f32, [i]> {
  ^bb0(%sum: !attn.tile<f32, [e, i]>, %number: !attn.fn<f32, [i]>):
  }
}

// -----

#table = affine_map<()[I, D] -> (I, D)>

attn.tile_kernel @kernel coordinates {i = 0 : i64, j = 1 : i64, d = 2 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes #table : !attn.tensor<2 x f32>
  %p = attn.tile_pack %t ["i", "d"] : !attn.tensor<2 x f32> -> !attn.tile<f32, [d, i]>
  // expected-error@below {{gives a row for each of the table's with queries in lanes}}
  %rows = attn.tile_table %p, %t ["row", "d"] rows 8 : !attn.tile<f32, [d, i]>, !attn.tensor<2 x f32> -> !attn.tile<f32, [d, i]>
}

// -----

#table = affine_map<()[I, D] -> (I, D)>

attn.tile_kernel @kernel coordinates {i = 0 : i64, j = 1 : i64, d = 2 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes #table : !attn.tensor<2 x f32>
  %p = attn.tile_pack %t ["i", "d"] : !attn.tensor<2 x f32> -> !attn.tile<f32, [d, i]>
  // expected-error@below {{needs one dimension of row}}
  %rows = attn.tile_table %p, %t ["i", "d"] rows 8 : !attn.tile<f32, [d, i]>, !attn.tensor<2 x f32> -> !attn.tile<f32, [row, i]>
}

// -----

attn.tile_kernel @kernel coordinates {i = 0 : i64, j = 1 : i64, d = 2 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %init = attn.tile_init : !attn.tile<f32, [d, i]>
  %i = attn.coordinate "i" : !attn.fn<i64, [i]>
  // expected-error@below {{looks up rows of an attn.tile_table}}
  %x = attn.tile_lookup %init[%i] : !attn.tile<f32, [d, i]>, !attn.fn<i64, [i]> -> !attn.fn<f32, [i]>
}

// -----

#table = affine_map<()[I, D] -> (I, D)>

attn.tile_kernel @kernel coordinates {i = 0 : i64, j = 1 : i64, d = 2 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %t = attn.tensor "t" 0 sizes #table : !attn.tensor<2 x f32>
  %s = attn.tile_init : !attn.state<softmax>
  %r = attn.tile_visit(%s) : !attn.state<softmax> -> !attn.state<softmax> classify {
  } keys {
  ^bb0(%block: !attn.keys, %old: !attn.state<softmax>):
    // expected-error@below {{gives a row for each key with the table's rows in lanes}}
    %keys = attn.tile_key_table %t ["j", "d"], %t ["row", "d"] over "d" rows 8 at %block : (!attn.tensor<2 x f32>, !attn.tensor<2 x f32>, !attn.keys) -> !attn.tile<f32, [row, i]>
    attn.yield %old : !attn.state<softmax>
  }
}

// -----

attn.tile_kernel @kernel coordinates {i = 0 : i64, j = 1 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %one = attn.constant 1 : i64 : !attn.fn<i64, []>
  // expected-error@below {{starts with '!attn.fn<i64, []>', neither '!attn.fn<f32, [i]>' nor the same for all queries}}
  %r = attn.tile_repeat %one : !attn.fn<i64, []> -> !attn.fn<f32, [i]> {
  ^bb0(%old: !attn.fn<f32, [i]>):
    attn.yield %old : !attn.fn<f32, [i]>
  }
}

// -----

attn.tile_kernel @kernel coordinates {i = 0 : i64, j = 1 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
  %one = attn.constant 1.0 : f32 : !attn.fn<f32, []>
  // expected-error@below {{repeats a body that takes and yields '!attn.fn<f32, [i]>'}}
  %r = attn.tile_repeat %one : !attn.fn<f32, []> -> !attn.fn<f32, [i]> {
  ^bb0(%old: !attn.fn<f32, []>):
    attn.yield %old : !attn.fn<f32, []>
  }
}
