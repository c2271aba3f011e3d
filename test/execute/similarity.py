#!/usr/bin/env python3
"""Similarities that become products of matrices, against the oracle: distances, also between rows that are close to each other, equal, or
infinite; products with rows of tables, inside and outside of them; on both sides of tile edges.

usage: similarity.py ATTNC
"""

import itertools
import os
import sys
import unittest
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from edge_case import INF, NAN, QKV, Edges, filled, normal, tensor

SIZES = [(1, 1), (1, 70), (3, 17), (16, 64), (33, 65), (48, 48), (49, 130), (100, 63)]


def near(array, seed, distance):
    """The same rows, each moved a little."""
    moved = [x + distance * y for x, y in zip(array.values(), normal(array.shape, seed).values())]
    return tensor("f32", array.shape, moved)


class Similarity(Edges):
    def every_size(self, text, inputs=lambda i, j: {}, sizes=SIZES, dims="H=2,D=10,E=5", **more):
        def one(size):
            queries, keys = size
            extra = "".join(f",{name}={value(queries, keys) if callable(value) else value}" for name, value in more.items())
            self.run_checked(text, inputs(queries, keys), "--dims", f"{dims},I={queries},J={keys}{extra}", name=f"a{queries}-{keys}")

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(one, sizes))

    def run_checked(self, text, inputs, *arguments, name="a"):
        done, _ = self.run_attnc(name, text, inputs, "--check", *arguments)
        self.assertEqual(done.returncode, 0, done.spec)


class Distances(Similarity):
    FORMS = {
        "power": "score = -sum(d: (q - k) ** 2) / (2 * sigma ** 2)",
        "product": "score = -sum(d: (q - k) * (q - k)) / sigma",
        "dot": "score = -dot(q - k, q - k) / sigma",
        "weighted": "w: f32[H, D]; score = -sum(d: abs(w) * (k - q) ** 2) / sigma",
        "divided": "w: f32[D]; score = -sum(d: ((q - k) / (1 + abs(w))) ** 2) / sigma",
        "shifted": "w: f32[H, D]; score = -sum(d: (q - k + w) ** 2) / sigma",
        "root": "score = -sqrt(sum(d: (q - k) ** 2)) / sigma; mask = causal_end",
        "kernel": "weight = normalize(1 / (0.01 + sum(d: (q - k) ** 2) / sigma))",
        "opposite": "score = sum(d: -(q - k) ** 2) / sigma",
        "difference of squares": "score = sum(d: (q - k) * (q + k)) / sigma",
        "half a square": "score = dot(q + k, k) / (sigma * D)",
    }

    def test_every_form(self):
        for name, form in self.FORMS.items():
            with self.subTest(name):
                self.every_size(f"{QKV}; sigma: float = 2.0; {form}; out o")

    def test_rows_close_to_each_other(self):
        queries = 65
        for distance, form in itertools.product((0, 1e-6, 1e-3, 0.3), ("power", "root", "kernel", "weighted")):
            q = normal((2, queries, 9), 1, 100.0)
            with self.subTest(distance=distance, form=form):
                self.run_checked(f"{QKV}; sigma: float = 2.0; {self.FORMS[form]}; out o", {"q": q, "k": near(q, 2, distance)}, "--dims", "E=5")

    def test_roots_of_short_distances_keep_their_digits(self):
        q = normal((1, 40, 16), 3, 1000.0)
        k = near(q, 4, 0.01)
        done, results = self.run_attnc("a", "q: f32[H, I, D]; k: f32[H, J, D]; s = sqrt(sum(d: (q - k) ** 2)); out s", {"q": q, "k": k}, outputs=("s",))
        self.assertEqual(done.returncode, 0, done.spec)
        rows = [list(q.values()), list(k.values())]
        for n, found in enumerate(results["s"].values()):
            i, j = divmod(n, 40)
            true = sum((rows[0][16 * i + d] - rows[1][16 * j + d]) ** 2 for d in range(16)) ** 0.5
            self.assertLessEqual(abs(found - true), 4e-6 * true, (i, j))

    def test_infinite_and_huge_rows(self):
        q, k = normal((2, 35, 8), 1), normal((2, 70, 8), 2)
        spec = f"{QKV}; score = -sum(d: (q - k) ** 2) / 4; mask = j != 5; out o"
        for value in (INF, -INF, NAN, 1e20, -3e38):
            with self.subTest(value):
                self.run_checked(spec, {"q": q, "k": filled(k, {5, 7}, value)}, "--dims", "E=3")
                self.run_checked(spec, {"q": filled(q, {3}, value), "k": filled(k, {9}, value)}, "--dims", "E=3")

    def test_storage_and_few_queries(self):
        text = "q: {0}[B, H, I, D]; k: {0}[B, G, J, D]; v: {0}[B, G, J, D]; score = -sum(d: (q - k) ** 2) / D; mask = causal_end; out o"
        for element, queries in itertools.product(("f32", "bf16", "f16"), (1, 4, 40)):
            with self.subTest(element=element, queries=queries):
                self.run_checked(text.format(element), {}, "--dims", f"B=2,H=8,G=2,I={queries},J=150,D=64")

    def test_rows_that_are_computed(self):
        self.every_size("layout gqa; q = rope(q, i); k = rope(k, j); score = -sum(d: (q - k) ** 2) / D", dims="B=1,H=4,G=2,D=16")


