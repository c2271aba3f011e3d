// RUN: attn-opt %s --attn-specialize=extents=J=4096,D=64,Z=3,B=0 | FileCheck %s
// RUN: not attn-opt %s --attn-specialize=extents=J=x 2>&1 | FileCheck %s --check-prefix=BAD
// RUN: not attn-opt %s --attn-specialize=extents=J=-1 2>&1 | FileCheck %s --check-prefix=BAD

// BAD: expected NAME=VALUE with a value of at least 0

// An extent is found by name through its operation or through its coordinate; one that is fixed keeps its value, and a name the kernel doesn't
// have is left alone.
// CHECK: attn.kernel @known
// CHECK-SAME: extents [0, -1, 64, 4096, 7]
attn.kernel @known coordinates {b = 0 : i64, i = 1 : i64, d = 2 : i64, j = 3 : i64, e = 4 : i64} extents [-1, -1, -1, -1, 7] {
  // CHECK: attn.extent "I" 1 :
  %i = attn.extent "I" 1 : !attn.fn<i64, []>
  // CHECK: attn.extent "J" 3 fixed 4096 :
  %j = attn.extent "J" 3 : !attn.fn<i64, []>
  // CHECK: attn.extent "E" 4 fixed 7 :
  %e = attn.extent "E" 4 : !attn.fn<i64, []>
}

// CHECK: attn.kernel @grows
// CHECK-SAME: extents [-1, -1, 5]
attn.kernel @grows coordinates {i = 0 : i64} {
  // CHECK: attn.extent "N" 2 fixed 5 :
  %n = attn.extent "N" 2 fixed 5 : !attn.fn<i64, []>
}
