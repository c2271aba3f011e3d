#!/usr/bin/env python3
"""Extents that vary per batch, extents that are computed, and stores at computed indices, against the oracle; and the data they refuse.

usage: views.py ATTNC [NAME ...]
"""

import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

QKV = "q: f32[B, H, I, D]; k: f32[B, G, N, D]; v: f32[B, G, N, E]; len: i32[B]"
HERE = "k = k[b, g, j, d]; v = v[b, g, j, e]"
RAGGED = "--dims B=4,H=4,G=2,Tq=131,Tk=400,D=24"
FEW = "--dims B=3,I=10,J=20,D=8,E=5,N=30"
PAGES = ("q: f32[B, H, I, D]; pool: f32[N, 16, D]; table: i32[B, P]; J = 16 * P\n"
         "k = pool[table[b, j // 16], j % 16, d]; v = pool[table[b, j // 16], 15 - j % 16, d]")
CACHE = ("q: f32[B, H, I, D]; past: f32[B, G, P, D]; new: f32[B, G, N, D]; J = P + N\n"
         "k = past[b, g, j, d] if j < P else new[b, g, j - P, d]; v = k; out o, kk: f32[B, G, J, D]; kk = k")
USED = ("q: {t}[B, H, I, D]; past: {t}[B, G, P, D]; new: {t}[B, G, N, D]; used: i32[B]; J = used[b] + N\n"
        "k = past[b, g, j, d] if j < used[b] else new[b, g, j - used[b], d]; v = new[b, g, j - used[b], d] if j >= used[b] else past[b, g, j, d]\n"
        "mask = causal_end; out o: {t}[B, H, I, D]")
PAGES16 = ("q: {t}[B, H, I, D]; pool: {t}[N, 16, D]; table: i32[B, P]; J = 16 * P; out o: {t}[B, H, I, D]\n"
           "k = pool[table[b, j // 16], j % 16, d]; v = pool[table[b, j // 16], 15 - j % 16, d]")
TURNED = "q: f32[H, I, D]; k: f32[H, J, D]; v: f32[H, J, D]; c: f32[N, M]; w_: int"
AT = "q: f32[B, I, D]; k: f32[B, J, D]; v: f32[B, J, E]; N: int; at: i32[B]; out buf: f32[N, E]; buf[at[b] + i, e] = o"