class Matrices(Similarity):
    FORMS = {
        "of the keys": "score = dot(q, sum(c: w * k)) / D",
        "of the queries": "score = dot(sum(d: w * q), k) / D",
        "flat": "score = sum(d, c: q * w * k) / D",
        "with factors": "u: f32[D]; x: f32[C]; t: f32[J]; score = sum(d: u * q * sum(c: x * w * t * k)) / D",
        "projected keys": "k = sum(c: w * k); score = dot(q, k) / sqrt(D); mask = causal",
        "two in a row": "y: f32[R, C]; score = dot(q, sum(r: w[d, r] * sum(c: y * k))) / D",
    }

    def test_every_form(self):
        for name, form in self.FORMS.items():
            shapes = "q: f32[H, I, D]; k: f32[H, J, C]; v: f32[H, J, E]; w: f32[D, R]" if name == "two in a row" else \
                     "q: f32[H, I, D]; k: f32[H, J, C]; v: f32[H, J, E]; w: f32[D, C]"
            with self.subTest(name):
                self.every_size(f"{shapes}; {form}; out o, lse", dims="H=2,D=10,C=7,E=5" + (",R=6" if name == "two in a row" else ""))


class Tables(Similarity):
    FORMS = {
        "beside the key": "a: f32[N, D]; m = (N - 1) // 2; score = dot(q, k + a[clamp(j - i, -m, m) + m])",
        "by itself": "a: f32[H, N, D]; score = dot(q, k) + dot(q, a[n = clamp(i - j + N // 2, 0, N - 1)]) / 2",
        "first": "a: f32[N, D]; m = (N - 1) // 2; score = dot(a[clamp(j - i, -m, m) + m], q) + dot(q, k)",
        "weighted": "a: f32[N, D]; w: f32[H, D]; score = sum(d: w * q * a[clamp(j - i, 0, N - 1)]) + dot(q, k)",
        "two": "a: f32[N, D]; c: f32[N, D]; score = dot(q, k) + dot(q, a[clamp(j - i, 0, N - 1)]) + dot(q, c[clamp(i + j - 7, 0, N - 1)])",
        "steps of more": "a: f32[N, D]; score = dot(q, k) + dot(q, a[clamp(2 * j - i, 0, N - 1)])",
        "irregular": "a: f32[N, D]; score = dot(q, k) + dot(q, a[(7 * i + 3 * j) % N])",
        "reversed": "a: f32[D, N]; score = dot(q, k) + sum(d: q * a[d, clamp(j - i, 0, N - 1)])",
        "of the head": "a: f32[N, D]; score = dot(q, k) + dot(q, a[clamp(j - i + h, 0, N - 1)])",
        "of the key": "a: f32[H, N, D]; score = dot(q, k) + dot(k, a[n = clamp(j - i + N // 2, 0, N - 1)]) / 2",
        "of both": "a: f32[N, D]; c: f32[N, D]; x = clamp(i - j, 0, N - 1); score = dot(q, k + a[x]) + dot(c[x], k)",
        "of the key, irregular": "a: f32[N, D]; w: f32[D]; score = dot(q, k) + sum(d: w * k * a[(5 * i + j) % N])",
        "of the rotated key": "a: f32[N, D]; score = dot(q, rope(k, j)) + dot(rope(k, j), a[clamp(i - j, 0, N - 1)])",
        "16 bits": "a: bf16[N, D]; m = (N - 1) // 2; score = dot(q, k + a[clamp(j - i, -m, m) + m])",
    }

    def test_every_form(self):
        for (name, form), rows in itertools.product(self.FORMS.items(), (1, 7, 64, 301, 513)):
            with self.subTest(name, rows=rows):
                self.every_size(f"{QKV}; {form}; mask = causal_end; out o, lse", sizes=[(1, 70), (33, 65), (100, 200)], N=rows)

    def test_all_positions(self):
        self.every_size("layout mha; u: f32[H, D]; w: f32[H, D]; r: f32[N, H, D]\n"
                        "score = (dot(q + u, k) + dot(q + w, r[i - j + J - 1])) / sqrt(D); mask = causal_end",
                        dims="B=1,H=2,D=9", N=lambda i, j: i + j - 1)

    def test_rows_outside_of_the_table(self):
        text = f"{QKV}; a: f32[N, D]; score = dot(q, k) + dot(q, a[j - i]); mask = 0 <= j - i < {{}}; out o"
        self.every_size(text.format("N"), sizes=[(20, 20), (49, 130)], N=12)
        self.fails(text.format("N + 1"), {}, "--dims", "H=1,I=40,J=40,D=8,E=8,N=12", says=["12", "a[j - i]"])

    def test_what_no_pair_reads_changes_nothing(self):
        a = filled(normal((200, 9), 7), range(100, 200), NAN)
        text = f"{QKV}; a: f32[N, D]; score = dot(q, k) + dot(q, a[clamp(j - i, 0, 99)]); out o"
        self.run_checked(text, {"a": a}, "--dims", "H=2,I=50,J=140,D=9,E=5")

    def test_few_queries_and_groups(self):
        text = ("q: {0}[B, H, I, D]; k: {0}[B, G, J, D]; v: {0}[B, G, J, D]; a: f32[N, D]\n"
                "score = (dot(q, k + a[clamp(j - i - J + I + N - 1, 0, N - 1)]) + dot(k, a[clamp(j - i, 0, N - 1)])) / sqrt(D)\n"
                "mask = causal_end; out o")
        for element, queries in itertools.product(("f32", "bf16"), (1, 4, 20, 70)):
            with self.subTest(element=element, queries=queries):
                self.run_checked(text.format(element), {}, "--dims", f"B=2,H=8,G=2,I={queries},J=150,D=64,N=200")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
