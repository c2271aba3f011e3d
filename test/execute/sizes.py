#!/usr/bin/env python3
"""Extents on both sides of every tile and vector edge, compiled with them symbolic and fixed, against the oracle.

usage: sizes.py ATTNC

The examples try two or three sizes each; here a few specs meet many.
"""

import os
import subprocess
import sys
import tempfile

SPECS = {
    "dense": "attention dense { layout mha; out o, lse }",
    "causal": "attention causal_gqa { layout gqa; mask = causal; out o, lse }",
    "window": "attention window_bias { layout mha; w: int = 37; bias: f32[H, N]\n"
              "  score = dot(q, k) / sqrt(D) + bias[h, clamp(i - j, 0, N - 1)]; mask = window(w) }",
    # Values that don't cancel: what is lost as they are summed one by one grows with their number.
    "one_sign": "attention one_sign { layout mha; out o, lse }",
    "one_sign_narrow": "attention one_sign_narrow { layout mha(bf16); out o: f32[B, H, I, D]; out lse }",
    "keys": "attention keys { layout mha; bias: f32[B, J]; len: i32[B]\n"
            "  score = dot(q, k) / sqrt(D) + bias; mask = j < len; out o, lse }",
    "widths": "attention widths { q: f32[I, H, B, D]; k: f32[J, B, G, D]; v: f32[G, B, J, E]\n"
              "  mask = causal_end or j == 0; out o: f32[H, I, E, B] }",
    "few": "attention few { layout gqa; slope: f32[H]; shift: i32[H]; len: i32[B]\n"
           "  score = dot(q, k) / sqrt(D) - slope * (i - j) + 0.01 * h; mask = j <= i + J - I - shift or j < len; out o, lse }",
    "apart": "attention apart { q: f32[B, D, H, I]; k: f32[B, G, D, J]; v: f32[G, E, J, B]\n"
             "  mask = causal_end; out o: f32[E, I, H, B], lse }",
    "passes": "attention passes { layout gqa; score = dot(q, k) / sqrt(D)\n"
              "  weight = relu(score - sum(j: score) / J) + 0.1 * softmax(score); n = sum(d: o * o); out o, n: f32[B, H, I] }",
}

# Spec, extents, further arguments. 8, 16, 32 and 128 are lane counts, tile widths and key blocks of some target.
CASES = [
    *[("dense", f"B=1,H=1,I={i},J={j},D=8", []) for i, j in
      [(1, 1), (1, 129), (2, 3), (7, 8), (8, 7), (15, 17), (16, 16), (17, 15), (31, 33), (32, 32), (33, 31), (47, 65),
       (64, 127), (65, 128), (127, 129), (129, 255), (256, 257)]],
    *[("dense", f"B=2,H=2,I=19,J=35,D={d}", []) for d in (1, 2, 3, 7, 9, 15, 17, 31, 33, 63, 65, 80, 100, 127, 129, 200)],
    *[(name, f"B=1,H=1,I={i},J=65536,D=16", ["-i", "v=randint(100,200,1,1,65536,16)"]) for name in ("one_sign", "one_sign_narrow") for i in (3, 40)],
    # A single row is multiplied with as many keys at a time as a vector has lanes.
    *[("dense", f"B=2,H=2,I=1,J={j},D={d}", []) for j, d in [(77, 1), (16, 16), (200, 33), (65, 40), (63, 64), (150, 100), (15, 128), (129, 200), (70, 256)]],
    *[("one_sign_narrow", f"B=1,H=2,I=1,J={j},D={d}", []) for j, d in [(77, 24), (129, 128)]],
    ("apart", "B=2,H=2,G=2,I=1,J=70,D=24,E=40", []),
    ("dense", "B=0,H=2,I=5,J=5,D=4", []),
    ("dense", "B=1,H=2,I=0,J=5,D=4", []),
    ("dense", "B=1,H=2,I=5,J=0,D=4", []),
    *[("causal", f"B=2,H=6,G={g},I={n},J={n},D=16", []) for g in (1, 2, 3, 6) for n in (1, 31, 33, 130)],
    *[("causal", f"B=1,H=1,G=1,I={i},J={j},D=16", []) for i, j in [(300, 1), (1, 300), (200, 70), (70, 200)]],
    *[("window", f"B=1,H=2,I={n},J={n},D=16,N=50", ["-p", f"w={w}"]) for n in (33, 260) for w in (0, 1, 31, 32, 33, 129)],
    *[("keys", f"B=3,H=2,I=9,J={j},D=16", ["-i", f"len=[0,1,{j}]"]) for j in (1, 31, 129, 257)],
    *[("few", f"B=2,H={h},G={g},I={i},J={j},D={d}", ["-i", "len=[0,3]", "-i", f"shift=randint(0,3,{h})"]) for h, g, i, j, d in
      [(4, 2, 1, 130, 64), (12, 3, 2, 65, 40), (50, 2, 1, 129, 16), (8, 1, 3, 33, 7), (6, 3, 16, 64, 80), (2, 2, 5, 100, 128),
       (4, 1, 17, 70, 24), (3, 1, 32, 20, 1), (2, 1, 33, 66, 72), (4, 2, 1, 0, 8), (4, 2, 0, 5, 8)]],
    *[("apart", f"B=2,H=4,G=2,I={i},J={j},D={d},E={e}", []) for i, j, d, e in
      [(1, 70, 16, 16), (3, 129, 7, 65), (16, 64, 64, 3), (7, 3, 1, 1)]],
    *[("passes", f"B=2,H=4,G=2,I={i},J={j},D={d}", []) for i, j, d in [(1, 70, 16), (6, 130, 40), (16, 1, 7)]],
    *[("widths", f"B=2,H=4,G=2,I=40,J=50,D={d},E={e}", []) for d, e in [(1, 1), (16, 1), (1, 16), (24, 40), (64, 33), (5, 130)]],
]


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    attnc = os.path.abspath(sys.argv[1])
    failures = runs = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, text in SPECS.items():
            with open(os.path.join(folder, f"{name}.attn"), "w", encoding="utf-8") as file:
                file.write(text + "\n")
        for name, dims, rest in CASES:
            features = ",".join(part for part in dims.split(",") if part[0] in "DE")
            for fixed in ([], ["--set", features]):
                command = [attnc, "run", f"{name}.attn", "--random", "--check", "--dims", dims, *rest, *fixed]
                done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                      check=False)
                runs += 1
                if done.returncode != 0:
                    failures += 1
                    print(f"$ {' '.join(command[1:])}\nexit status {done.returncode}\n{done.stdout}{done.stderr}")
    print(f"{runs} runs, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
