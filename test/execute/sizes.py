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
    "keys": "attention keys { layout mha; bias: f32[B, J]; len: i32[B]\n"
            "  score = dot(q, k) / sqrt(D) + bias; mask = j < len; out o, lse }",
    "widths": "attention widths { q: f32[I, H, B, D]; k: f32[J, B, G, D]; v: f32[G, B, J, E]\n"
              "  mask = causal_end or j == 0; out o: f32[H, I, E, B] }",
}

# Spec, extents, further arguments. 8, 16, 32 and 128 are lane counts, tile widths and key blocks of some target.
CASES = [
    *[("dense", f"B=1,H=1,I={i},J={j},D=8", []) for i, j in
      [(1, 1), (1, 129), (2, 3), (7, 8), (8, 7), (15, 17), (16, 16), (17, 15), (31, 33), (32, 32), (33, 31), (47, 65),
       (64, 127), (65, 128), (127, 129), (129, 255), (256, 257)]],
    *[("dense", f"B=2,H=2,I=19,J=35,D={d}", []) for d in (1, 2, 3, 7, 9, 15, 17, 31, 33, 63, 65, 80, 100, 127, 129, 200)],
    ("dense", "B=0,H=2,I=5,J=5,D=4", []),
    ("dense", "B=1,H=2,I=0,J=5,D=4", []),
    ("dense", "B=1,H=2,I=5,J=0,D=4", []),
    *[("causal", f"B=2,H=6,G={g},I={n},J={n},D=16", []) for g in (1, 2, 3, 6) for n in (1, 31, 33, 130)],
    *[("causal", f"B=1,H=1,G=1,I={i},J={j},D=16", []) for i, j in [(300, 1), (1, 300), (200, 70), (70, 200)]],
    *[("window", f"B=1,H=2,I={n},J={n},D=16,N=50", ["-p", f"w={w}"]) for n in (33, 260) for w in (0, 1, 31, 32, 33, 129)],
    *[("keys", f"B=3,H=2,I=9,J={j},D=16", ["-i", f"len=[0,1,{j}]"]) for j in (1, 31, 129, 257)],
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
