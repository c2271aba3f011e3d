"""Random attentions whose value doesn't hang on a rounding error, with inputs for them.

Scores are smooth in what is rounded; masks, indices and conditions are made of integers, bools, and floats that 24 bits
hold exactly.
"""

import math
import random
import struct

import npy

INF, NAN = math.inf, math.nan
LOWEST = -3.4028234663852886e38
ENDS = ["-inf", "-3.4028234e38", "-1e30", "ends[i, j]"]
TABLES = {  # name: element, dimensions, the values to draw from
    "slope": ("f32", "H", [n / 8 for n in range(-16, 17)]),
    "near": ("f32", "H, N", [n / 8 for n in range(-16, 17)]),
    "pair": ("f32", "B, I, J", [n / 8 for n in range(-16, 17)]),
    "ends": ("f32", "I, J", [0.0, 0.0, 0.5, -INF, LOWEST, -3.0e38, 2.5e38]),
    "factor": ("f32", "H, I", [0.0, 1.0, -0.5, 2.0, INF, -INF, NAN, 1e30]),
    "page": ("i32", "N", [*range(-9, 10), 2**31 - 1, -2**31]),
    "wide": ("i64", "J", [*range(-9, 10), 2**63 - 1, -2**63, 2**40]),
    "small": ("i8", "M", [*range(-128, 128)]),
    "byte": ("u8", "B, M", [*range(256)]),
    "kind": ("i32", "B, J", [*range(4)]),
    "rank": ("i64", "I", [*range(-3, 12)]),
    "seen": ("bool", "J", [False, True]),
    "chosen": ("bool", "I, M", [False, True]),
}
FLOATS = ["slope", "near", "pair"]
CODES = {"f32": "<f4", "i32": "<i4", "i64": "<i8", "i8": "|i1", "u8": "|u1", "bool": "|b1"}
DIMENSIONS = {"B": [1, 2, 3], "H": [1, 2, 4], "I": [1, 5, 17, 33], "J": [1, 7, 33, 50, 130], "D": [1, 8, 13],
              "E": [1, 5, 16], "N": [1, 4, 9], "M": [1, 3, 8]}


