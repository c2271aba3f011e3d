// RUN: attn-opt %s --verify-diagnostics --attn-lower-tiles

// expected-error@below {{has no binder: expected `attn.binder @alone_binder`}}
attn.tile_kernel @alone coordinates {i = 0 : i64}
    schedule <lanes = 4, vectors = 1, key_rows = 2, feature_rows = 2, key_block = 8, key_step = 4, orientation = queries, heads = one> {
}
