#!/usr/bin/env python3
"""Keys cut into parts: runs with few row blocks against the oracle, with the same bits for one, two and three threads.

usage: parts.py ATTNC [FIRST COUNT]

With FIRST and COUNT only COUNT cases from the FIRST on.
"""

import os
import random
import re
import struct
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "conformance"))
import npy

SPECS = {
    "few": "attention few { layout gqa; out o, lse }",
    "few_bf16": "attention few_bf16 { layout gqa(bf16); out o, lse }",
    "few_f16": "attention few_f16 { layout gqa(f16); out o, lse }",
    "cached": "attention cached { layout gqa; mask = causal_end; out o, lse }",
    "window": "attention window_few { layout mha; w: int = 700; mask = causal_end and j > i + J - I - w; out o, lse }",
    "lengths": "attention lengths { layout gqa; len: i32[B]; mask = j < len; out o, lse }",
    "holes": "attention holes { layout mha; doc: i32[J]; mask = doc[j] == 1; out o, lse }",
    "numbers": "attention numbers { layout mha\n"
               "  most = max(j: score); least = min(j: score + 1); some = any(j: score > 3); every = all(j: score > -2)\n"
               "  near = sum(j: 1 if abs(j - i) < 1500 else 0)\n"
               "  out o, lse, most: f32[B, H, I], least: f32[B, H, I], some: bool[B, H, I], every: bool[B, H, I], near: i32[B, H, I] }",
    "plain": "attention plain { layout mha; weight = relu(score) / J; out o }",
    "narrow": "attention narrow { q: f32[B, H, I, D]; k: f32[B, H, J, D]; v: f32[B, H, J, E]; weight = relu(score); out o: f32[B, H, I, E] }",
    "two": "attention two { layout mha; k2: f32[B, H, J, D]; weight = softmax(score) - 0.3 * softmax(dot(q, k2)) + 0.001 * score; out o }",
    "own_values": "attention own_values { q: f32[B, H, I, D]; k: f32[B, H, J, D]; s: f32[I, J]; u: f32[B, H, J, E]\n"
                  "  v = u * s; out o: f32[B, H, I, E], lse }",
    "ragged": "attention ragged { layout varlen }",
    "still": "attention still { layout mha; t: f32[B]; twice = 2 * t; out o, twice: f32[B] }",
    "apart": "attention apart { q: f32[B, D, H, I]; k: f32[B, D, H, J]; v: f32[B, E, H, J]; out o: f32[E, I, H, B], lse }",
}



def numbers(shape, change=lambda n, value: value):
    """Normal numbers, or what becomes of the nth one, as a file."""
    def write(path):
        source = random.Random(7)
        count = 1
        for size in shape:
            count *= size
        npy.write(path, npy.Array("<f4", shape, struct.pack(f"<{count}f", *(change(n, source.gauss(0, 1)) for n in range(count)))))
    return write


def with_one(shape, place, value):
    return numbers(shape, lambda n, drawn: value if n == place else drawn)


