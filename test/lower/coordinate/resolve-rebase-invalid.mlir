// RUN: attn-opt %s --split-input-file --verify-diagnostics --attn-resolve-rebase=budget=20

!i = !attn.fn<i64, [i]>
!n = !attn.fn<i64, []>

// Each line doubles the last.
attn.kernel @grows coordinates {i = 0 : i64} {
  %o = attn.tensor "o" 0 sizes affine_map<()[s0] -> (s0)> : !attn.tensor<1 x i64>
  %i = attn.coordinate "i" : !i
  %one = attn.constant 1 : i64 : !n
  %two = attn.constant 2 : i64 : !n
  %up = attn.binary add %i, %one : (!i, !n) -> !i
  %down = attn.binary multiply %i, %two : (!i, !n) -> !i
  %x0 = attn.binary multiply %i, %i : (!i, !i) -> !i
  %a0 = attn.rebase %x0 ["i"] at (%up) : (!i, !i) -> !i
  %b0 = attn.rebase %x0 ["i"] at (%down) : (!i, !i) -> !i
  %x1 = attn.binary add %a0, %b0 : (!i, !i) -> !i
  %a1 = attn.rebase %x1 ["i"] at (%up) : (!i, !i) -> !i
  %b1 = attn.rebase %x1 ["i"] at (%down) : (!i, !i) -> !i
  %x2 = attn.binary add %a1, %b1 : (!i, !i) -> !i
  %a2 = attn.rebase %x2 ["i"] at (%up) : (!i, !i) -> !i
  // expected-error@below {{the definition rebased here grows past 20 operations}}
  %b2 = attn.rebase %x2 ["i"] at (%down) : (!i, !i) -> !i
  %x3 = attn.binary add %a2, %b2 : (!i, !i) -> !i
  attn.output %o ["i"] = %x3 : !attn.tensor<1 x i64>, !i
}

// -----

!i = !attn.fn<i64, [i]>
!d = !attn.fn<i64, [d]>

attn.kernel @captures coordinates {i = 0 : i64, d = 1 : i64} {
  %o = attn.tensor "o" 0 sizes affine_map<()[s0, s1] -> (s1)> : !attn.tensor<1 x i64>
  %i = attn.coordinate "i" : !i
  %d = attn.coordinate "d" : !d
  %x = attn.binary multiply %i, %d : (!i, !d) -> !attn.fn<i64, [i, d]>
  %sum = attn.reduce sum ["d"] %x : (!attn.fn<i64, [i, d]>) -> !i
  // expected-error@below {{sets `i` to what varies with `d`, over which the rebased function reduces}}
  %y = attn.rebase %sum ["i"] at (%d) : (!i, !d) -> !d
  attn.output %o ["d"] = %y : !attn.tensor<1 x i64>, !d
}
