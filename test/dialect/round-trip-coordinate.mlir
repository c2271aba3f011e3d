// RUN: attn-opt %s | attn-opt | FileCheck %s

!b = !attn.fn<i64, [b]>
!h = !attn.fn<i64, [h]>
!g = !attn.fn<i64, [g]>
!i = !attn.fn<i64, [i]>
!j = !attn.fn<i64, [j]>
!d = !attn.fn<i64, [d]>
!n = !attn.fn<i64, []>
!ij = !attn.fn<i64, [i, j]>
!mask = !attn.fn<i1, [i, j]>
!q = !attn.fn<f32, [b, h, i, d]>
!k = !attn.fn<f32, [b, g, j, d]>
!s = !attn.fn<f32, [b, h, i, j]>
!t4 = !attn.tensor<4 x f32>

// CHECK-LABEL: attn.kernel @every_operation coordinates
// CHECK-SAME: extents [-1, -1, -1, -1, -1, 64]
attn.kernel @every_operation
    coordinates {b = 0 : i64, h = 1 : i64, g = 2 : i64, i = 3 : i64, j = 4 : i64, d = 5 : i64, "n'" = 5 : i64}
    extents [-1, -1, -1, -1, -1, 64] attributes {note = "kept"} {
  // CHECK: attn.tensor "q" 0 sizes #{{.*}} : <4 x f32>
  %qt = attn.tensor "q" 0 sizes affine_map<()[B, H, G, I, J, D] -> (B, H, I, D)> : !t4
  %kt = attn.tensor "k" 1 sizes affine_map<()[B, H, G, I, J, D] -> (B, G, J, D)> : !t4
  %vt = attn.tensor "v" 2 sizes affine_map<()[B, H, G, I, J, D] -> (B, G, J, D)> : !t4
  // CHECK: attn.tensor "flags" 3 sizes #{{.*}} : <1 x i1>
  %flags = attn.tensor "flags" 3 sizes affine_map<()[B, H, G, I, J, D] -> (J * 2 + 1)> : !attn.tensor<1 x i1>
  %bytes = attn.tensor "bytes" 4 sizes affine_map<()[B, H, G, I, J, D] -> (J floordiv 2)> : !attn.tensor<1 x ui8>
  %halves = attn.tensor "halves" 5 sizes affine_map<()[B, H, G, I, J, D] -> (I)> : !attn.tensor<1 x bf16>
  %empty = attn.tensor "scalar" 6 sizes affine_map<()[B] -> ()> : !attn.tensor<0 x f32>
  %ot = attn.tensor "o" 7 sizes affine_map<()[B, H, G, I, J, D] -> (B, I, H, D)> : !t4
  %lt = attn.tensor "lse" 8 sizes affine_map<()[B, H, G, I, J, D] -> (B, H, I)> : !attn.tensor<3 x f32>
  %wt = attn.tensor "w" 9 sizes affine_map<()[B, H, G, I, J, D] -> (B, H, I, J)> : !t4
  // CHECK: attn.coordinate "b" : !attn.fn<i64, [b]>
  %b = attn.coordinate "b" : !b
  %h = attn.coordinate "h" : !h
  %g = attn.coordinate "g" : !g
  %i = attn.coordinate "i" : !i
  %j = attn.coordinate "j" : !j
  %d = attn.coordinate "d" : !d
  // CHECK: attn.coordinate "n'" : !attn.fn<i64, ["n'"]>
  %other = attn.coordinate "n'" : !attn.fn<i64, ["n'"]>
  // CHECK: attn.constant 5.000000e-01 : f64 : !attn.fn<f64, []>
  %half = attn.constant 0.5 : f64 : !attn.fn<f64, []>
  // CHECK: attn.constant true : !attn.fn<i1, []>
  %true = attn.constant true : !attn.fn<i1, []>
  // CHECK: attn.extent "D" 5 fixed 64 : !attn.fn<i64, []>
  %D = attn.extent "D" 5 fixed 64 : !n
  // CHECK: attn.extent "J" 4 : !attn.fn<i64, []>
  %J = attn.extent "J" 4 : !n
  // CHECK: attn.scalar "scale" 0 : !attn.fn<f64, []>
  %scale64 = attn.scalar "scale" 0 : !attn.fn<f64, []>
  // CHECK: attn.convert %{{.*}} : !attn.fn<f64, []> -> !attn.fn<f32, []>
  %scale = attn.convert %scale64 : !attn.fn<f64, []> -> !attn.fn<f32, []>
  // CHECK: attn.unary sqrt %{{.*}} : !attn.fn<f64, []> -> !attn.fn<f64, []>
  %root = attn.unary sqrt %half : !attn.fn<f64, []> -> !attn.fn<f64, []>
  // CHECK: attn.binary subtract %{{.*}}, %{{.*}} : (!attn.fn<i64, [i]>, !attn.fn<i64, [j]>) -> !attn.fn<i64, [i, j]>
  %ij = attn.binary subtract %i, %j : (!i, !j) -> !ij
  // CHECK: attn.compare less_equal %{{.*}}, %{{.*}} : !attn.fn<i64, [j]>, !attn.fn<i64, [i]> -> !attn.fn<i1, [i, j]>
  %causal = attn.compare less_equal %j, %i : !j, !i -> !mask
  // CHECK: attn.binary floor_divide %{{.*}}, %{{.*}} where %{{.*}} {text = "(i - j) // J"}
  %quotient = attn.binary floor_divide %ij, %J where %causal {text = "(i - j) // J"} : (!ij, !n, !mask) -> !ij
  // CHECK: attn.binary modulo %{{.*}}, %{{.*}} unchecked :
  %rest = attn.binary modulo %ij, %D unchecked : (!ij, !n) -> !ij
  // CHECK: attn.binary power %{{.*}}, %{{.*}} : (!attn.fn<f64, []>, !attn.fn<i64, []>) -> !attn.fn<f64, []>
  %power = attn.binary power %half, %D : (!attn.fn<f64, []>, !n) -> !attn.fn<f64, []>
  // CHECK: attn.read %{{.*}}[%{{.*}}] where %{{.*}} {text = "flags[(i - j) // J]"}
  %flag = attn.read %flags[%quotient] where %causal {text = "flags[(i - j) // J]"} : (!attn.tensor<1 x i1>, !ij, !mask) -> !mask
  // CHECK: attn.read %{{.*}}[%{{.*}}] unchecked : (!attn.tensor<1 x ui8>, !attn.fn<i64, [i, j]>) -> !attn.fn<i64, [i, j]>
  %byte = attn.read %bytes[%rest] unchecked : (!attn.tensor<1 x ui8>, !ij) -> !ij
  // CHECK: attn.read %{{.*}}[%{{.*}}] safe :
  %safe = attn.read %bytes[%rest] safe : (!attn.tensor<1 x ui8>, !ij) -> !ij
  // CHECK: attn.check %{{.*}}[%{{.*}}] where %{{.*}} in_mask {text = "bytes[r]"}
  attn.check %bytes[%rest] where %causal in_mask {text = "bytes[r]"} : !attn.tensor<1 x ui8>, !ij, !mask
  // CHECK: attn.binary modulo %{{.*}}, %{{.*}} safe :
  %safe_rest = attn.binary modulo %ij, %J safe : (!ij, !n) -> !ij
  // CHECK: attn.check[%{{.*}}] where %{{.*}} : !attn.fn<i64, []>, !attn.fn<i1, [i, j]>
  attn.check [%J] where %causal : !n, !mask
  %half_value = attn.read %halves[%i] : (!attn.tensor<1 x bf16>, !i) -> !attn.fn<f32, [i]>
  // CHECK: attn.read %{{.*}}[] : (!attn.tensor<0 x f32>) -> !attn.fn<f32, []>
  %plain = attn.read %empty[] : (!attn.tensor<0 x f32>) -> !attn.fn<f32, []>
  // CHECK: attn.not %{{.*}} : !attn.fn<i1, [i, j]> -> !attn.fn<i1, [i, j]>
  %not = attn.not %flag : !mask -> !mask
  // CHECK: attn.and %{{.*}}, %{{.*}} : !attn.fn<i1, [i, j]>, !attn.fn<i1, [i, j]> -> !attn.fn<i1, [i, j]>
  %and = attn.and %causal, %not : !mask, !mask -> !mask
  // CHECK: attn.or %{{.*}}, %{{.*}} :
  %or = attn.or %and, %true : !mask, !attn.fn<i1, []> -> !mask
  // CHECK: attn.select %{{.*}}, %{{.*}}, %{{.*}} : (!attn.fn<i1, [i, j]>, !attn.fn<i64, [i, j]>, !attn.fn<i64, [j]>) -> !attn.fn<i64, [i, j]>
  %select = attn.select %or, %byte, %j : (!mask, !ij, !j) -> !ij
  // CHECK: attn.select mostly %{{.*}}, %{{.*}}, %{{.*}} :
  %mostly = attn.select mostly %or, %byte, %j : (!mask, !ij, !j) -> !ij
  // CHECK: attn.rebase %{{.*}} ["i", "j"] at(%{{.*}}, %{{.*}}) :
  %rebase = attn.rebase %or ["i", "j"] at (%J, %select) : (!mask, !n, !ij) -> !mask
  %q = attn.read %qt[%b, %h, %i, %d] unchecked : (!t4, !b, !h, !i, !d) -> !q
  %k = attn.read %kt[%b, %g, %j, %d] unchecked : (!t4, !b, !g, !j, !d) -> !k
  %v = attn.read %vt[%b, %g, %j, %d] unchecked : (!t4, !b, !g, !j, !d) -> !k
  // CHECK: attn.dot ["d"] %{{.*}}, %{{.*}} : (!attn.fn<f32, [b, h, i, d]>, !attn.fn<f32, [b, g, j, d]>) -> !attn.fn<f32, [b, h, i, j]>
  %s0 = attn.dot ["d"] %q, %k : (!q, !k) -> !s
  // CHECK: attn.dot ["d"] %{{.*}}, %{{.*}} scale %{{.*}} :
  %s = attn.dot ["d"] %q, %k scale %scale : (!q, !k, !attn.fn<f32, []>) -> !s
  // CHECK: attn.reduce any ["n'"] %{{.*}} : (!attn.fn<i1, ["n'"]>) -> !attn.fn<i1, []>
  %less = attn.compare less %other, %J : !attn.fn<i64, ["n'"]>, !n -> !attn.fn<i1, ["n'"]>
  %any = attn.reduce any ["n'"] %less : (!attn.fn<i1, ["n'"]>) -> !attn.fn<i1, []>
  // CHECK: attn.softmax %{{.*}} where %{{.*}} :
  %w = attn.softmax %s where %rebase : (!s, !mask) -> !s
  // CHECK: attn.log_sum_exp %{{.*}} where %{{.*}} : (!attn.fn<f32, [b, h, i, j]>, !attn.fn<i1, [i, j]>) -> !attn.fn<f32, [b, h, i]>
  %lse = attn.log_sum_exp %s where %rebase : (!s, !mask) -> !attn.fn<f32, [b, h, i]>
  %wv = attn.binary multiply %w, %v : (!s, !k) -> !attn.fn<f32, [b, h, i, j, d]>
  // CHECK: attn.reduce sum ["j"] %{{.*}} where %{{.*}} :
  %sum = attn.reduce sum ["j"] %wv where %rebase : (!attn.fn<f32, [b, h, i, j, d]>, !mask) -> !q
  // CHECK: attn.online softmax score %{{.*}} mask %{{.*}} value %{{.*}} :
  %o, %l = attn.online softmax score %s mask %rebase value %v : (!s, !mask, !k) -> (!q, !attn.fn<f32, [b, h, i]>)
  // CHECK: attn.sum_after %{{.*}} where %{{.*}} : (!attn.fn<f32, [b, h, i, j]>, !attn.fn<i1, [i, j]>) -> !attn.fn<f32, [b, h, i, j]>
  %after = attn.sum_after %s where %rebase : (!s, !mask) -> !s
  // CHECK: attn.threshold sparsemax %{{.*}} where %{{.*}} : (!attn.fn<f32, [b, h, i, j]>, !attn.fn<i1, [i, j]>) -> !attn.fn<f32, [b, h, i]>
  %threshold = attn.threshold sparsemax %s where %rebase : (!s, !mask) -> !attn.fn<f32, [b, h, i]>
  // CHECK: attn.top_k %{{.*}} of %{{.*}} where %{{.*}} : (!attn.fn<f32, [b, h, i, j]>, !attn.fn<i1, [i, j]>, !attn.fn<i64, []>) -> (!attn.fn<f32, [b, h, i]>, !attn.fn<i64, [b, h, i]>)
  %smallest, %last = attn.top_k %J of %s where %rebase : (!s, !mask, !n) -> (!attn.fn<f32, [b, h, i]>, !attn.fn<i64, [b, h, i]>)
  // CHECK: attn.weighted_sum %{{.*}} mask %{{.*}} value %{{.*}} : (!attn.fn<f32, [b, h, i, j]>, !attn.fn<i1, [i, j]>, !attn.fn<f32, [b, g, j, d]>) -> !attn.fn<f32, [b, h, i, d]>
  %total = attn.weighted_sum %after mask %rebase value %v : (!s, !mask, !k) -> !q
  // CHECK: attn.output %{{.*}} ["b", "i", "h", "d"] = %{{.*}} : <4 x f32>, !attn.fn<f32, [b, h, i, d]>
  attn.output %ot ["b", "i", "h", "d"] = %o : !t4, !q
  // CHECK: attn.output %{{.*}} ["b", "h", "i"] = %{{.*}} : <3 x f32>, !attn.fn<f32, [b, h, i]>
  attn.output %lt ["b", "h", "i"] = %lse : !attn.tensor<3 x f32>, !attn.fn<f32, [b, h, i]>
  // CHECK: attn.classify {
  attn.classify {
  ^bb0(%i0: i64, %i1: i64, %j0: i64, %j1: i64):
    // CHECK: attn.uniform %{{.*}} : !attn.fn<i64, []> -> i64
    %extent = attn.uniform %J : !n -> i64
    // CHECK: attn.table_range %{{.*}}[%{{.*}}] to[%{{.*}}] : <1 x i1> -> i64
    %known, %least, %most = attn.table_range %flags[%j0] to [%extent] : !attn.tensor<1 x i1> -> i64
    // CHECK: attn.yield %{{.*}}, %{{.*}}, %{{.*}} : i1, i1, i1
    attn.yield %known, %known, %known : i1, i1, i1
  }
}

// CHECK: attn.binder @every_operation_binder
attn.binder @every_operation_binder {
  %one = attn.constant 1 : i64 : !n
  // CHECK: attn.bind extent 0 = %{{.*}} : !attn.fn<i64, []>
  attn.bind extent 0 = %one : !n
  // CHECK: attn.bind scalar 1 =
  attn.bind scalar 1 = %one : !n
  // CHECK: attn.bind size 2 =
  attn.bind size 2 = %one : !n
}
