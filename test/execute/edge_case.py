"""What the tests of edges.py are made of: tensors of chosen values, and runs whose outputs are compared with the oracle. Its program is the first
argument."""

import functools
import math
import os
import random
import struct
import subprocess
import sys
import tempfile
import unittest

ATTNC = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else ""
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "conformance"))
import npy
from random_spec import CODES

@functools.cache
def on_matrix_unit():
    """Whether products of floats are formed there, for many queries."""
    with tempfile.NamedTemporaryFile("w", suffix=".attn") as spec:
        spec.write("attention plain { layout mha }")
        spec.flush()
        done = subprocess.run([ATTNC, "explain", spec.name], capture_output=True, text=True, check=True)
    return "on the matrix unit" in done.stdout


INF, NAN = math.inf, math.nan
LEAST, MOST = -2**63, 2**63 - 1
QKV = "q: f32[H, I, D]; k: f32[H, J, D]; v: f32[H, J, E]"


def tensor(element, shape, values):
    values = list(values)
    assert math.prod(shape) == len(values), f"{len(values)} values for {shape}"
    return npy.Array(CODES[element], shape, struct.pack(f"<{len(values)}{npy.CODES[CODES[element]][0]}", *values))


def normal(shape, seed, scale=1.0):
    source = random.Random(seed)
    return tensor("f32", shape, (source.gauss(0, scale) for _ in range(math.prod(shape))))


def filled(array, rows, value):
    """A copy whose rows along the last dimension but one, in every leading index, hold `value`."""
    values, width, count = list(array.values()), array.shape[-1], array.shape[-2]
    for n in range(len(values)):
        if n // width % count in rows:
            values[n] = value
    return tensor("f32", array.shape, values)


class Edges(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = scratch.name

    def run_attnc(self, name, text, inputs, *arguments, outputs=()):
        """The finished process and the outputs asked for."""
        spec = os.path.join(self.folder, f"{name}.attn")
        with open(spec, "w", encoding="utf-8") as file:
            file.write(text if text.startswith("attention") else "attention a {\n" + text + "\n}\n")
        command = [ATTNC, "run", spec, "--random", *arguments]
        for key, array in inputs.items():
            path = os.path.join(self.folder, f"{name}-{key}.npy")
            npy.write(path, array)
            command += ["-i", f"{key}={path}"]
        paths = {key: os.path.join(self.folder, f"{name}-out-{key}.npy") for key in outputs}
        for key, path in paths.items():
            command += ["-o", f"{key}={path}"]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                              timeout=300)
        done.spec = f"{text}\n$ {' '.join(command)}\nexit status {done.returncode}\n{done.stdout}{done.stderr}"
        results = {}
        for key, path in paths.items():
            if os.path.exists(path):
                results[key] = npy.read(path)
                os.remove(path)
        return done, results

    def checked(self, text, inputs, *arguments, outputs=()):
        """Compiles, runs, compares with the oracle, and returns the outputs asked for."""
        done, results = self.run_attnc("a", text, inputs, "--check", *arguments, outputs=outputs)
        self.assertEqual(done.returncode, 0, done.spec)
        return results

    def assertSame(self, first, second):
        """The same results, bit for bit; but what is done once more with care beside a matrix unit is computed by vectors, whose
        last bits differ."""
        if on_matrix_unit():
            largest = max([1.0, *(abs(x) for x in first if math.isfinite(x))])
            self.assertEqual([str(x) for x in first if not math.isfinite(x)], [str(x) for x in second if not math.isfinite(x)])
            for one, other in zip(first, second, strict=True):
                if math.isfinite(one):
                    self.assertAlmostEqual(one, other, delta=2e-6 * largest)
        else:
            self.assertEqual(struct.pack(f"{len(first)}d", *first), struct.pack(f"{len(second)}d", *second))

    def fails(self, text, inputs, *arguments, says):
        done, _ = self.run_attnc("a", text, inputs, *arguments)
        self.assertEqual(done.returncode, 1, done.spec)
        for words in says:
            self.assertIn(words, done.stderr, done.spec)
        oracle, _ = self.run_attnc("a", text, inputs, "--reference", *arguments)
        self.assertEqual(oracle.returncode, 1, oracle.spec)
