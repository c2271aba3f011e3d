// RUN: attn-opt %s --split-input-file --verify-diagnostics

// expected-error@below {{a schedule's vectors is positive, not 0}}
func.func private @f() attributes {s = #attn.schedule<lanes = 8, vectors = 0, key_rows = 4, feature_rows = 4, key_block = 32, key_step = 8>}

// -----

// expected-error@below {{a schedule's key_step is positive, not -8}}
func.func private @f() attributes {s = #attn.schedule<lanes = 8, vectors = 2, key_rows = 4, feature_rows = 4, key_block = 32, key_step = -8>}

// -----

// expected-error@below {{a schedule's lanes are a power of two up to 16, not 12}}
func.func private @f() attributes {s = #attn.schedule<lanes = 12, vectors = 2, key_rows = 4, feature_rows = 4, key_block = 32, key_step = 8>}

// -----

// expected-error@below {{a schedule's lanes are a power of two up to 16, not 32}}
func.func private @f() attributes {s = #attn.schedule<lanes = 32, vectors = 2, key_rows = 4, feature_rows = 4, key_block = 32, key_step = 8>}

// -----

// expected-error@below {{a row block is a multiple of 4 queries, not 6}}
func.func private @f() attributes {s = #attn.schedule<lanes = 2, vectors = 3, key_rows = 4, feature_rows = 4, key_block = 32, key_step = 8>}

// -----

// expected-error@below {{a key block is a multiple of key_rows 5, not 32}}
func.func private @f() attributes {s = #attn.schedule<lanes = 8, vectors = 2, key_rows = 5, feature_rows = 4, key_block = 32, key_step = 8>}

// -----

// expected-error@below {{a key block is key_step 12 times a power of two, not 32}}
func.func private @f() attributes {s = #attn.schedule<lanes = 8, vectors = 2, key_rows = 4, feature_rows = 4, key_block = 32, key_step = 12>}

// -----

// expected-error@below {{a key block is key_step 8 times a power of two, not 24}}
func.func private @f() attributes {s = #attn.schedule<lanes = 8, vectors = 2, key_rows = 4, feature_rows = 4, key_block = 24, key_step = 8>}

// -----

// expected-error@below {{a key block is key_step 64 times a power of two, not 32}}
func.func private @f() attributes {s = #attn.schedule<lanes = 8, vectors = 2, key_rows = 4, feature_rows = 4, key_block = 32, key_step = 64>}

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

// expected-error@below {{maps `i` to no extent}}
attn.tile_kernel @kernel coordinates {i = "I"}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4> {
}

// -----

!t = !attn.tensor<2 x f32>

// expected-error@below {{has a body that takes arguments}}
attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4> {
  ^bb0(%t: !t):
}

// -----

!t = !attn.tensor<2 x f32>
!queries = !attn.tile<f32, [d, i]>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  // expected-error@below {{names 1 coordinates for rank 2}}
  %p = attn.tile_pack %t ["i"] : !t -> !queries
}

// -----

!t = !attn.tensor<2 x f32>
!queries = !attn.tile<f32, [d, i]>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  // expected-error@below {{names "d" twice}}
  %p = attn.tile_pack %t ["d", "d"] : !t -> !queries
}

// -----

!t = !attn.tensor<2 x f32>
!queries = !attn.tile<f32, [d, i]>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  // expected-error@below {{indexes a dimension by `e`: expected b, h, g, i or d}}
  %p = attn.tile_pack %t ["i", "e"] : !t -> !queries
}

// -----

!t = !attn.tensor<2 x f32>
!queries = !attn.tile<f32, [d, i]>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  // expected-error@below {{indexes a dimension by `j`: expected b, h, g, i or d}}
  %p = attn.tile_pack %t ["j", "d"] : !t -> !queries
}

// -----

!t = !attn.tensor<2 x f32>
!queries = !attn.tile<f32, [d, i]>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  // expected-error@below {{indexes a dimension by `h`, which the kernel has no extent of}}
  %p = attn.tile_pack %t ["h", "d"] : !t -> !queries
}

// -----

!t = !attn.tensor<2 x f32>
!queries = !attn.tile<f32, [d, i]>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  // expected-error@below {{indexes no dimension by `d`, the rows of its tile}}
  %p = attn.tile_pack %t ["b", "i"] : !t -> !queries
}

// -----

!t = !attn.tensor<2 x f32>
!queries = !attn.tile<f32, [d, i]>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4> {
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
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %s = attn.constant 2 : i64 : !attn.fn<i64, []>
  // expected-error@below {{scale must be of 'f32', not '!attn.fn<i64, []>'}}
  %p = attn.tile_pack %t ["i", "d"] scale %s : !attn.fn<i64, []> : !t -> !queries
}

// -----

!scores = !attn.tile<f32, [j, i]>
!state = !attn.state<softmax>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4> {
  // expected-error@below {{accumulates over keys}}
  %s, %a = attn.tile_init : !state, !scores
}

// -----

!features = !attn.tile<f32, [e, i]>
!state = !attn.state<softmax>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4> {
  %s, %a = attn.tile_init : !state, !features
  // expected-error@below {{carries a state and its accumulator}}
  %r = attn.tile_visit(%s) : !state -> !state classify {
  } keys {
  ^bb0(%block: !attn.keys, %old: !state):
    attn.yield %old : !state
  }
}

// -----

!features = !attn.tile<f32, [e, i]>
!state = !attn.state<softmax>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4> {
  %s, %a = attn.tile_init : !state, !features
  // expected-error@below {{carries a state and its accumulator}}
  %r:2 = attn.tile_visit(%a, %s) : !features, !state -> !features, !state classify {
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %sum: !features):
    attn.yield %old, %sum : !state, !features
  }
}

// -----

!features = !attn.tile<f32, [e, i]>
!queries = !attn.tile<f32, [d, i]>
!state = !attn.state<softmax>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4> {
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
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4> {
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
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4> {
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
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4> {
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
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4> {
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
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4> {
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
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4> {
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
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4> {
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
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4> {
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
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4> {
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
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4> {
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
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %p = attn.tile_pack %t ["i", "d"] : !t -> !queries
  %s, %a = attn.tile_init : !state, !features
  %r:2 = attn.tile_visit(%s, %a) : !state, !features -> !state, !features classify {
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %sum: !features):
    %c = attn.tile_contract %p, %t ["j", "d"] at %block : !queries, !t -> !scores
    // expected-error@below {{has a body that takes the product, a function of 'f32'}}
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
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %p = attn.tile_pack %t ["i", "d"] : !t -> !queries
  %s, %a = attn.tile_init : !state, !features
  %r:2 = attn.tile_visit(%s, %a) : !state, !features -> !state, !features classify {
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %sum: !features):
    %c = attn.tile_contract %p, %t ["j", "d"] at %block : !queries, !t -> !scores
    // expected-error@below {{has a body that takes the product}}
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
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %p = attn.tile_pack %t ["i", "d"] : !t -> !queries
  %s, %a = attn.tile_init : !state, !features
  %r:2 = attn.tile_visit(%s, %a) : !state, !features -> !state, !features classify {
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %sum: !features):
    %c = attn.tile_contract %p, %t ["j", "d"] at %block : !queries, !t -> !scores
    // expected-error@below {{has a body that yields the score, a function of 'f32', and the mask, if there is one}}
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
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %p = attn.tile_pack %t ["i", "d"] : !t -> !queries
  %s, %a = attn.tile_init : !state, !features
  %r:2 = attn.tile_visit(%s, %a) : !state, !features -> !state, !features classify {
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %sum: !features):
    %c = attn.tile_contract %p, %t ["j", "d"] at %block : !queries, !t -> !scores
    // expected-error@below {{has a body that yields the score, a function of 'f32', and the mask, if there is one}}
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
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %p = attn.tile_pack %t ["i", "d"] : !t -> !queries
  %s, %a = attn.tile_init : !state, !features
  %r:2 = attn.tile_visit(%s, %a) : !state, !features -> !state, !features classify {
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %sum: !features):
    %c = attn.tile_contract %p, %t ["j", "d"] at %block : !queries, !t -> !scores
    // expected-error@below {{has a body that yields the score, a function of 'f32', and the mask, if there is one}}
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
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %p = attn.tile_pack %t ["i", "d"] : !t -> !queries
  %s, %a = attn.tile_init : !state, !features
  %r:2 = attn.tile_visit(%s, %a) : !state, !features -> !state, !features classify {
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %sum: !features):
    %c = attn.tile_contract %p, %t ["j", "d"] at %block : !queries, !t -> !scores
    // expected-error@below {{has a body that yields the score, a function of 'f32', and the mask, if there is one}}
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
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %p = attn.tile_pack %t ["i", "d"] : !t -> !queries
  %s, %a = attn.tile_init : !state, !features
  %r:2 = attn.tile_visit(%s, %a) : !state, !features -> !state, !features classify {
  } keys {
  ^bb0(%block: !attn.keys, %old: !state, %sum: !features):
    // expected-error@below {{the operand must be a tile of keys and queries}}
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
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4> {
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
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4> {
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
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4> {
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
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4> {
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
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4> {
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
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4> {
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
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4> {
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
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4> {
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
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4> {
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
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %s, %a = attn.tile_init : !state, !features
  %o, %l = attn.tile_finish %s(%a) : (!state, !features) -> (!features, !row)
  // expected-error@below {{indexes a dimension by `e`: expected b, h, g, i}}
  attn.tile_store_row %l, %t ["i", "e"] : !row, !t
}

// -----

!t = !attn.tensor<2 x f32>

attn.tile_kernel @kernel coordinates {b = 0 : i64, i = 1 : i64, j = 2 : i64, d = 3 : i64, e = 4 : i64, f = 5 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4> {
  %t = attn.tensor "t" 0 sizes affine_map<()[I, D] -> (I, D)> : !t
  %j = attn.coordinate "j" : !attn.fn<i64, [j]>
  // expected-error@below {{the value varies with "j", not only with the query}}
  attn.tile_store_row %j, %t ["b", "i"] : !attn.fn<i64, [j]>, !t
}
