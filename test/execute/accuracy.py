#!/usr/bin/env python3
"""How far results may be off, by how large the terms are that a score is a sum of.

usage: accuracy.py ATTNC

With S the row's largest `scale * sum(d: abs(q * k))`, for S from 1 to 1e4, and V the row's largest |v|: f32 results are within (2e-6 + S * 2^-21) V of
the oracle's, lse within 1e-5 + S * 2^-21, and results stored in 16 bits within one rounding and 2^-8 V (bf16) or 2^-11 V (f16). The oracle gives S and
V, too; these bounds are applied here and not by `attnc run --check`, whose bounds are wider: they count all that enters a score.
"""

import math
import os
import random
import struct
import subprocess
import sys
import tempfile
import unittest

ATTNC = os.path.abspath(sys.argv[1])
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "conformance"))
import npy

MAGNITUDES = (1, 10, 100, 1e3, 1e4)
SPECS = {
    "dense": "",
    "causal": "mask = causal",
    "window": "mask = window(50)",
    "alibi": "slopes: f32[H]; score = dot(q, k) / sqrt(D) |> alibi(slopes); mask = causal",
    "soft cap": "score = dot(q, k) / sqrt(D) |> softcap(50.0)",
}
# Half of a last place, relative; the smallest number's, absolute; and what is granted of the largest |v|.
STORED = {"bf16": (2**-8, 2**-134, 2**-8), "f16": (2**-11, 2**-25, 2**-11)}
HEADS, FEATURES = 2, 64


class Accuracy(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = scratch.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def spec(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text + "\n")
        return self.path(name)

    def write(self, name, shape, values):
        npy.write(self.path(name + ".npy"), npy.Array("<f4", shape, struct.pack(f"<{len(values)}f", *values)))

    def read(self, name):
        return npy.read(self.path(name + ".npy")).values()

    def run_attnc(self, spec, dims, outputs, *more):
        command = [ATTNC, "run", spec, "--dims", dims, *more]
        for tensor in ("q", "k", "v"):
            command += ["-i", f"{tensor}={self.path(tensor + '.npy')}"]
        for output, name in outputs.items():
            command += ["-o", f"{output}={self.path(name + '.npy')}"]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}")

    def inputs(self, queries, keys, cancelling):
        """Normal numbers; or such that the terms of every score nearly cancel."""
        source = random.Random(f"{queries} {keys} {cancelling}")
        tensors = {}
        for name, rows in (("q", queries), ("k", keys), ("v", keys)):
            values = [source.gauss(0, 1) for _ in range(HEADS * rows * FEATURES)]
            if cancelling and name != "v":
                half = FEATURES // 2
                for begin in range(0, len(values), FEATURES):
                    for d in range(half):
                        values[begin + half + d] = values[begin + d] if name == "q" else -values[begin + d] * (1 + source.gauss(0, 1e-3))
            tensors[name] = ((1, HEADS, rows, FEATURES), values)
        return tensors

    def check(self, lines, element, queries, keys, cancelling):
        tensors = self.inputs(queries, keys, cancelling)
        for name, (shape, values) in tensors.items():
            self.write(name, shape, values)
        slopes = ["-i", "slopes=[0.5, 0.0625]"] if "slopes" in lines else []
        dims = f"B=1,H={HEADS},I={queries},J={keys},D={FEATURES}"
        compiled = self.spec("compiled.attn", f"attention a {{ layout mha({element}); {lines}; out o, lse }}")
        wanted = self.spec("wanted.attn", f"attention a {{ layout mha({element}); {lines}; s = max(j: sum(d: abs(q * k))) / sqrt(D); m = max(j, d: abs(v))\n"
                           "out o: f32[B, H, I, D], lse, s: f32[B, H, I], m: f32[B, H, I] }")
        self.run_attnc(wanted, dims, {"s": "s"}, "--reference", *slopes)
        unscaled = max(self.read("s"))
        for magnitude in MAGNITUDES:
            shape, values = tensors["q"]
            self.write("q", shape, [value * magnitude / unscaled for value in values])
            self.run_attnc(wanted, dims, {"o": "wanted", "lse": "wanted-lse", "s": "s", "m": "m"}, "--reference", *slopes)
            self.run_attnc(compiled, dims, {"o": "o", "lse": "lse"}, *slopes)
            with self.subTest(lines=lines, element=element, queries=queries, cancelling=cancelling, S=magnitude):
                self.compare(element, magnitude)

    def compare(self, element, magnitude):
        scores, largest = self.read("s"), self.read("m")
        # Keys and queries are rounded to 16 bits as they are read.
        self.assertAlmostEqual(max(scores) / magnitude, 1, delta=0.02)
        got, wanted = self.read("o"), self.read("wanted")
        got_lse, wanted_lse = self.read("lse"), self.read("wanted-lse")
        for row, (score, most) in enumerate(zip(scores, largest)):
            relative, smallest, granted = STORED.get(element, (0, 0, 2e-6 + score * 2**-21))
            for n in range(row * FEATURES, (row + 1) * FEATURES):
                bound = granted * most + max(abs(wanted[n]) * relative, smallest)
                if not abs(got[n] - wanted[n]) <= bound:
                    self.fail(f"row {row}, feature {n % FEATURES}: {got[n]}, not {wanted[n]}: off by {abs(got[n] - wanted[n]):.3g}, bound {bound:.3g}, S {score:.6g}")
            bound = 1e-5 + score * 2**-21
            if not abs(got_lse[row] - wanted_lse[row]) <= bound or not math.isfinite(got_lse[row]):
                self.fail(f"row {row}: lse {got_lse[row]}, not {wanted_lse[row]}: off by {abs(got_lse[row] - wanted_lse[row]):.3g}, bound {bound:.3g}")

    def test_bounds(self):
        for element in ("f32", "bf16", "f16"):
            for lines in SPECS.values():
                for queries, keys in ((150, 200), (3, 300)):
                    for cancelling in (False, True):
                        self.check(lines, element, queries, keys, cancelling)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
