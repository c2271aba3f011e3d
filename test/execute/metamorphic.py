#!/usr/bin/env python3
"""Two ways to say or feed one attention give one result, with kernels on both sides.

usage: metamorphic.py ATTNC
"""

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

MASKS = ["causal", "window(20)", "j % 3 != 1", "causal and (prefix(5) or window(9))", "i // 16 == j // 16", "dilated(30, 4)",
         "(i + j) % 2 == 0 and j < 50", "natten(8, 10, 3)", "tiled(causal, 13)", "j > i + 10", "tiled(tiled(window(5), 12), 36)", "false"]


class Metamorphic(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = scratch.name
        self.random = random.Random(5)
        self.sizes = {"B": 2, "H": 2, "I": 80, "J": 80, "D": 16}

    def normal(self, *shape):
        return [self.random.gauss(0, 1) for _ in range(math.prod(shape))], shape

    def run_spec(self, body, inputs, outputs, *arguments):
        """The outputs' elements, in index order."""
        with open(os.path.join(self.folder, "a.attn"), "w", encoding="utf-8") as file:
            file.write(f"attention a {{\n{body}\n}}\n")
        command = [ATTNC, "run", "a.attn", *arguments]
        for name, (values, shape) in inputs.items():
            isFloat = isinstance(values[0], float)
            npy.write(os.path.join(self.folder, f"{name}.npy"),
                      npy.Array("<f4" if isFloat else "<i4", shape, struct.pack(f"<{len(values)}{'f' if isFloat else 'i'}", *values)))
            command += ["-i", f"{name}={name}.npy"]
        for name in outputs:
            command += ["-o", f"{name}={name}_out.npy"]
        done = subprocess.run(command, cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, body + done.stdout + done.stderr)
        results = []
        for name in outputs:
            array = npy.read(os.path.join(self.folder, f"{name}_out.npy"))
            results.append(struct.unpack(f"<{len(array.data) // 4}f", array.data))
        return results

    def inputs(self, keys=None):
        b, h, i, d = (self.sizes[name] for name in "BHID")
        keys = keys or self.sizes["J"]
        return {"q": self.normal(b, h, i, d), "k": self.normal(b, h, keys, d), "v": self.normal(b, h, keys, d)}

    def assert_close(self, left, right, tolerance, what=""):
        self.assertEqual(len(left), len(right))
        for n, (x, y) in enumerate(zip(left, right)):
            if x != y and not abs(x - y) <= tolerance:
                self.fail(f"{what}: element {n}: {x} and {y}")

    def test_a_mask_is_a_score_of_minus_infinity(self):
        inputs = self.inputs()
        for mask in MASKS:
            with self.subTest(mask):
                masked = self.run_spec(f"layout mha; mask = {mask}; out o, lse", inputs, ["o", "lse"])
                scored = self.run_spec(f"layout mha; visible = {mask}; score = dot(q, k) / sqrt(D) if visible else -inf; out o, lse", inputs,
                                       ["o", "lse"])
                self.assert_close(masked[0], scored[0], 2e-6, "o")
                if len(scored[1]) == 1:  # a score that is one number has one log-sum-exp
                    self.assertEqual(set(masked[1]), set(scored[1]))
                else:
                    self.assert_close(masked[1], scored[1], 1e-5, "lse")

    def test_a_mask_is_its_table(self):
        inputs = self.inputs()
        for mask in MASKS:
            with self.subTest(mask):
                visible = "layout mha; n_ = 1.0 if " + mask + " else 0.0; out o: f32[B, H, I, D], n_: f32[I, J]"
                table = self.run_spec(visible, inputs, ["n_"], "--reference")[0]
                tables = inputs | {"t": ([int(x) for x in table], (self.sizes["I"], self.sizes["J"]))}
                said = self.run_spec(f"layout mha; mask = {mask}; out o, lse", inputs, ["o", "lse"])
                read = self.run_spec("layout mha; t: i32[I, J]; mask = t[i, j] != 0; out o, lse", tables, ["o", "lse"])
                # The same keys in the same order, whatever tiles were skipped.
                self.assert_close(said[0], read[0], 1e-6, "o")
                self.assert_close(said[1], read[1], 1e-6, "lse")

    def test_a_window_and_its_complement_merged_are_causal(self):
        inputs = self.inputs()
        scale = max(abs(x) for x in inputs["v"][0])
        for window in (1, 17, 64, 200):
            whole, whole_lse = self.run_spec("layout mha; mask = causal; out o, lse", inputs, ["o", "lse"])
            near, near_lse = self.run_spec(f"layout mha; mask = causal and window({window}); out o, lse", inputs, ["o", "lse"])
            far, far_lse = self.run_spec(f"layout mha; mask = causal and not window({window}); out o, lse", inputs, ["o", "lse"])
            width = self.sizes["D"]
            for row, (a, b) in enumerate(zip(near_lse, far_lse)):
                most = max(a, b)
                total = math.exp(a - most) + math.exp(b - most)
                self.assertLessEqual(abs(most + math.log(total) - whole_lse[row]), 1e-5)
                for n in range(row * width, row * width + width):
                    merged = (math.exp(a - most) * near[n] + math.exp(b - most) * far[n]) / total
                    self.assertLessEqual(abs(merged - whole[n]), 4e-6 * scale)

    def test_permuting_keys_permutes_weights(self):
        inputs, keys, width = self.inputs(), self.sizes["J"], self.sizes["D"]
        order = list(range(keys))
        self.random.shuffle(order)  # key n of the second run is key order[n] of the first
        moved = dict(inputs)
        for name in "kv":
            values, shape = inputs[name]
            rows = [values[n * width:n * width + width] for n in range(len(values) // width)]
            moved[name] = ([x for head in range(len(rows) // keys) for n in order for x in rows[head * keys + n]], shape)
        at = {"place": (order, (keys,))}
        for weight in ("softmax(score)", "sigmoid(score)", "normalize(elu(score) + 1)", "softmax(score) - 0.5 * softmax(2 * score)",
                       "sparsemax(score)", "softmax(topk(score, 7))"):
            for mask in ("true", "place[j] % 3 != 1", "place[j] <= i"):
                with self.subTest(weight=weight, mask=mask):
                    body = f"layout mha; place: i32[J]; score = dot(q, k) / sqrt(D) + place[j] / 100.0; mask = {mask}; weight = {weight}\n" \
                           "out o, weight"
                    first = self.run_spec(body, inputs | {"place": (list(range(keys)), (keys,))}, ["o", "weight"])
                    second = self.run_spec(body, moved | at, ["o", "weight"])
                    self.assert_close(first[0], second[0], 1e-5, "o")
                    permuted = [first[1][row * keys + n] for row in range(len(first[1]) // keys) for n in order]
                    self.assert_close(permuted, second[1], 2e-6, "weight")

    def test_broadcast_is_repetition(self):
        for shape in ((1, 2), (2, 1), (1, 1)):
            inputs = self.inputs()
            b, h, j, d = (self.sizes[name] for name in "BHJD")
            for name in "kv":
                inputs[name] = self.normal(*shape, j, d)
            repeated = dict(inputs)
            for name in "kv":
                values = inputs[name][0]
                head = lambda x, y: (x % shape[0] * shape[1] + y % shape[1]) * j * d
                repeated[name] = ([value for x in range(b) for y in range(h) for value in values[head(x, y):head(x, y) + j * d]], (b, h, j, d))
            for body in ("layout mha; mask = causal; out o, lse", "layout mha; k = rope(k, j); v = v * 0.5; out o, lse"):
                with self.subTest(shape=shape, body=body):
                    # Bit for bit: only the strides differ.
                    self.assertEqual(self.run_spec(body, inputs, ["o", "lse"]), self.run_spec(body, repeated, ["o", "lse"]))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
