#!/usr/bin/env python3
"""What compiled kernels do at the edges of the language, against the oracle: infinities and NaN, rows and masks of
every kind, extents around every tile, integers at both ends of 64 bits, each function and table element, errors,
threads, and random specs.

usage: edges.py ATTNC [FIRST-SEED COUNT]
"""

import itertools
import math
import os
import random
import sys
import unittest
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from edge_arithmetic import Divisors, Floats, Integers
from edge_case import ATTNC, INF, LEAST, MOST, NAN, QKV, Edges, filled, normal, tensor
from random_spec import RandomSpec

SEEDS = range(int(sys.argv[2]), int(sys.argv[2]) + int(sys.argv[3])) if len(sys.argv) > 3 else range(48)


class Rows(Edges):
    """Rule 9.1."""

    MASKS = {
        "none": "false", "all": "true", "first": "j == 0", "last": "j == J - 1", "alternate": "j % 2 == 0",
        "one": "j == i * 7 % J",
        "causal": "j <= i", "even queries": "i % 2 == 0", "none by table": "at[j] < 0",
        "alternate by table": "at[j] % 2 == 0",
        "pairs": "shown[i, j]", "blocks": "(i // 16 + j // 16) % 2 == 0", "far": "j > i + 20",
    }

    def spec_of(self, mask, queries, keys):
        tables, inputs = "", {}
        if "at[" in mask:
            tables, inputs = "; at: i32[J]", {"at": tensor("i32", (keys,), range(keys))}
        if "shown[" in mask:
            bits = random.Random(4)
            shown = (bits.random() < 0.2 for _ in range(queries * keys))
            tables, inputs = "; shown: bool[I, J]", {"shown": tensor("bool", (queries, keys), shown)}
        return f"{QKV}; bias: f32[J]{tables}\nscore = dot(q, k) / sqrt(D) + bias; mask = {mask}; out o, lse", inputs

    def visible(self, mask, queries, keys, inputs):
        words = {"at[j]": "j", "shown[i, j]": "shown[i * J + j]", "true": "True", "false": "False"}
        for word, meaning in words.items():
            mask = mask.replace(word, meaning)
        shown = inputs["shown"].values() if "shown" in inputs else ()
        sees = eval(f"lambda i, j, J, shown: {mask}")
        return [{j for j in range(keys) if sees(i, j, keys, shown)} for i in range(queries)]

    def test_what_is_invisible_changes_nothing(self):
        queries, keys = 35, 70
        q, k, v = normal((2, queries, 8), 1), normal((2, keys, 8), 2), normal((2, keys, 5), 3)
        for (name, mask), bad in zip(self.MASKS.items(), itertools.cycle([NAN, INF, -INF])):
            with self.subTest(name):
                text, inputs = self.spec_of(mask, queries, keys)
                seen = self.visible(mask, queries, keys, inputs)
                inputs |= {"q": q, "k": k, "v": v, "bias": normal((keys,), 4)}
                good = self.checked(text, inputs, outputs=("o", "lse"))
                for row, log in enumerate(good["lse"].values()):
                    self.assertEqual(math.isinf(log), not seen[row % queries], f"row {row}: {log}")
                    if not seen[row % queries]:
                        self.assertEqual(good["o"].values()[row * 5:row * 5 + 5], (0,) * 5)
                hidden = set(range(keys)).difference(*seen)
                changed = inputs | {"k": filled(k, hidden, bad), "v": filled(v, hidden, bad)}
                bias = [bad if j in hidden else x for j, x in enumerate(inputs["bias"].values())]
                changed["bias"] = tensor("f32", (keys,), bias)
                worse = self.checked(text, changed, outputs=("o", "lse"))
                self.assertSame(good["o"].values(), worse["o"].values())
                self.assertSame(good["lse"].values(), worse["lse"].values())

    def test_a_weight_of_nothing_at_a_visible_key_shows_its_value(self):
        """0 times NaN is NaN where the key is visible, and nothing where it isn't; few queries and many, values of keys and of pairs."""
        for value in ("v + t[0]", "v + t[clamp(j - i, 0, 3)]"):
            for bad in (NAN, INF):
                for queries, keys in ((60, 70), (3, 70)):
                    with self.subTest(value=value, bad=bad, queries=queries):
                        inputs = {"q": normal((1, queries, 8), 1), "k": normal((1, keys, 8), 2),
                                  "v": filled(normal((1, keys, 5), 3), {1, 40}, bad), "t": normal((4, 5), 4)}
                        text = f"{QKV}; t: f32[N, E]; weight = relu(score); v = {value}; mask = j <= i + 2 and j != 1; out o: f32[H, I, E]"
                        rows = self.checked(text, inputs, outputs=("o",))["o"].values()
                        for row in range(queries):
                            spoilt = [not math.isfinite(x) for x in rows[row * 5:row * 5 + 5]]
                            self.assertEqual(spoilt, [row >= 38] * 5, f"row {row}")

    def test_a_bad_score_spoils_its_row_only(self):
        queries, keys = 35, 70
        q, k, v = normal((2, queries, 8), 1), normal((2, keys, 8), 2), normal((2, keys, 5), 3)
        for name in ("all", "alternate", "causal", "one", "pairs"):
            mask = self.MASKS[name]
            text, inputs = self.spec_of(mask, queries, keys)
            seen = self.visible(mask, queries, keys, inputs)
            inputs |= {"q": q, "k": k, "v": v}
            for bad, at in ((NAN, 40), (INF, 0), (INF, 69), (-INF, 33)):
                with self.subTest(f"{name}: {bad} at {at}"):
                    bias = list(normal((keys,), 4).values())
                    good = self.checked(text, inputs | {"bias": tensor("f32", (keys,), bias)}, outputs=("lse",)
                            )["lse"].values()
                    bias[at] = bad
                    # A score of -inf is as good as a mask: its value doesn't enter.
                    values = filled(v, {at}, NAN) if bad == -INF else v
                    found = self.checked(text, inputs | {"bias": tensor("f32", (keys,), bias), "v": values},
                                         outputs=("o", "lse"))
                    for row, log in enumerate(found["lse"].values()):
                        spoilt = at in seen[row % queries] and bad != -INF
                        features = found["o"].values()[row * 5:row * 5 + 5]
                        self.assertEqual([math.isnan(x) for x in (log, *features)], [spoilt] * 6, f"row {row}")
                        if at not in seen[row % queries]:
                            self.assertSame([log], [good[row]])
            # One query of NaN, one of inf (whose scores are inf, -inf and NaN).
            with self.subTest(f"{name}: queries"):
                spoilt = filled(filled(q, {3}, NAN), {33}, INF)
                found = self.checked(text, inputs | {"bias": normal((keys,), 4), "q": spoilt}, outputs=("lse",)
                        )["lse"].values()
                self.assertEqual([n % queries for n in range(2 * queries) if math.isnan(found[n])
                                  and n % queries != 33], [3, 3] if seen[3] else [])

    def test_infinite_products_are_compared_as_such(self):
        """The matrix unit makes no numbers of them, with which nothing compares."""
        for score in ("1.0 if dot(q, k) > 3 else 0.0", "dot(q, k) if dot(q, k) < 0 else -inf", "clamp(dot(q, k), -1.0, 2.0)"):
            for bad in (INF, -INF, 3.4e38):
                with self.subTest(score=score, bad=bad):
                    k = filled(normal((2, 70, 8), 2), {40}, 0.0)
                    values = list(k.values())
                    values[40 * 8 + 3] = bad
                    self.checked(f"{QKV}; score = {score}; hit = any(j: dot(q, k) > 3); count = sum(j: 1 if dot(q, k) < 0 else 0); mask = j <= i + 30;"
                                 "out o, hit, count", {"q": normal((2, 37, 8), 1, 0.01), "k": tensor("f32", (2, 70, 8), values), "v": normal((2, 70, 5), 3)})

    def test_the_largest_of_what_is_no_number(self):
        for name, at in (("q", {3}), ("k", {40}), ("k", {0, 69})):
            for bad in (NAN, INF, -INF):
                for queries in (37, 3):
                    with self.subTest(name=name, at=at, bad=bad, queries=queries):
                        inputs = {"q": normal((2, max(queries, 4), 8), 1), "k": normal((2, 70, 8), 2), "v": normal((2, 70, 5), 3)}
                        inputs[name] = filled(inputs[name], at, bad)
                        self.checked(f"{QKV}; weight = softmax(topk(score, 4)); mask = j <= i + 30; out o", inputs)

    def test_values_with_a_summand_of_the_query(self):
        values = {"v + float(i) * 0.5": "", "(v - float(i + h)) * 0.1": "", "v + u[i]": "u: f32[I, E];", "v * 0.5 + w": "w: f32[I];",
                  "v if i % 2 == 0 else v - float(i)": ""}
        for weight in ("softmax(score)", "relu(score)", "softmax(score) - 0.5 * softmax(-score)", "softmax(score, sink = 1.5)"):
            for value, table in values.items():
                with self.subTest(weight=weight, value=value):
                    self.checked(f"{QKV}; {table} weight = {weight}; v = {value}; mask = j <= i - 2; out o: f32[H, I, E]", {}, "--dims",
                                 "H=2,I=40,J=70,D=8,E=5")

    def test_lengths(self):
        text = "layout mha; len: i64[B]; mask = j < len[b]; out o, lse"
        for keys in (1, 33, 129):
            self.checked(text, {"len": tensor("i64", (5,), [0, 1, keys // 2, keys, 99])}, "--dims",
                         f"B=5,H=2,I=3,J={keys},D=16")

    def test_large_scores(self):
        for scale in (1e2, 1e4):
            text = f"{QKV}; score = dot(q, k) / D * {scale}; mask = j <= i or i < 3; out o, lse"
            found = self.checked(text, {}, "--dims", "H=2,I=70,J=150,D=64,E=16", outputs=("o", "lse"))
            self.assertTrue(all(map(math.isfinite, found["o"].values() + found["lse"].values())))
        # Of scores this far apart only the largest is left.
        text = f"{QKV}; score = dot(q, k) * 0 + float(j) * 1e4 * (1 if i % 2 == 0 else -1); out o, lse"
        found = self.checked(text, {}, "--dims", "H=1,I=4,J=150,D=4,E=3", outputs=("lse",))["lse"].values()
        self.assertEqual([round(x / 1e4) for x in found], [149, 0, 149, 0])

    def test_scores_at_the_end_of_the_range(self):
        """What masks are written as where they are added: the lowest float hides a key only beside others."""
        queries, keys = 37, 70
        inputs = {"q": normal((2, queries, 8), 1), "k": normal((2, keys, 8), 2), "v": normal((2, keys, 5), 3)}
        lowest, shown = -3.4028234663852886e38, {1: range(0, keys, 3), 2: range(5), 3: (), 36: ()}
        bias = [0.0 if j in shown.get(i, range(i)) else lowest for i in range(queries) for j in range(keys)]
        mixed = [3.4e38, -3.4e38, 3.39e38, 2.4e38, 2.3e38, -2.4e38, 0.0, 1.0]
        tables = {"bias": bias, "mixed": [random.Random(n).choice(mixed) for n in range(len(bias))],
                  "high": [3.4028234663852886e38 - j % 3 * 1e32 for i in range(queries) for j in range(keys)]}
        for name, values in tables.items():
            table = {name: tensor("f32", (queries, keys), values)}
            for rest in (f"score = dot(q, k) / sqrt(D) + {name}[i, j]", f"score = {name}[i, j] + 0 * dot(q, k); mask = j != 7",
                         f"score = dot(q, k) if {name}[i, j] > -1e30 else {name}[i, j]; mask = i < 30 or j % 2 == 0"):
                with self.subTest(f"{name}: {rest}"):
                    found = self.checked(f"{QKV}; {name}: f32[I, J]; {rest}; out o, lse", inputs | table,
                                         outputs=("o", "lse"))
                    self.assertTrue(all(map(math.isfinite, found["o"].values() + found["lse"].values())))
        # A row of nothing but lowest floats weighs all keys alike.
        found = self.checked(f"{QKV}; bias: f32[I, J]; score = dot(q, k) + bias[i, j]; out o, lse", inputs | {"bias": tensor(
            "f32", (queries, keys), bias)}, outputs=("o", "lse"))
        means = [sum(inputs["v"].values()[e:keys * 5:5]) / keys for e in range(5)]
        for e, mean in enumerate(means):
            self.assertAlmostEqual(found["o"].values()[3 * 5 + e], mean, 5)
        self.assertAlmostEqual(found["lse"].values()[3] / lowest, 1, 6)
        # What is hidden, by a mask or by its weight, still can be anything.
        bad = {"k": filled(inputs["k"], {69}, NAN), "v": filled(inputs["v"], {69}, INF)}
        self.checked(f"{QKV}; bias: f32[I, J]; score = dot(q, k) + bias[i, j]; mask = j != 69; out o, lse", inputs | bad | {
            "bias": tensor("f32", (queries, keys), bias)})

    def test_scales_at_the_end_of_the_range(self):
        queries, keys = 37, 70
        inputs = {"q": normal((2, queries, 8), 1), "k": normal((2, keys, 8), 2), "v": normal((2, keys, 5), 3)}
        huge = {"q": normal((2, queries, 8), 1, 3e18), "k": normal((2, keys, 8), 2, 3e18), "v": inputs["v"]}
        small = {"q": normal((2, queries, 8), 1, 1e10), "k": normal((2, keys, 8), 2, 1e-20), "v": inputs["v"]}
        one = {"q": tensor("f32", (2, queries, 8), [1e-30] * 16 * queries), "k": tensor("f32", (2, keys, 8), [1.0] * 16 * keys),
               "v": inputs["v"]}
        for name, given, scales in (("ordinary", inputs, ["inf", "-inf", "nan", "0.0", "1e30", "-1e30", "1e-30"]),
                                    ("huge", huge, ["inf", "-inf", "0.0", "1.0", "0.5", "-0.1"]),
                                    ("small", small, ["inf", "1.0", "1e30", "-3e38"]),
                                    ("one", one, ["-inf", "3.4e38", "-3.4e38", "1e38"])):
            for scale in scales:
                with self.subTest(f"{name} times {scale}"):
                    self.checked(f"{QKV}; s: float; score = dot(q, k) * s; out o, lse", given, "-p", f"s={scale}")
                    self.checked(f"{QKV}; s: float; score = tanh(dot(q, k) * s) + float(j % 3); mask = causal; out o, lse", given,
                                 "-p", f"s={scale}")
            with self.subTest(f"{name} per query"):
                t = tensor("f32", (queries,), [float(scales[n % len(scales)]) for n in range(queries)])
                self.checked(f"{QKV}; t: f32[I]; score = dot(q, k) * t; out o, lse", given | {"t": t})
                self.checked(f"{QKV}; t: f32[I]; score = min(dot(q, k) * t, 5.0); mask = causal; out o, lse", given | {"t": t})
                t = tensor("f32", (queries,), [n and 1 / n for n in t.values()])
                self.checked(f"{QKV}; t: f32[I]; score = dot(q, k) / t; mask = j != 3; out o, lse", given | {"t": t})
        # Keys so small that parts of them are lost on the matrix unit, and a factor that brings them back.
        for scale in (1e-30, 1e-34, 1e-37):
            with self.subTest(f"keys of {scale}"):
                self.checked(f"{QKV}; s: f32[J]; score = dot(q, k) * s; out o, lse", inputs | {
                    "k": normal((2, keys, 8), 2, scale), "s": tensor("f32", (keys,), [1 / scale] * keys)})

    def test_no_features(self):
        # 0 / sqrt(0) is NaN; 0 alone is a score like any other.
        for score in ("dot(q, k) / sqrt(D)", "dot(q, k)", "dot(q, k) / sqrt(D) + float(j)", "-dot(q, k)", "dot(q, k) * (inf if i == 2 else 1.0)",
                      "max(dot(q, k), 1.0) / D"):
            with self.subTest(score):
                self.checked(f"{QKV}; score = {score}; mask = causal; out o, lse", {}, "--dims", "H=2,I=19,J=33,D=0,E=3")
                self.checked(f"{QKV}; score = {score}; out o, lse", {}, "--dims", "H=2,I=19,J=33,D=0,E=0")
        self.checked("layout mha; D = 0", {}, "--dims", "B=1,H=2,I=3,J=4")

    def test_infinities_in_conditions(self):
        self.checked(f"{QKV}; score = dot(q, k) if j % 3 != 0 else -inf; out o, lse", {}, "--dims",
                     "H=2,I=40,J=70,D=8,E=8")
        self.checked(f"{QKV}; score = dot(q, k) + (-inf if i < 20 else 0.0); out o, lse", {}, "--dims",
                     "H=2,I=40,J=70,D=8,E=8")
        self.checked(f"{QKV}; score = dot(q, k) + (inf if i == 7 and j == 69 else 0.0); out o, lse", {}, "--dims",
                     "H=2,I=40,J=70,D=8,E=8")


class Sizes(Edges):
    SIZES = [1, 7, 17, 33, 47, 48, 49, 63, 64, 65, 129, 1000]
    FEATURES = [1, 3, 8, 13, 40, 64, 80, 128, 256]
    ORDERS = ["q: f32[B, H, I, D]; k: f32[B, G, J, D]; v: f32[B, G, J, E]",
              "q: f32[I, B, H, D]; k: f32[J, G, B, D]; v: f32[E, J, B, G]; out o: f32[I, E, H, B]",
              "q: f32[D, H, B, I]; k: f32[D, J, B, G]; v: f32[G, E, B, J]; out o: f32[E, I, B, H], lse",
              "q: f32[H, D, I, B]; k: f32[B, D, G, J]; v: f32[J, E, G, B]; out o: f32[H, I, B, E]"]
    MASKS = ["true", "causal", "causal_end", "window(5)", "(i + j) % 3 != 0 or j == 0", "j >= J - 1 - i"]

    def test_extents(self):
        features = itertools.cycle(zip(self.FEATURES, self.FEATURES[4:] + self.FEATURES[:4]))
        orders, masks = itertools.cycle(self.ORDERS), itertools.cycle(self.MASKS)
        pairs = [(i, self.SIZES[(n * 5 + step) % 12]) for step in (0, 3, 8) for n, i in enumerate(self.SIZES)]
        for (queries, keys), (d, e), order, mask in zip(pairs, features, orders, masks):
            heads, groups = [(1, 1), (2, 1), (4, 2), (3, 3)][(queries + keys) % 4]
            batches = 1 if queries * keys > 30000 else 2
            with self.subTest(f"I={queries} J={keys} D={d} E={e}"):
                self.checked(f"{order}; mask = {mask}", {}, "--dims",
                             f"B={batches},H={heads},G={groups},I={queries},J={keys},D={d},E={e}")

    def test_every_width(self):
        for d, e in zip(self.FEATURES, reversed(self.FEATURES)):
            with self.subTest(f"D={d} E={e}"):
                self.checked("layout mha; out o, lse; mask = causal"
                             if d == e else f"{QKV}; mask = causal; out o, lse", {}, "--dims",
                             f"H=2,I=37,J=50,D={d}" + ("" if d == e else f",E={e}") + (",B=2" if d == e else ""))

    def test_extents_of_one_are_read_everywhere(self):
        q, k, v = normal((3, 4, 9, 8), 1), normal((3, 2, 33, 8), 2), normal((3, 2, 33, 5), 3)
        bias = normal((3, 4, 9), 4)
        shape = {"q": q, "k": k, "v": v, "bias": bias}
        text = f"{self.ORDERS[0]}; bias: f32[B, H, I]; score = dot(q, k) + bias * float(j % 5); out o, lse"
        for name, leading in (("k", (1, 2)), ("k", (3, 1)), ("v", (1, 1)), ("q", (1, 4)), ("bias", (1, 1)), ("bias",
                (3, 1))):
            with self.subTest(f"{name} {leading}"):
                array = shape[name]
                values = array.values()[:math.prod(leading) * math.prod(array.shape[2:])]
                self.checked(text, shape | {name: tensor("f32", leading + array.shape[2:], values)})

    def test_no_queries(self):
        """What doesn't vary with queries is stored where there are none, too."""
        text = """layout mha; s: f32[H]; t: f32[B, N, E]
out o
out row: f32[H]; row = s * 2.0
out count: i32[B]; count = b * 3 + 1
out keys: f32[B, H, J, D]; keys = k * s[h]
out place: f32[B, E]; place = t[b, 1, e] + 1.0"""
        for queries, keys in (0, 5), (0, 200), (0, 0), (3, 0), (70, 200):
            with self.subTest(queries=queries, keys=keys):
                self.checked(text, {}, "--dims", f"B=2,H=3,I={queries},J={keys},D=20,N=4,E=20")

    def test_an_index_counts_where_something_is_computed_with_it(self):
        """Rule 4.2: of no queries, or no keys, no read is wrong; what is stored all the same is checked."""
        dims = "B=1,H=2,I={},J={},D=8,N=4"
        of_pair = "layout mha; t: f32[N]; score = dot(q, k) + t[j + 4]; out o"
        of_query = "layout mha; t: f32[N]; o = sum(j: weight * v) + t[i + 4]; out o"
        of_key = "layout mha; t: f32[N]; v = v * t[j + 4]; out o"
        of_neither = "layout mha; t: f32[N]; at: int; out o; out row: f32[H]; row = t[at] * float(h)"
        for text, queries, keys, counts in ((of_pair, 0, 9, False), (of_pair, 9, 0, False), (of_pair, 1, 1, True), (of_query, 0, 9, False),
                                            (of_query, 3, 0, True), (of_key, 0, 9, False), (of_key, 9, 0, False), (of_key, 1, 2, True)):
            with self.subTest(text, queries=queries, keys=keys):
                sizes = dims.format(queries, keys)
                if counts:
                    self.fails(text, {}, "--dims", sizes, says=["t: index ", " is outside [0, 4)"])
                else:
                    self.checked(text, {}, "--dims", sizes)
        for queries, keys in (0, 9), (9, 0), (0, 0):
            with self.subTest(of_neither, queries=queries, keys=keys):
                self.fails(of_neither, {}, "--dims", dims.format(queries, keys), "-p", "at=4", says=["t: index ", " is outside [0, 4)"])
                self.checked(of_neither, {}, "--dims", dims.format(queries, keys), "-p", "at=3")

    def test_no_batches_or_heads(self):
        """What varies with neither is stored where there are none: from the keys, with masks and reads of its own, once for each group, at computed indices."""
        text = """q: f32[B, H, I, D]; k: f32[B, G, J, D]; v: f32[B, G, J, D]; s: f32[J]; t: f32[N]; at: i32[I]; len: i32[B]; per: f32[H]
mask = causal
weight = relu(s)
out o
out row: f32[I]; row = sum(j: s) * 2.0
out seen: f32[I, J]; seen = s[j] + float(i)
out mean: f32[B, I]; mean = sum(j: softmax(s * 0.5) * s) + t[clamp(at[i], 0, N - 1)]
out keys: f32[B, G, J, D]; keys = k * 2.0
out length: i32[B]; length = len + 1
out own: f32[H]; own = per * 3.0
out twice: f32[B, H, I, D]; twice = q * 2.0
out flat: f32[I * 2]; flat[i * 2 + 1] = t[at[i] % N]
out best: f32[I]; best = max(j: s)"""
        for batches, heads, queries, keys in (0, 4, 5, 9), (2, 0, 70, 200), (0, 0, 33, 5), (0, 0, 0, 3), (2, 0, 0, 70), (0, 2, 3, 0), (2, 4, 35, 70):
            with self.subTest(batches=batches, heads=heads, queries=queries, keys=keys):
                inputs = {"at": tensor("i32", (queries,), [n * 7 % 5 for n in range(queries)]), "s": normal((keys,), 1),
                          "len": tensor("i32", (batches,), range(batches))}
                self.checked(text, inputs, "--dims", f"B={batches},H={heads},G=2,I={queries},J={keys},D=20,N=4")

    def test_threads_and_repetition(self):
        text = "layout gqa; mask = causal_end or j % 7 == 0; out o, lse"
        for dims in ("B=2,H=4,G=2,I=70,J=150,D=16", "B=1,H=1,G=1,I=1,J=1000,D=64", "B=1,H=2,G=1,I=3,J=700,D=8"):
            with self.subTest(dims):
                found = [self.run_attnc("a", text, {}, "--dims", dims, "--threads", threads, outputs=("o",
                        "lse"))[1] for threads in ("1", "2", "3", "3", "1")]
                for other in found[1:]:
                    self.assertEqual((found[0]["o"].data, found[0]["lse"].data), (other["o"].data, other["lse"].data))


class Tables(Edges):
    VALUES = {"f32": [-1.5, 0.0, 2.25, 0.5], "i32": [-2**31, -1, 3, 2**31 - 1], "i64": [LEAST, -1, 3, MOST],
              "i8": [-128, -1, 3, 127], "u8": [0, 1, 200, 255],
              "bool": [False, True, True, False]}
    DIMS = "B=2,H=4,G=2,I=19,J=37,D=4,E=3"
    QKV = Sizes.ORDERS[0]

    def test_every_element_and_index(self):
        extents = {"B": 2, "H": 4, "G": 2, "I": 19, "J": 37, "N": 56, "M": 6}
        reads = {"": "", "B": "b", "H": "h", "G": "g", "I": "i", "J": "j", "M": "3", "N": "i - j + J - 1",
                 "H, I": "h, i", "B, J": "b, j", "I, J": "i, j",
                 "B, H, N": "b, h, abs(i - j)", "M, M": "i % M, j // 8"}
        for element, values in self.VALUES.items():
            declared, inputs, terms = [], {}, []
            for number, (dimensions, indices) in enumerate(reads.items()):
                if not dimensions:
                    continue
                shape = [extents[name] for name in dimensions.split(", ")]
                source = random.Random(number)
                inputs[f"t{number}"] = tensor(element, shape, (source.choice(values) for _ in range(math.prod(shape))))
                declared.append(f"t{number}: {element}[{dimensions}]")
                terms.append(f"t{number}[{indices}]")
            names = "; ".join(declared)
            with self.subTest(f"{element} in the score"):
                as_float = {"bool": "float({})", "f32": "{}"}.get(element, "float(({} >> 3) % 31) * 0.1")
                score = " + ".join(as_float.format(term) for term in terms)
                self.checked(f"{self.QKV}; {names}\nscore = dot(q, k) + {score}; out o, lse", inputs, "--dims",
                             self.DIMS)
            with self.subTest(f"{element} in the mask"):
                as_bool = {"bool": "{}", "f32": "{} > 0"}.get(element, "({} & 2) == 2")
                parts = [f"({as_bool.format(term)})" for term in terms]
                mask = f"{parts[0]} != {parts[1]} or {' and '.join(parts[2:8])} or {' and '.join(parts[8:])}"
                self.checked(f"{self.QKV}; {names}\nmask = {mask}; out o, lse", inputs, "--dims",
                             self.DIMS)

    def test_gathers_of_gathers(self):
        page = {"page": tensor("i32", (2, 5), [4, 0, 3, 1, 2, 1, 1, 0, 4, 2]),
                "slot": tensor("u8", (5,), [3, 2, 1, 0, 3]), "bias": normal((4,), 1)}
        declared = f"{self.QKV}; page: i32[B, N]; slot: u8[N]; bias: f32[M]"
        for rest in ("score = dot(q, k) + bias[slot[page[b, j // 8]]]",
                     "score = dot(q, k) + bias[slot[page[b, i % N]]] * bias[slot[page[b, (i + j) % N]] // 2]",
                     "score = dot(q, k) + bias[1]; mask = slot[page[b, i // 4]] <= slot[page[b, j // 8]]"):
            with self.subTest(rest):
                self.checked(f"{declared}; {rest}; out o, lse", page, "--dims", self.DIMS)

    def test_wrong_indices(self):
        table = {"t": normal((5,), 1), "at": tensor("i32", (37,), [0] * 36 + [-2])}
        dims = ("--dims", self.DIMS)
        declared = f"{self.QKV}; t: f32[N]"
        for index in ("i - 1", "i", "j", "j - 30", "h + 2", "i - j", "b - 1"):
            with self.subTest(index):
                self.fails(f"{declared}; score = dot(q, k) + t[{index}]", {"t": table["t"]}, *dims,
                           says=["t: index", "outside [0, 5) in dimension 0", f"`t[{index}]`"])
        self.fails(f"{declared}; at: i32[J]; score = dot(q, k) + t[at[j]]", table, *dims,
                   says=["t: index -2 is outside [0, 5)"])
        self.fails(f"{declared}; mask = t[i - 9] > 0", {"t": table["t"]}, *dims, says=["t: index", "[0, 5)"])
        self.fails(f"{self.QKV}; mask = 7 // (i - 5) > j", {}, *dims, says=["7 // (i - 5)"])
        self.fails(f"{self.QKV}; n_: int; mask = j % n_ == 0", {}, *dims, "-p", "n_=0", says=["j % n_"])

    def test_what_does_not_decide_is_not_read(self):
        table = {"t": normal((5,), 1), "at": tensor("i32", (37,), [0] * 36 + [-2])}
        declared = f"{self.QKV}; t: f32[N]"
        for rest in ("score = dot(q, k) + (t[i] if i < N else 0.0)",
                     "score = dot(q, k) + (t[j - 7] if 7 <= j < N + 7 else 1.0)",
                     "score = dot(q, k) + t[i - j]; mask = 0 <= i - j < N",
                     "score = dot(q, k) + t[h - 1]; mask = h > 0",
                     "mask = j < N and t[j] > 0", "mask = j >= N or t[j] > 0", "mask = not (i >= N or t[i] > 0)",
                     "mask = i - j != 3 and 12 // (i - j - 3) > 1",
                     "score = dot(q, k) + (t[i] if i < N and t[i] < 9 else t[0])",
                     "mask = 0 <= i < N < 9 and t[i] < 1"):
            with self.subTest(rest):
                self.checked(f"{declared}; {rest}; out o, lse" if "t[" in rest else f"{self.QKV}; {rest}; out o, lse",
                             {"t": table["t"]} if "t[" in rest else {}, "--dims", self.DIMS)
        self.checked(f"{declared}; at: i32[J]; score = dot(q, k) + t[at[j]]; mask = at[j] >= 0; out o, lse", table,
                     "--dims", self.DIMS)

    def test_reductions(self):
        inputs = {"rows": tensor("i32", (5, 3), range(15)), "w": normal((4, 3), 2)}
        declared = f"{self.QKV}; rows: i32[M, R]; w: f32[H, R]"
        for rest in ("score = dot(q, k) + sum(r: w * float(r)); mask = any(m, r: rows[m, r] == j)",
                     "score = dot(q, k) * max(r: w[h, r]) + min(r: w[h, r] * float(j % 5))\n"
                     "mask = all(r: rows[i % M, r] != j) or j == 0",
                     "score = dot(q, k) + w[h, 0] * float(sum(m, r: rows[m, r] * (i - j)) % 7)\n"
                     "mask = max(r: rows[i // 4, r]) >= j",
                     # Reductions inside others over the same coordinate.
                     "score = dot(q, k) + w[h, 1] * float(min(m: rows[m, j % R] ^ i) % 5)\n"
                     "mask = any(r: any(m: rows[m, r] * 2 == j + i)) or i % 3 == 0",
                     "score = dot(q, k) + max(r: w[h, r] + sum(r: w[h, r] * float(r + j % 3))) + float(rows[0, 0])"):
            with self.subTest(rest):
                self.checked(f"{declared}; {rest}; out o, lse", inputs, "--dims", self.DIMS)
        with self.subTest("over nothing"):
            text = f"{self.QKV}; none: i32[H, R]; score = dot(q, k) + float(sum(r: none[h, r]))\n"
            text += "mask = j <= i if all(r: none[h, r] == j) else any(r: none[h, r] == i); out o, lse"
            self.checked(text, {"none": tensor("i32", (4, 0), [])}, "--dims", self.DIMS)

    def test_reductions_in_reductions(self):
        near = tensor("f32", (4, 3), (n / 4 - 1 for n in range(12)))
        declared = f"{self.QKV}; t: f32[N]; at: i32[N]; near: f32[H, N]"
        inputs = {"t": normal((3,), 1), "at": tensor("i32", (3,), [2, 1, 0]), "near": near}
        for rest in ("mask = any(n: n == 0 and any(n: n == 1 and near[h, n] > 0 and at[n] < j)); "
                     "score = dot(q, k) + sum(n: near[h, n] * float(j - n)) + t[0]",
                     "mask = any(n: near[h, n] > 0 and all(n: near[h, n] < 0.5 or any(n: at[n] == j % 3)) and at[n] < j); "
                     "score = dot(q, k) + t[at[0]]",
                     # The outer coordinate's value goes under the inner reduction.
                     "x_ = sum(n: near[h, n] * float(j - n)); "
                     "score = dot(q, k) + sum(n: near[h, n] * x_[j = n]) * t[at[0]]",
                     "x_ = sum(n: near[h, n] * float(j % 5 - n)); y_ = sum(n: t[n] * x_[j = j + at[n]]); "
                     "score = dot(q, k) + 0.1 * sum(n: float(n) * y_[j = j - n])",
                     # What is read in one reduction and elsewhere.
                     "x_ = any(n: t[at[n]] > 0); mask = any(r: rows[r] == i and x_) or (j < 3 and x_) or near[h, 0] > 0",
                     "mask = any(r: rows[r] >= i and t[at[j % 3]] > 0) or near[h, 0] > t[at[j % 3]]"):
            with self.subTest(rest):
                rows = "; rows: i32[R]" if "rows" in rest else ""
                self.checked(f"{declared}{rows}; {rest}; out o, lse",
                             inputs | ({"rows": tensor("i32", (2,), [1, 4])} if rows else {}), "--dims", self.DIMS)

    def test_wrong_indices_in_reductions(self):
        declared = f"{self.QKV}; t: f32[N]; at: i32[N]; rows: i32[R]"
        inputs = {"t": normal((2,), 1), "at": tensor("i32", (2,), [2, -1]), "rows": tensor("i32", (3,), [4, 0, 1])}
        wrong = ["any(n: all(n: t[at[n]] > 0 or n == 1) if n < 1 else any(n: at[n] == j or t[n] > 0))",
                 "any(n: n == 1 and all(n: n == 0 or t[at[n]] > 0))",
                 "any(r: rows[r] == 4 and any(n: t[at[n]] > 0)) or (j < 0 and any(n: t[at[n]] > 0))",
                 "any(r: rows[r] == i and t[at[h % N]] > 0)"]
        right = ["any(n: n == 0 and all(n: n >= 0 or t[at[n]] > 0)) or j == 0",
                 "any(r: rows[r] == 3 and any(n: t[at[n]] > 0)) or (j < 0 and any(n: t[at[n]] > 0)) or j == 2",
                 "any(r: rows[r] == i + 5 and t[at[h % N]] > 0) or j == 2",
                 "all(r: rows[r] != 17 or t[at[i % 2]] > 0) and (j != 3 or rows[j % R] != 17 or t[at[i % 2]] > 0)"]
        for mask in wrong:
            with self.subTest(mask):
                self.fails(f"{declared}; mask = {mask}; score = dot(q, k) + float(rows[0]) * t[0] * float(at[0])", inputs,
                           "--dims", self.DIMS, says=["t: index ", "outside [0, 2)"])
        for mask in right:
            with self.subTest(mask):
                self.checked(f"{declared}; mask = {mask}; score = dot(q, k) + float(rows[0]) * t[0] * float(at[0])", inputs,
                             "--dims", self.DIMS)
        # Over nothing, nothing counts.
        with self.subTest("over nothing"):
            self.checked(f"{declared}; none: i32[M]; mask = all(m: none[m] < j and t[at[h % N]] > 0); "
                         "score = dot(q, k) + sum(m: float(none[m]) * t[at[i % N]]) + float(rows[0])",
                         inputs | {"none": tensor("i32", (0,), [])}, "--dims", self.DIMS)

    def test_nothing_to_see(self):
        # Rows without keys evaluate neither mask nor score.
        declared = "q: f32[H, I, D]; k: f32[H, J, D]; v: f32[H, J, E]; t: f32[N]; at: i32[I]; rows: i32[N]"
        inputs = {"t": normal((2,), 1), "at": tensor("i32", (5,), [0, 1, 2, -1, 0]), "rows": tensor("i32", (2,), [0, 0])}
        for rest in ("score = dot(q, k) + t[at[i]]; mask = rows[0] < 2",
                     "score = dot(q, k) * t[at[i]] + float(rows[0])",
                     "mask = t[at[i]] > 0 and i // rows[0] == 1; score = dot(q, k)",
                     "mask = i < 3 or t[at[i]] > 0 and i // rows[0] == j // rows[1]"):
            with self.subTest(rest):
                found = self.checked(f"{declared}; {rest}; out o, lse", inputs, "--dims", "H=2,J=0,D=4,E=3",
                                     outputs=("o", "lse"))
                self.assertEqual(found["o"].values(), (0,) * 30)
                self.assertEqual(found["lse"].values(), (-INF,) * 10)
        for dims in ("H=2,I=0,J=0,D=4,E=3", "H=2,I=0,J=7,D=4,E=3", "H=0,I=3,J=7,D=4,E=3", "H=1,I=3,J=7,D=4,E=0"):
            with self.subTest(dims):
                self.checked(f"{QKV}; out o, lse", {}, "--dims", dims)

    def test_masks_elsewhere(self):
        for mask in ("tiled(causal, 4)", "tiled(window(5), 8)", "causal[i = i + 5]", "causal[i = j, j = i]",
                     "(causal and j % 2 == 0)[i = i // 2, j = j // 3]",
                     "window(3)[j = j * 2] or not causal", "tiled(prefix(4), 8)"):
            with self.subTest(mask):
                self.checked(f"{self.QKV}; mask = {mask}; out o, lse", {}, "--dims", "B=1,H=2,G=1,I=70,J=90,D=4,E=3")
        even = ("def even(n) { a0 = n & 0x55555555; a1 = (a0 | (a0 >> 1)) & 0x33333333\n"
                "  a2 = (a1 | (a1 >> 2)) & 0x0f0f0f0f; (a2 | (a2 >> 4)) & 0xff }\n")
        morton = "m_near = abs(even(i) - even(j)) <= 2 and abs(even(i >> 1) - even(j >> 1)) <= 2"
        self.checked(f"attention a {{\n{self.QKV}\n{morton}\nmask = m_near; out o, lse\n}}\n{even}", {}, "--dims",
                     "B=1,H=2,G=1,I=130,J=150,D=4,E=3")


class RandomSpecs(Edges):
    def check_seed(self, seed):
        spec = RandomSpec(seed)
        dims = ",".join(f"{name}={size}" for name,
                        size in spec.extents.items() if f"{name}]" in spec.text or f"{name}," in spec.text)
        arguments = ["--check", "--dims", dims] + [word for name, value in spec.scalars.items() for word in ("-p",
                f"{name}={value}")]
        inputs = spec.inputs()
        done, _ = self.run_attnc(f"r{seed}", spec.text, inputs, *arguments)
        if done.returncode == 1 and 0 in spec.extents.values():
            # A remainder by an extent of 0, where it counts.
            oracle, _ = self.run_attnc(f"r{seed}", spec.text, inputs, "--reference", *arguments[1:])
            if oracle.returncode == 1:
                return None
        return None if done.returncode == 0 else f"seed {seed}\n{done.spec}"

    def test_agree_with_the_oracle(self):
        with ThreadPoolExecutor(2) as pool:
            failures = list(filter(None, pool.map(self.check_seed, SEEDS)))
        self.assertEqual(failures, [], "\n\n".join(failures))


if __name__ == "__main__":
    if not ATTNC or len(sys.argv) not in (2, 4):
        sys.exit(__doc__)
    unittest.main(argv=sys.argv[:1])