class RandomSpec:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.extents = {name: self.random.choice(sizes) for name, sizes in DIMENSIONS.items()}
        # Now and then nothing of something.
        if self.random.random() < 0.1:
            self.extents[self.random.choice(["I", "J", "D", "E", "N"])] = 0
        self.extents["G"] = self.random.choice([n for n in (1, 2, 4) if self.extents["H"] % n == 0])
        self.scalars = {"wa": self.random.choice([0, 1, 3, 16, -5, 10**6]), "wb": self.random.choice([2, 7, 31, 33,
                2**40])}
        score, mask = self.smooth(4), self.mask()
        self.used = [name for name in TABLES if f"{name}[" in score + mask]
        self.scalars = {name: value for name, value in self.scalars.items() if name in score + mask}
        declared = [f"{name}: {TABLES[name][0]}[{TABLES[name][1]}]" for name in self.used] + [f"{name}: int"
                for name in self.scalars]
        self.text = "\n  ".join(["attention mixed {", "q: f32[B, H, I, D]; k: f32[B, G, J, D]; v: f32[B, G, J, E]",
                                 *declared,
                                 f"score = {score}", f"mask = {mask}", "out o, lse"]) + "\n}\n"

    def inputs(self):
        """The tables of the spec; q, k and v are for `--random`."""
        result = {}
        for name in self.used:
            element, dimensions, values = TABLES[name]
            shape = [self.extents[part] for part in dimensions.split(", ")]
            count = 1
            for extent in shape:
                count *= extent
            code = CODES[element]
            data = struct.pack(f"<{count}{npy.CODES[code][0]}", *(self.random.choice(values) for _ in range(count)))
            result[name] = npy.Array(code, shape, data)
        return result

    def pick(self, *makers):
        return self.random.choice(makers)()

    def index(self, extent, depth):
        inner = self.integer(depth)
        return self.pick(lambda: f"clamp({inner}, 0, {extent} - 1)", lambda: f"({inner}) % {extent}",
                         lambda: f"min(abs(({inner}) >> 1), {extent} - 1)")

    def read(self, names, depth):
        name = self.random.choice(names)
        own = {"B": "b", "H": "h", "I": "i", "J": "j"}
        parts = TABLES[name][1].split(", ")
        return f"{name}[" + ", ".join(
            own[part] if part in own and self.random.random() < 0.7 else self.index(part,
                    depth - 1) for part in parts) + "]"

    def integer(self, depth):
        if depth <= 0 or self.random.random() < 0.1:
            return self.random.choice(["i", "j", "h", "b", "g", "i", "j", "wa", "wb", "I", "J", "0", "1", "3", "-7",
                                       "64", "1 << 33"])
        x, y = (lambda: self.integer(depth - 1)), (lambda: self.integer(depth - 1))
        return self.pick(
            lambda: f"({x()} + {y()})", lambda: f"({x()} - {y()})", lambda: f"({x()} - {y()})",
            lambda: f"({x()} * {y()})",
            lambda: f"(({x()}) // {self.random.choice([1, 2, 3, 7, 16, -1, -4, -5])})",
            lambda: f"(({x()}) % {self.random.choice([1, 2, 3, 7, 16, -4, -5])})",
            lambda: f"(({x()}) // max(abs({y()}), 1))", lambda: f"(({x()}) % (({y()}) | 1))",
            lambda: self.guarded(x(), f"{y()} - j"),
            lambda: f"(({x()}) & ({y()}))", lambda: f"(({x()}) | ({y()}))", lambda: f"(({x()}) ^ ({y()}))",
            lambda: f"(~({x()}))",
            lambda: f"(({x()}) << {self.random.choice(['1', '3', '40', '(j & 7)'])})",
            lambda: f"(({x()}) >> ({y()} - j))",
            lambda: f"min({x()}, {y()})", lambda: f"max({x()}, {y()})", lambda: f"abs({x()})", lambda: f"sign({x()})",
            lambda: f"clamp({x()}, -3, 40)", lambda: f"({x()}) ** 2", lambda: f"int({self.boolean(depth - 1)})",
            lambda: f"({x()} if {self.boolean(depth - 1)} else {y()})", lambda: f"int({self.exact(depth - 1)})",
            lambda: self.read(["page", "wide", "small", "byte", "kind", "rank"], depth), lambda: f"relu({x()})")

    def guarded(self, x, y):
        divide = self.random.choice(["//", "%"])
        return f"(({x}) {divide} ({y}) if ({y}) != 0 else {self.random.choice([0, 5, -1])})"

    def exact(self, depth):
        """A float that both 32 and 64 bits hold exactly."""
        if depth <= 0:
            return self.random.choice(["0.5", "2.0", "-1.25", "float(i)", "float(j)", "float(h)", "float(i - j)"])
        return self.pick(lambda: self.read(FLOATS, depth),
                         lambda: f"float(({self.integer(depth - 1)}) % 101)",
                         lambda: f"({self.exact(depth - 1)} + {self.exact(0)})",
                         lambda: f"({self.exact(0)} * {self.exact(0)})",
                         lambda: f"floor({self.exact(depth - 1)})", lambda: f"round({self.exact(depth - 1)})",
                         lambda: f"abs({self.exact(depth - 1)})",
                         lambda: f"min({self.exact(depth - 1)}, {self.exact(depth - 1)})",
                         lambda: f"({self.exact(depth - 1)} if {self.boolean(depth - 1)} else {self.exact(0)})")

    def boolean(self, depth):
        if depth <= 0:
            return self.random.choice(["j <= i", "i - j < wa", "j == 0", "i % 2 == 0", "j % 3 != 1", "h == 0", "b < 1",
                                       "i + j > wb"])
        x, y = (lambda: self.boolean(depth - 1)), (lambda: self.boolean(depth - 1))
        compare = self.random.choice(["<", "<=", ">", ">=", "==", "!="])
        return self.pick(
            lambda: f"({x()} and {y()})", lambda: f"({x()} or {y()})", lambda: f"(not {x()})",
            lambda: f"({self.integer(depth - 1)} {compare} {self.integer(depth - 1)})",
            lambda: f"({self.integer(depth - 1)} {compare} {self.integer(depth - 1)})",
            lambda: f"(({self.integer(depth - 1)}) % 5 {compare} 2)",
            lambda: f"({self.exact(depth - 1)} {compare} {self.exact(depth - 1)})",
            lambda: f"(0 <= {self.integer(depth - 1)} < {self.random.choice(['wa', 'wb', '9', 'J'])})",
            lambda: self.read(["seen", "chosen"], depth),
            lambda: f"any(n: page[n] {compare} {self.integer(depth - 2)})",
            # One over the same coordinate, or with the other's value in it.
            lambda: f"any(n: near[h, n] > 0 and any(n: page[n] {compare} {self.integer(depth - 2)} and near[h, n] < 1) or n == j)",
            lambda: f"all(n: any(n: page[n] - j {compare} {self.integer(depth - 2)})[j = n + j] or {x()})",
            lambda: f"any(m: small[m] {compare} 0 and all(n: near[h, n] < 2 or any(m: small[m] == n + j)) and {y()})",
            lambda: f"all(m: small[m] {compare} 100 or {self.boolean(depth - 2)})",
            lambda: f"({x()} if {self.boolean(depth - 2)} else {y()})",
            lambda: f"(({x()}) {self.random.choice('&|^')} ({y()}))")

    def mask(self):
        return self.pick(lambda: "causal", lambda: f"({self.boolean(2)} or j == i % J)",
                         lambda: f"({self.boolean(3)} or j == 0)",
                         lambda: self.boolean(3), lambda: self.boolean(4), lambda: f"causal and {self.boolean(3)}",
                         lambda: "true",
                         lambda: f"window(wa) or {self.boolean(2)}",
                         lambda: f"(i < I and {self.boolean(3)})[i = i + 1]")

    def smooth(self, depth):
        def part(depth):
            if depth <= 0:
                return self.random.choice(["slope[h]", "0.25", "float(i - j) * 0.01", "near[h, (i - j) % N]",
                                           "float(wa % 17) * 0.1"])
            x, y = (lambda: part(depth - 1)), (lambda: part(depth - 1))
            return self.pick(
                lambda: f"({x()} + {y()})", lambda: f"({x()} - {y()})",
                lambda: f"({x()} * {self.random.choice(['0.5', '-1.25', 'slope[h]'])})",
                lambda: f"tanh({x()})", lambda: f"sigmoid({x()})", lambda: f"exp(min({x()}, 1.0))",
                lambda: f"log(abs({x()}) + 1)",
                lambda: f"sqrt(abs({x()}) + 0.5)", lambda: f"sin({x()})", lambda: f"atan({x()})",
                lambda: f"gelu({x()})", lambda: f"softplus({x()})",
                lambda: f"({x()} / (1 + abs({y()})))", lambda: f"max({x()}, {y()})", lambda: f"clamp({x()}, -2.0, 2.0)",
                lambda: f"({x()} if {self.boolean(depth - 1)} else {y()})",
                lambda: f"0.1 * float(({self.integer(depth - 1)}) % 23)",
                lambda: self.exact(depth - 1) + " * 0.01", lambda: self.read(FLOATS, depth),
                lambda: f"sum(n: near[h] * {self.random.choice(['0.5', 'float(n + j % 3)'])})",
                lambda: f"max(n: near[h] + {x()})",
                lambda: f"sum(n: near[h, n] * sum(n: near[h, n] * float(n - j % 3))) * 0.1",
                lambda: f"sum(n: sum(n: near[h, n] * float(n + j % 4))[j = n]) * 0.01",
                lambda: f"(-inf if {self.boolean(depth - 1)} else {x()})", lambda: f"sum(m: float(small[m])) * 0.001")
        product = self.random.choice(["dot(q, k)", "dot(q, k) / sqrt(D)", "dot(q, k) * 0.125",
                                      "3.0 * tanh(dot(q, k) / 3.0)"])
        return self.pick(lambda: product, lambda: f"{product} + {part(depth)}",
                         lambda: f"{product} + {part(depth - 1)}",
                         lambda: f"{product} * sigmoid({part(1)}) - {part(depth - 1)}",
                         lambda: f"{product} + ({product} if {self.boolean(2)} else {part(2)})",
                         # Scores at the ends of floats' range, and factors that are no ordinary numbers.
                         lambda: f"{product} + ends[i, j]", lambda: f"{product} if {self.boolean(2)} else {self.random.choice(ENDS)}",
                         lambda: f"{product} * factor[h, i]", lambda: f"tanh(dot(q, k) / factor[h, i]) + {part(1)}")
