#!/usr/bin/env python3
"""The parts of the conformance runner that no case of the sample exercises."""

import importlib.util
import math
import os
import struct
import sys
import tempfile
import unittest
from importlib.machinery import SourceFileLoader

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True
import npy
import onnx_spec

loader = SourceFileLoader("runner", os.path.join(HERE, "run"))
runner = importlib.util.module_from_spec(importlib.util.spec_from_loader("runner", loader))
loader.exec_module(runner)


def tensor(name, shape, dtype="float32"):
    return {"name": name, "dtype": dtype, "shape": shape, "file": f"in_{name}.npy"}


def spec(attributes=None, outputs=(), **inputs):
    shapes = {"Q": [2, 6, 4, 8], "K": [2, 3, 5, 8], "V": [2, 3, 5, 9]} | inputs
    return onnx_spec.spec_of({
        "attributes": attributes or {},
        "inputs": [tensor(name, *(shape if isinstance(shape, tuple) else (shape,))) for name, shape in shapes.items()],
        "outputs": [tensor("Y", [2, 6, 4, 9])] + list(outputs),
    })


class Specs(unittest.TestCase):
    def test_short_mask_hides_the_keys_beyond_it(self):
        text = spec(attn_mask=[4, 3]).text
        self.assertIn("attn_mask: f32[I, M]", text)
        self.assertIn("mask = j < M", text)

    def test_mask_broadcasts_over_queries(self):
        text = spec(attn_mask=([6, 1, 5], "bool")).text
        self.assertIn("attn_mask: bool[H, 1, J]", text)
        self.assertIn("mask = attn_mask[h, 0, j]", text)

    def test_causal_counts_from_the_past(self):
        text = spec({"is_causal": 1}, past_key=[2, 3, 7, 8], past_value=[2, 3, 7, 9]).text
        self.assertIn("mask = j <= i + P", text)

    def test_causal_counts_from_the_end_of_what_is_not_padding(self):
        text = spec({"is_causal": 1}, nonpad_kv_seqlen=([2], "int64")).text
        self.assertIn("mask = j < nonpad and j <= i + nonpad - I", text)

    def test_flat_heads(self):
        made = spec({"q_num_heads": 6, "kv_num_heads": 3}, Q=[2, 4, 48], K=[2, 5, 24], V=[2, 5, 27])
        self.assertEqual(made.inputs["q"], ("in_Q.npy", [2, 4, 6, 8]))
        self.assertEqual(made.inputs["v"], ("in_V.npy", [2, 5, 3, 9]))

    def test_flat_past_keeps_four_dimensions(self):
        made = spec({"q_num_heads": 6, "kv_num_heads": 3}, Q=[2, 4, 48], K=[2, 5, 24], V=[2, 5, 27],
                    past_key=[2, 3, 7, 8], past_value=[2, 3, 7, 9])
        self.assertIn("past_k: f32[B, G, P, D]", made.text)
        self.assertIn("new_k: f32[B, N, G, D]", made.text)

    def test_score_outputs(self):
        output = tensor("qk_matmul_output", [2, 6, 4, 5])
        for mode, name in enumerate(["raw", "capped", "score", "weight"]):
            made = spec({"qk_matmul_output_mode": mode, "softcap": 2.0}, [output])
            self.assertEqual(made.outputs["qk_matmul_output"], name)

    def test_what_the_language_lacks(self):
        with self.assertRaises(onnx_spec.Unsupported):
            spec(Q=([2, 6, 4, 8], "float64"))
        with self.assertRaises(onnx_spec.Unsupported):
            spec({"rotary": 1})


class Comparison(unittest.TestCase):
    def test_difference(self):
        inf, nan = math.inf, math.nan
        self.assertEqual(runner.difference([1.0, -inf, nan], [1.0, -inf, nan]), 0)
        self.assertEqual(runner.difference([nan], [1.0]), inf)
        self.assertEqual(runner.difference([inf], [-inf]), inf)
        self.assertAlmostEqual(runner.difference([1.5], [1.0]), 0.5)
        self.assertAlmostEqual(runner.difference([11.0], [10.0]), 0.1)

    def test_only_named_features_may_wait(self):
        case = {"inputs": [tensor("Q", [1])], "outputs": [tensor("Y", [1], "float16")]}
        self.assertTrue(runner.may_wait(case, None))
        self.assertTrue(runner.may_wait(case, "past_key,float16"))
        self.assertFalse(runner.may_wait(case, "past_key"))


class Files(unittest.TestCase):
    def test_round_trip(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "a.npy")
            npy.write(path, npy.Array("<f4", [2, 1], struct.pack("<2f", 1.5, -2.0)))
            back = npy.read(path)
            self.assertEqual((back.shape, back.values()), ((2, 1), (1.5, -2.0)))
            self.assertEqual(back.reshaped([2]).shape, (2,))
            with open(path, "r+b") as file:
                file.truncate(os.path.getsize(path) - 1)
            with self.assertRaises(ValueError):
                npy.read(path)


if __name__ == "__main__":
    unittest.main()
