#!/usr/bin/env python3
"""Keys and values stored in 16 bits, with many queries and few, against the oracle: what isn't finite, what is huge or tiny, and extents around
every tile.

usage: narrow.py ATTNC
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
from random_spec import CODES

INF, NAN = math.inf, math.nan


class Narrow(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = scratch.name

    def path(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    def array(self, name, shape, seed, spoilt=(), scale=1.0):
        """Normal numbers, rounded to 16 bits as they are read; `spoilt` are (key, feature, value)."""
        source = random.Random(seed)
        values = [source.gauss(0, scale) for _ in range(math.prod(shape))]
        rows, width = shape[-2:]
        for first in range(0, len(values), rows * width):
            for key, feature, value in spoilt:
                values[first + key % rows * width + feature % width] = value
        path = os.path.join(self.folder, f"{name}.npy")
        npy.write(path, npy.Array(CODES["f32"], shape, struct.pack(f"<{len(values)}f", *values)))
        return path

    def check(self, spec, *arguments):
        done = subprocess.run([ATTNC, "run", spec, "--random", "--check", *arguments], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, f"{arguments}: {done.stdout}{done.stderr}")

    def test_extents(self):
        for element in ("bf16", "f16"):
            spec = self.path(f"{element}.attn", f"attention a {{ layout gqa({element}); mask = causal_end or j == 0; out o: f32[B, H, I, D]; out lse }}")
            rounded = self.path(f"{element}-rounded.attn", f"attention a {{ layout gqa({element}); mask = causal_end or j == 0 }}")
            for queries in (1, 7, 17, 33, 64, 65, 129):
                for keys in (1, 15, 16, 17, 33, 63, 64, 65, 129, 1000):
                    for one in (spec, rounded):
                        self.check(one, "--dims", f"B=2,H=4,G=2,I={queries},J={keys},D={(queries * 7 + keys) % 97 + 1}")

    def test_what_is_not_finite(self):
        lines = {"plain": "", "masked": "mask = j % 5 != 3", "relu": "score = max(dot(q, k), 0.0); weight = normalize(score)",
                 "step": "score = 1.0 if dot(q, k) > 0.0 else 0.0; out o: f32[B, H, I, D]", "squared": "score = dot(q, k) * dot(q, k) / D", "exact": "out o: f32[B, H, I, D]; out lse"}
        spoilt = {"infinite": (8, 3, INF), "infinite below": (8, 3, -INF), "not a number": (13, 0, NAN), "of the last key": (-1, -1, INF)}
        for element in ("bf16", "f16"):
            for line, text in lines.items():
                spec = self.path("spec.attn", f"attention a {{ layout mha({element}); {text} }}")
                for name, wrong in spoilt.items():
                    for tensor in ("q", "k") if line == "relu" else ("q", "k", "v"):
                        for queries, features in ((70, 64), (70, 40), (3, 40)):
                            with self.subTest(element=element, line=line, spoilt=name, tensor=tensor, queries=queries, features=features):
                                shape = (1, 2, queries if tensor == "q" else 100, features)
                                path = self.array(tensor, shape, 1, [wrong])
                                self.check(spec, "--dims", f"B=1,H=2,I={queries},J=100,D={features}", "-i", f"{tensor}={path}")

    def test_weights(self):
        """Weights that aren't those of a softmax."""
        for element in ("bf16", "f16"):
            for weight in ("score", "normalize(max(score, 0.0))", "normalize(sigmoid(score))", "sparsemax(score)", "entmax15(score)",
                           "softmax(score) - 0.5 * softmax(2.0 * score)"):
                spec = self.path("spec.attn", f"attention a {{ layout mha({element}); weight = {weight} }}")
                for queries in (70, 3):
                    with self.subTest(element=element, weight=weight, queries=queries):
                        self.check(spec, "--dims", f"B=1,H=2,I={queries},J=300,D=64")

    def test_huge_and_tiny(self):
        for element, scales in (("bf16", (1e-39, 1e-37, 1e-30, 1e30, 1e37)), ("f16", (1e-7, 1e-4, 1e4))):
            for score in ("dot(q, k) * 1e-3", "dot(q, k) * 1e-37", "1.0 if dot(q, k) > 0.0 else 0.0"):
                spec = self.path("spec.attn", f"attention a {{ layout mha({element}); score = {score}; out o: f32[B, H, I, D] }}")
                for scale in scales:
                    for tensor in ("q", "k", "v"):
                        for queries in (70, 3):
                            with self.subTest(element=element, score=score, scale=scale, tensor=tensor, queries=queries):
                                path = self.array(tensor, (1, 1, queries if tensor == "q" else 100, 64), 2, scale=scale)
                                self.check(spec, "--dims", f"B=1,H=1,I={queries},J=100,D=64", "-i", f"{tensor}={path}")
            # Tiny keys among ordinary ones.
            spoilt = [(key, feature, 1e-39) for key in range(0, 100, 2) for feature in range(64)]
            spec = self.path("spec.attn", f"attention a {{ layout mha({element}); score = 1.0 if dot(q, k) > 0.0 else 0.0; out o: f32[B, H, I, D] }}")
            self.check(spec, "--dims", "B=1,H=1,I=70,J=100,D=64", "-i", f"k={self.array('k', (1, 1, 100, 64), 2, spoilt)}")

    def test_features_apart(self):
        """Tensors whose features don't lie side by side."""
        for element in ("bf16", "f16"):
            spec = self.path("spec.attn", f"attention a {{ q: {element}[B, H, I, D]; k: {element}[B, H, D, J]; v: {element}[B, H, E, J]; "
                             f"out o: {element}[B, H, I, E] }}")
            for queries in (70, 3):
                self.check(spec, "--dims", f"B=2,H=2,I={queries},J=100,D=40,E=33")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
