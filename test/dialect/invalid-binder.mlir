// RUN: attn-opt %s --split-input-file --verify-diagnostics

attn.binder @binder {
  %0 = attn.constant 1 : i64 : !attn.fn<i64, []>
  // expected-error@below {{has a negative index}}
  attn.bind size -1 = %0 : !attn.fn<i64, []>
}

// -----

attn.binder @binder {
  %0 = attn.constant 1.0 : f64 : !attn.fn<f64, []>
  // expected-error@below {{binds an extent or size to an i64, not 'f64'}}
  attn.bind extent 0 = %0 : !attn.fn<f64, []>
}

// -----

attn.binder @binder {
  %0 = attn.constant true : !attn.fn<i1, []>
  // expected-error@below {{binds an extent or size to an i64, not 'i1'}}
  attn.bind size 0 = %0 : !attn.fn<i1, []>
}

// -----

attn.binder @binder {
  %0 = attn.constant 1.0 : f32 : !attn.fn<f32, []>
  // expected-error@below {{binds a scalar to an i64, f64 or i1, not 'f32'}}
  attn.bind scalar 0 = %0 : !attn.fn<f32, []>
}

// -----

attn.binder @binder {
  %0 = attn.coordinate "b" : !attn.fn<i64, [b]>
  // expected-error@below {{binds what varies with nothing, not '!attn.fn<i64, [b]>'}}
  attn.bind extent 0 = %0 : !attn.fn<i64, [b]>
}