# Spec, extents, further arguments, of which functions write an input's file. From 2048 keys on there are parts; 64 is a block of keys.
CASES = [
    *[("few", f"B=1,H={h},G={g},I={i},J={j},D={d}", []) for h, g, i, j, d in
      [(1, 1, 1, 2048, 128), (1, 1, 1, 2047, 64), (1, 1, 1, 16384, 128), (4, 1, 1, 5000, 40), (6, 2, 3, 4097, 16), (12, 2, 8, 3001, 33),
       (2, 2, 1, 2111, 1), (2, 1, 17, 2112, 24), (1, 1, 33, 2500, 64), (1, 1, 200, 4500, 20), (1, 1, 1, 70000, 8)]],
    ("few", "B=9,H=16,G=8,I=1,J=2100,D=8", []),
    ("few", "B=3,H=5,G=5,I=1,J=9000,D=300", []),
    *[(name, f"B=1,H={h},G=1,I={i},J={j},D=64", []) for name in ("few_bf16", "few_f16") for h, i, j in
      [(1, 1, 5000), (4, 8, 2500), (4, 16, 4111), (1, 100, 2200)]],
    # What the matrix unit can't take, in one part.
    *[("few_bf16", "B=1,H=8,G=1,I=8,J=4200,D=32", {"k": with_one((1, 1, 4200, 32), 32 * at + 5, value)})
      for at, value in ((4100, 1e-39), (9, float("inf")))],
    *[("cached", f"B=2,H=2,G=1,I={i},J={j},D=16", []) for i, j in [(1, 4096), (5, 2999), (40, 2300)]],
    ("cached", "B=1,H=1,G=1,I=3000,J=2050,D=8", []),
    *[("window", f"B=1,H=2,I={i},J={j},D=32", []) for i, j in [(1, 8000), (7, 2990), (50, 6000)]],
    ("window", "B=1,H=1,I=2,J=5000,D=32", ["-p", "w=0"]),
    ("lengths", "B=4,H=2,G=1,I=2,J=5000,D=16", ["-i", "len=[0,1,2500,5000]"]),
    ("lengths", "B=2,H=1,G=1,I=40,J=3000,D=16", ["-i", "len=[1100,0]"]),
    ("holes", "B=1,H=2,I=2,J=4000,D=16", ["-i", "doc=randint(0,300,4000)"]),
    *[("numbers", f"B=1,H=2,I={i},J=4000,D=16", []) for i in (1, 20, 70)],
    *[("plain", f"B=2,H=2,I={i},J=3000,D=16", []) for i in (2, 40)],
    *[("two", f"B=1,H=2,I={i},J=3000,D=16", []) for i in (3, 50)],
    *[("own_values", f"B=1,H=2,I={i},J=2600,D=16,E=9", []) for i in (3, 50)],
    ("ragged", "B=4,H=4,G=2,Tq=5,Tk=9000,D=16", ["-i", "cu_q=[0,1,2,3,5]", "-i", "cu_k=[0,5000,5000,5100,9000]"]),
    ("still", "B=2,H=1,I=3,J=3000,D=8", []),
    ("still", "B=2,H=1,I=0,J=3000,D=8", []),
    *[("apart", f"B=2,H=2,I={i},J=3000,D=8,E=12", []) for i in (2, 40)],
    ("few", "B=0,H=1,G=1,I=1,J=3000,D=8", []),
    ("few", "B=1,H=1,G=1,I=2,J=3000,D=0", []),
    # A part may come to nothing at all.
    *[("narrow", f"B=1,H=2,I={i},J=5000,D=8,E={e}", []) for i in (0, 1, 40) for e in (0, 3)],
]

# What takes a row block a second time, with care: the same bits, whoever does it.
for queries in (1, 40):
    for name, place, value in (("few", 8 * 10 + 3, float("inf")), ("few", 8 * 2990 + 1, float("nan")), ("few", 8 * 1500, float("-inf")),
                               ("cached", 8 * 2999, float("inf"))):
        CASES.append((name, f"B=1,H=1,G=1,I={queries},J=3000,D=8", {"v": with_one((1, 1, 3000, 8), place, value)}))
    large = {"q": numbers((1, 1, queries, 8), lambda n, value: value * 1e19), "k": numbers((1, 1, 3000, 8), lambda n, value: value * 3e18)}
    CASES.append(("few", f"B=1,H=1,G=1,I={queries},J=3000,D=8", large))


def run(command, folder):
    return subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


def outputs_of(text):
    """Every output that a spec names; the layout's where it names none."""
    named = re.search(r"\bout ([^;}\n]*)", text)
    return re.findall(r"(\w+)(?:: \w+\[[^]]*\])?", named.group(1)) if named else ["op"]


def arguments_of(more, folder):
    if isinstance(more, list):
        return more
    words = []
    for name, write in more.items():
        write(os.path.join(folder, f"in-{name}.npy"))
        words += ["-i", f"{name}=in-{name}.npy"]
    return words


def main():
    if len(sys.argv) not in (2, 4):
        sys.exit(__doc__)
    attnc = os.path.abspath(sys.argv[1])
    first, count = (int(word) for word in sys.argv[2:]) if len(sys.argv) == 4 else (0, len(CASES))
    failures = runs = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, text in SPECS.items():
            with open(os.path.join(folder, f"{name}.attn"), "w", encoding="utf-8") as file:
                file.write(text + "\n")
        for name, dims, more in CASES[first:first + count]:
            found, rest = {}, arguments_of(more, folder)
            for threads in (1, 2, 3):
                paths = {output: os.path.join(folder, f"{output}-{threads}.npy") for output in outputs_of(SPECS[name])}
                command = [attnc, "run", f"{name}.attn", "--random", "--dims", dims, *rest, "--threads", str(threads)]
                command += [part for output, path in paths.items() for part in ("-o", f"{output}={path}")]
                command += ["--check"] if threads == 2 else []
                done = run(command, folder)
                runs += 1
                if done.returncode != 0:
                    failures += 1
                    print(f"$ {' '.join(command[1:])}\nexit status {done.returncode}\n{done.stdout}{done.stderr}")
                    break
                for output, path in paths.items():
                    with open(path, "rb") as file:
                        found.setdefault(output, []).append(file.read())
            else:
                for output, files in found.items():
                    if any(file != files[0] for file in files):
                        failures += 1
                        print(f"{name} {dims} {' '.join(rest)}: `{output}` differs with the number of threads")
    print(f"{runs} runs, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