# Lines of an attention, arguments of a run, and, where the run must fail, what it must say: by the oracle, or else by the kernel alone.
CASES = {
    # Extents that vary per batch
    "lengths": (f"{QKV}; J = len[b]; {HERE}; out o, lse",
                "--dims B=5,H=2,G=1,I=50,N=200,D=17,E=9 -i len=[0,1,64,199,200]"),
    "lengths, causal": (f"{QKV}; J = len[b]; {HERE}; mask = causal_end; out o, lse",
                        "--dims B=5,H=4,G=2,I=97,N=200,D=16,E=16 -i len=[200,0,3,65,128]"),
    "lengths, nothing visible": (f"{QKV}; J = len[b]; {HERE}; mask = j > i + J; out o, lse",
                                 "--dims B=3,H=2,G=2,I=5,N=90,D=8,E=8 -i len=[90,0,17]"),
    "lengths, all empty": (f"{QKV}; J = len[b]; {HERE}; out o, lse", "--dims B=2,H=2,G=2,I=5,N=9,D=8,E=8 -i len=[0,0]"),
    "no batch": (f"{QKV}; J = len[b]; {HERE}", "--dims B=0,H=2,G=2,I=5,N=9,D=8,E=8 -i len=zeros(0)"),
    "length of another kind": (f"{QKV}; more: i64[M]; J = min(len[b] // 2 + sum(m: more), N); {HERE}; mask = causal",
                               "--dims B=3,H=2,G=1,I=30,N=70,M=3,D=8,E=8 -i len=[10,200,0] -i more=[1,2,3]"),
    "extents of extents": (f"{QKV}; J = len[b]; R = J // 3; {HERE}; score = dot(q, k) + sum(r: float(r)) * 0.01",
                           "--dims B=3,H=1,G=1,I=20,N=70,D=8,E=8 -i len=[70,2,40]"),
    "lazy length": ("q: f32[B, I, D]; kk: f32[B, N, D]; v: f32[B, N, D]; at: i32[B]; len: i32[M]\n"
                    "J = len[at[b]] if at[b] >= 0 else N // max(at[b] + 9, 1)\nk = kk[b, j]; v = v[b, j]",
                    "--dims B=3,I=20,N=70,M=2,D=8 -i at=[1,-1,-9] -i len=[5,70]"),
    "topk": (f"{QKV}; J = len[b]; {HERE}; weight = softmax(topk(score, 5))",
             "--dims B=3,H=1,G=1,I=20,N=70,D=8,E=8 -i len=[70,2,40]"),
    "sparsemax, twice": (f"{QKV}; J = len[b]; {HERE}; weight = sparsemax(score) - 0.5 * softmax(score); mask = causal",
                         "--dims B=3,H=1,G=1,I=90,N=70,D=8,E=8 -i len=[70,2,40]"),
    "stick-breaking": (f"{QKV}; J = len[b]; {HERE}; mask = causal; weight = sigmoid(score) * exp(sum_after(log_sigmoid(-score)))",
                       "--dims B=3,H=1,G=1,I=90,N=170,D=8,E=8 -i len=[170,2,65]"),
    "ragged": ("layout varlen", f"{RAGGED} -i cu_q=[0,48,49,131,131] -i cu_k=[0,64,64,129,400]"),
    "ragged, causal": ("layout varlen; mask = causal_end; out lse: f32[Tq, H]; lse[cu_q[b] + i, h] = lse",
                       f"{RAGGED} -i cu_q=[0,0,1,97,131] -i cu_k=[0,0,200,201,400]"),
    "ragged, no queries": ("layout varlen", f"{RAGGED} -i cu_q=[0,0,0,0,0] -i cu_k=[0,64,64,129,400]"),
    "ragged, 16 bits": ("layout varlen(bf16); mask = causal", f"{RAGGED} -i cu_q=[0,48,49,131,131] -i cu_k=[0,64,64,129,400]"),
    "ragged, additive": ("q: f32[T, D]; k: f32[T, D]; v: f32[T, E]; u: f32[D]; off: i32[B + 1]; out x: f32[T, E]\n"
                         "I = off[b + 1] - off[b]; J = I; q = q[off[b] + i]; k = k[off[b] + j]; v = v[off[b] + j]\n"
                         "score = sum(d: u * tanh(q + k)); mask = causal; x[off[b] + i, e] = o",
                         "--dims B=3,T=110,D=9,E=7 -i off=[0,49,50,110]"),
    "paged": ("layout paged; mask = causal_end", "--dims B=3,H=4,G=2,I=17,P=7,S=16,M=8,D=16 -i len=[128,0,33] -i table=randint(0,7,3,8)"),

    "ragged, one query": ("layout varlen; mask = causal_end; out lse: f32[Tq, H]; lse[cu_q[b] + i, h] = lse",
                          "--dims B=4,H=4,G=2,Tq=3,Tk=400,D=33 -i cu_q=[0,1,1,2,3] -i cu_k=[0,1,64,264,400]"),
    "ragged, few queries": ("layout varlen; out n: i64[H, Tq]; n[h, cu_q[b] + i] = sum(j: 1) + 10 * h",
                            "--dims B=4,H=6,G=2,Tq=26,Tk=400,D=16 -i cu_q=[0,7,7,20,26] -i cu_k=[0,129,129,264,400]"),
    "ragged, a row that isn't there": ("layout varlen", "--dims B=2,H=4,G=2,Tq=60,Tk=100,D=16 -i cu_q=[0,50,60] -i cu_k=[0,50,101]", "kp"),
    "ragged, one query, a row that isn't there": ("layout varlen", "--dims B=2,H=4,G=2,Tq=2,Tk=100,D=16 -i cu_q=[0,1,2] -i cu_k=[0,50,101]", "kp"),
    "paged, one query": ("layout paged", "--dims B=3,H=4,G=2,I=1,P=7,S=16,M=8,D=33 -i len=[128,1,33] -i table=randint(0,7,3,8)"),
    "paged, odd pages": ("layout paged; mask = causal_end", "--dims B=3,H=4,G=2,I=70,P=7,S=5,M=60,D=64 -i len=[300,0,33] -i table=randint(0,7,3,60)"),
    "pages with keys side by side": ("q: f32[B, H, I, D]; pool: f32[N, D, 16]; table: i32[B, P]; J = 16 * P\n"
                                     "k = pool[table[b, j // 16], d, j % 16]; v = pool[table[b, j // 16], d, 15 - j % 16]; mask = causal_end",
                                     "--dims B=2,H=2,I=49,D=20,N=6,P=5 -i table=randint(0,6,2,5)"),
    "pages nobody looks at": (f"{PAGES}; mask = j < 70", "--dims B=1,H=2,I=49,D=20,N=6,P=9 -i table=[[5,4,3,2,1,6,-1,99,100]]"),
    "pages nobody looks at, one query": (f"{PAGES}; mask = j < 70", "--dims B=1,H=2,I=1,D=20,N=6,P=9 -i table=[[5,4,3,2,1,6,-1,99,100]]"),
    "a page that isn't there": (f"{PAGES}", "--dims B=1,H=2,I=49,D=20,N=6,P=5 -i table=[[5,4,3,6,1]]", "pool"),
    "a page that isn't there, one query": (f"{PAGES}", "--dims B=1,H=2,I=1,D=20,N=6,P=5 -i table=[[5,4,3,-1,1]]", "pool"),
    "new keys behind a cache": (f"{CACHE}; mask = causal_from(P)", "--dims B=2,H=4,G=2,I=41,P=90,N=41,D=20"),
    "a new key behind a cache": (f"{CACHE}", "--dims B=2,H=4,G=2,I=1,P=90,N=1,D=64"),
    "new keys of all heads": ("q: f32[B, H, I, D]; past: f32[B, P, D]; new: f32[B, N, D]; J = P + N; k = past[b, j, d] if j < P else new[b, j - P, d]\n"
                              "v = k; out o, kk: f32[B, J, D]; kk = k", "--dims B=2,H=5,I=7,P=90,N=7,D=20"),
    "new keys alone": (f"{CACHE}", "--dims B=2,H=4,G=2,I=5,P=0,N=70,D=64"),

    # One tensor up to P, another from there on
    **{f"a cache of {past} and {new} keys, {queries} queries": (f"{CACHE}; mask = causal_from(P)",
                                                                f"--dims B=2,H=4,G=2,I={queries},P={past},N={new},D=20")
       for past, new, queries in [(0, 41, 41), (1, 41, 41), (63, 5, 50), (64, 5, 50), (65, 64, 50), (130, 0, 50), (127, 3, 3), (128, 1, 1),
                                  (0, 1, 1), (9, 0, 1), (70, 5, 0)]},
    **{f"a cache used up to different keys, {queries} queries in {t}": (USED.format(t=t),
                                                                        f"--dims B=5,H=4,G=2,I={queries},P=200,N=6,D=24 -i used=[0,1,64,131,200]")
       for queries in (1, 6, 70) for t in ("f32", "bf16", "f16")},
    "a cache used beyond its end": (USED.format(t="f32"), "--dims B=2,H=4,G=2,I=70,P=100,N=6,D=24 -i used=[100,101]", "past"),
    "a cache of 16 bits used beyond its end": (USED.format(t="bf16"), "--dims B=2,H=4,G=2,I=70,P=100,N=6,D=24 -i used=[100,101]", "past"),
    "two caches and new keys, the last first": (
        "q: f32[B, I, D]; a: f32[B, N, D]; c: f32[B, M, D]; x: f32[B, L, D]; v: f32[B, J, D]; J = N + M + L; mask = causal_end\n"
        "k = a[b, j, d] if j < N else c[b, j - N, d] if j < N + M else x[b, j - N - M, d]; weight = sigmoid(score) * exp(sum_after(log_sigmoid(-score)))",
        "--dims B=2,I=60,N=37,M=50,L=60,D=16"),
    "rotated behind a cache": ("q: f32[B, I, D]; past: f32[B, P, D]; new: f32[B, N, D]; J = P + N; mask = causal_from(P)\n"
                               "k = rope(past[b, j, d] if j < P else new[b, j - P, d], j); v = k; out o, k", "--dims B=2,I=60,P=37,N=60,D=16"),
    "two rows for all keys": ("q: f32[B, I, D]; one: f32[B, D]; two: f32[B, D]; v: f32[B, J, D]; p: int; k = one[b, d] if j < p else two[b, d]",
                              "--dims B=2,I=60,J=90,D=16 -p p=37"),
    "a mask that is split, too": (f"{CACHE}; tree: bool[I, N]; mask = j < P or tree[i, j - P]", "--dims B=2,H=4,G=2,I=7,P=90,N=7,D=20 -i tree=randint(0,2,7,7)"),

    # Rows of 16 bits
    **{f"pages of {t}, {queries} queries": (f"{PAGES16.format(t=t)}; mask = causal_end", f"--dims B=2,H=4,I={queries},D=40,N=6,P=9 -i table=randint(0,6,2,9)")
       for t in ("bf16", "f16") for queries in (1, 9, 70)},
    **{f"pages of {t} nobody looks at, {queries} queries": (f"{PAGES16.format(t=t)}; mask = j < 70",
                                                            f"--dims B=1,H=2,I={queries},D=20,N=6,P=9 -i table=[[5,4,3,2,1,6,-1,99,100]]")
       for t in ("bf16", "f16") for queries in (1, 70)},
    "a page of 16 bits that isn't there": (PAGES16.format(t="bf16"), "--dims B=1,H=2,I=70,D=20,N=6,P=5 -i table=[[5,4,3,6,1]]", "pool"),
    **{f"ragged, {t}, {how}": (f"layout varlen({t}); mask = causal_end", f"--dims B=4,H=4,G=2,Tq={total},Tk=400,D=33 -i cu_q={starts} -i cu_k=[0,64,64,129,400]")
       for t in ("bf16", "f16") for how, total, starts in [("few", 9, "[0,1,1,4,9]"), ("many", 330, "[0,64,64,129,330]")]},
    "ragged, 16 bits, a row that isn't there": ("layout varlen(bf16)", "--dims B=2,H=4,G=2,Tq=60,Tk=100,D=16 -i cu_q=[0,50,60] -i cu_k=[0,50,101]", "kp"),

    # Extents found in products
    "widths from heads": ("q3: f32[B, I, H * D]; k: f32[B, J, D]; v: f32[B, J, D]; H: int; q = q3[b, i, h * D + d]\n"
                          "out x: f32[B, I, H * D]; x[b, i, h * D + d] = o", "--dims B=2,H=3,I=50,J=60,D=5"),
    "heads from widths": ("q3: f32[B, I, H * D + 2]; k: f32[B, J, D]; v: f32[B, J, D]; q = q3[b, i, h * D + d + 2]\n"
                          "out x: f32[B, H, I, D]; x[b, H - 1 - h, i, d] = o", "--dims B=2,H=3,I=50,J=60,D=5"),
    "heads from nothing": ("q3: f32[B, I, H * D]; k: f32[B, J, D]; v: f32[B, J, E]; q = q3[b, i, h * D + d]; out o: f32[B, H, I, E]",
                           "--dims B=2,H=3,I=50,J=60,D=0,E=4", "q3"),

    # Stores
    "interleaved heads": ("layout mha; out x: f32[B, I, D * H]; x[b, i, d * H + h] = o", "--dims B=2,H=3,I=50,J=60,D=5"),
    "flat": ("layout mha; out x: f32[B * I * H * D]; x[((b * I + i) * H + h) * D + d] = o", "--dims B=2,H=3,I=50,J=60,D=5"),
    "backwards": ("layout mha; out x: f32[B, H, I, D]; x[b, h, I - 1 - i, D - 1 - d] = o", "--dims B=2,H=3,I=50,J=60,D=5"),
    "in 16 bits": ("layout mha; out x: bf16[B, I, H * D]; x[b, i, h * D + d] = o", "--dims B=2,H=3,I=50,J=60,D=5"),
    "beside a table": ("layout mha; t: i32[I]; out x: f32[B, H, I, N]; x[b, h, i, t[i] + d] = o; N: int",
                       "--dims B=2,H=3,I=5,J=60,D=5,N=9 -i t=[0,4,1,3,2]"),
    "numbers": ("layout mha; mask = causal; out x: f32[B, I * H], n: i64[B, I * H]; x[b, i * H + h] = lse; n[b, i * H + h] = sum(j: 1) + h",
                "--dims B=2,H=3,I=50,J=60,D=5"),
    "bools": ("layout mha; mask = causal; out n: bool[H, B, I + 3]; n[h, b, i + 3] = sum(j: 1) > 7; out o", "--dims B=2,H=3,I=50,J=60,D=5"),
    "pairs": ("layout mha; mask = causal; out w: f32[B, I, H * J]; w[b, i, h * J + j] = weight", "--dims B=2,H=3,I=50,J=70,D=5"),
    "rows of keys": ("layout mha; k = rope(k, j); out kk: f32[B, J + 2, H * D]; kk[b, j + 2, h * D + d] = k; out o",
                     "--dims B=2,H=3,I=50,J=70,D=6"),
    "repeated": ("layout mha; u: f32[D]; out x: f32[B, H, I, D + 1]; x[b, h, i, d] = u; out o", "--dims B=2,H=3,I=50,J=70,D=6"),
    "appended": (f"{AT}", f"{FEW} -i at=[0,10,20]"),
    "in another order": (f"{AT}", f"{FEW} -i at=[20,0,10]"),
    "appended to each": ("layout mha; at: i32[B]; out x: f32[B, N, H, D]; N: int; x[b, at[b] + i, h] = o",
                         "--dims B=2,H=3,I=5,J=7,D=6,N=11 -i at=[6,0]"),

    # Rows whose features are at an index that nobody has proven
    "features of a table": (f"{TURNED}; k = k * c[j, d % w_]", "--dims H=2,I=40,J=70,D=33,N=70,M=8 -p w_=8"),
    "features of a table, where they count": (f"{TURNED}; k = k * (c[j, d - w_] if d >= w_ else 2.0); mask = causal",
                                              "--dims H=2,I=40,J=70,D=33,N=40,M=25 -p w_=8"),
    "features in front of a table": (f"{TURNED}; k = k * (c[j, d - w_] if d >= w_ - 1 else 2.0)", "--dims H=2,I=40,J=70,D=33,N=70,M=25 -p w_=8",
                                     "c: index -1 is outside [0, 25) in dimension 1"),
    "features behind a table": (f"{TURNED}; k = k * (c[j, d - w_] if d >= w_ else 2.0)", "--dims H=2,I=40,J=70,D=33,N=70,M=24 -p w_=8",
                                "c: index 24 is outside [0, 24) in dimension 1"),
    "a key behind a table": (f"{TURNED}; k = k * c[j, d % w_]; mask = causal_end", "--dims H=2,I=40,J=70,D=33,N=69,M=8 -p w_=8",
                             "c: index 69 is outside [0, 69) in dimension 0"),
    "no features of a table": (f"{TURNED}; k = k * c[j, d % w_]; mask = causal", "--dims H=2,I=40,J=70,D=0,N=1,M=0 -p w_=0"),
    "features by nothing": (f"{TURNED}; k = k * c[j, d % w_]; mask = causal", "--dims H=2,I=40,J=70,D=3,N=70,M=8 -p w_=0", "division by zero"),
    "features by nothing somewhere": ("q: f32[H, I, D]; k: f32[H, J, D]; v: f32[H, J, D]; w_: int; k = k * float(40 // (d - w_)); mask = causal", "--dims H=2,I=40,J=70,D=9 -p w_=8", "division by zero"),
    "features by nothing nowhere": ("q: f32[H, I, D]; k: f32[H, J, D]; v: f32[H, J, D]; w_: int; k = k * float(40 // (d - w_) if d < w_ else 1); mask = causal", "--dims H=2,I=40,J=70,D=17 -p w_=8"),
    "partly rotated": ("layout mha; r: int; q = rope_partial(q, i, r); k = rope_partial(k, j, r)", "--dims B=1,H=2,I=40,J=70,D=24 -p r=10"),
    "partly rotated by more than there is": ("layout mha; r: int; q = rope_partial(q, i, r); k = rope_partial(k, j, r)",
                                             "--dims B=1,H=2,I=40,J=70,D=24 -p r=26", "index 25 is outside [0, 24)"),
    **{f"values of features of a table, {queries} queries": (f"{TURNED}; v = v * c[j, d % w_]; mask = causal", f"--dims H=2,I={queries},J=70,D=33,N=70,M=8 -p w_=8")
       for queries in (1, 70)},

    # What data can be wrong
    "collision": (f"{AT}", f"{FEW} -i at=[0,9,20]", "buf: b = 0 and b = 1 would be stored at the same elements of dimension 0", "`at[b] + i`"),
    "collision out of order": (f"{AT}", f"{FEW} -i at=[20,0,9]", "buf: b = 1 and b = 2 would be stored"),
    "stored past the end": (f"{AT}", f"{FEW} -i at=[0,10,21]", "buf: index 30 is outside [0, 30) in dimension 0"),
    "stored before the start": (f"{AT}", f"{FEW} -i at=[10,-1,20]", "buf: index -1 is outside [0, 30) in dimension 0"),
    "element past the end": ("layout mha; t: i32[I]; out x: f32[B, H, I, N]; x[b, h, i, t[i] + d] = o; N: int",
                             "--dims B=1,H=1,I=5,J=6,D=5,N=9 -i t=[0,4,5,3,2]", "x: index 9 is outside [0, 9) in dimension 3"),
    "negative length": (f"{QKV}; J = len[b]; {HERE}", "--dims B=2,H=1,G=1,I=5,N=9,D=8,E=8 -i len=[4,-1]", "J", "negative", "b = 1"),
    "too long": (f"{QKV}; J = len[b]; {HERE}", "--dims B=2,H=1,G=1,I=5,N=9,D=8,E=8 -i len=[4,10]", "k: index 9 is outside [0, 9)"),
    "too long, where it counts": (f"{QKV}; J = len[b]; {HERE}; mask = causal_end", "--dims B=2,H=1,G=1,I=5,N=9,D=8,E=8 -i len=[4,10]",
                                  "index 9 is outside [0, 9)"),
    "too long, where nothing counts": (f"{QKV}; J = len[b]; {HERE}; mask = j < 9",
                                       "--dims B=2,H=1,G=1,I=5,N=9,D=8,E=8 -i len=[4,300]"),
    "length outside its table": (f"q: f32[B, I, D]; k: f32[B, N, D]; v: f32[B, N, D]; at: i32[B]; len: i32[M]; J = len[at[b]]\n"
                                 "k = k[b, j]; v = v[b, j]", "--dims B=2,I=5,N=9,M=3,D=8 -i at=[0,3] -i len=[1,2,3]",
                                 "len: index 3 is outside"),
    "division by nothing": (f"{QKV}; c: int; J = len[b] // c; {HERE}", "--dims B=2,H=1,G=1,I=5,N=9,D=8,E=8 -i len=[4,1] -p c=0", "zero"),
}


def run_case(attnc, name, lines, arguments, *expected):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "view.attn")
        with open(path, "w", encoding="utf-8") as file:
            file.write("attention view {\n" + lines + "\n}\n")
        done = subprocess.run([attnc, "run", path, "--random", "--check", *arguments.split()], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    if expected:
        fine = done.returncode in (1, 2) and all(part in said for part in expected) and "oracle" not in said
    else:
        fine = done.returncode == 0 and "error" in done.stdout
    return fine, f"{'ok' if fine else 'FAILED'}  {name}: exit status {done.returncode}\n{said}"


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    attnc, names = sys.argv[1], sys.argv[2:] or list(CASES)
    failures = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for fine, text in pool.map(lambda name: run_case(attnc, name, *CASES[name]), names):
            print(text, end="" if fine else "\n", flush=True)
            failures += not fine
    print(f"{len(names) - failures} of {len(names)} are as they should be")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
