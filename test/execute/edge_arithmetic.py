"""Arithmetic at its edges, of integers of 64 bits and of floats: part of edges.py."""

import itertools

from edge_case import INF, LEAST, MOST, NAN, QKV, Edges, tensor


class Integers(Edges):
    """Each bit of a result is a key that is seen or not."""

    OPERATIONS = [
        "x + y", "x - y", "x * y", "(x // y if y != 0 else 5)", "(x % y if y != 0 else 5)", "x & y", "x | y", "x ^ ~y",
        "x << y", "x >> y", "min(x, y)",
        "max(x, y)", "clamp(x, y, 7)", "-x - y", "abs(x) + y", "sign(x) * 2 + sign(y)", "relu(x) + relu(y)",
        "x ** 3 + y ** 2", "x // 7 + y % 7",
        "x // 8 + y % 8", "x // -1 + y // -8", "x % -7 + y % -8", "x // 1 + y % 1", "(x + y) >> 1",
        "(x if x < y else y * 3)",
        "int(x == y) + 2 * int(x <= y) + 4 * int(x > y)", "floor(x) + round(y)", "(x << 63) + (y >> 63)",
        "int(float(x)) + int(float(y) * 1.5)",
        "x // 1099511627776 + y % 1099511627776",
    ]
    VALUES = {
        "i64": [0, 1, -1, 2, -3, 7, 63, 64, -64, 2**31, 2**32 + 1, 2**53 + 1, MOST, LEAST, LEAST + 1,
                0x123456789abcdef],
        "i32": [0, 1, -1, 2, -3, 7, 31, 33, 63, 64, 2**31 - 1, -2**31, -2**31 + 1, 46341, -65537],
    }

    def test_every_operation(self):
        for start, (element, values) in itertools.product(range(0, len(self.OPERATIONS), 10), self.VALUES.items()):
            operations = self.OPERATIONS[start:start + 10]
            chosen = "".join(f"{expression} if h == {n} else " for n, expression in enumerate(operations)) + "0"
            heads, count = len(operations), len(values) ** 2
            x, y = zip(*itertools.product(values, values))
            pairs = {"x": tensor(element, (count,), x), "y": tensor(element, (count,), y)}
            for where, queries, keys, bit in (("I", count, 64, "j"), ("J", 64, count, "i")):
                with self.subTest(f"{element}[{where}]: {operations}"):
                    text = f"{QKV}; x: {element}[{where}]; y: {element}[{where}]\nz = {chosen}\n"
                    text += f"mask = ((z >> {bit}) & 1) == 1; out o, lse"
                    self.checked(text, pairs, "--dims", f"H={heads},I={queries},J={keys},D=1,E=1")

    def test_between_queries_and_scalars(self):
        values = self.VALUES["i64"]
        chosen = "".join(f"{expression} if h == {n} else " for n, expression in enumerate(self.OPERATIONS[:12])) + "0"
        for scalar in (LEAST + 1, -7, 64, MOST):
            with self.subTest(scalar):
                self.checked(f"{QKV}; x: i64[I]; y: int\nz = {chosen}\nmask = ((z >> j) & 1) == 1; out o, lse",
                             {"x": tensor("i64", (len(values),), values)}, "-p", f"y={scalar}", "--dims",
                             f"H=12,I={len(values)},J=64,D=1,E=1")

    def test_conversions(self):
        values = [0.0, -0.0, 0.99, -0.99, 1.5, -2.5, 1e9, 2.2e9, -2.2e9, 3e9, 1e18, 9.3e18, -9.3e18, 1e30, -1e30, INF,
                  -INF, NAN, 2.0**53, 4.5, 5.5, -0.5]
        table = {"x": tensor("f32", (len(values),), values)}
        for where, queries, keys, bit in (("I", len(values), 64, "j"), ("J", 64, len(values), "i")):
            chosen = ("int(x) if h == 0 else int(round(x)) if h == 1 else int(floor(x)) + int(ceil(x)) if h == 2 "
                      "else int(x) % 1000")
            text = f"{QKV}; x: f32[{where}]\nz = {chosen}\nmask = ((z >> {bit}) & 1) == 1; out o, lse"
            self.checked(text, table, "--dims", f"H=4,I={queries},J={keys},D=1,E=1")
        # Of doubles, in a scalar and in a coordinate's multiples.
        for number in ("1e300", "-1e300", "inf", "nan", "-0.7", "4503599627370497.5"):
            text = f"{QKV}; x: float\nmask = ((int(x) >> j) & 1) == 1 or (int(x * (i - 3)) + j) % 5 == 0; out o, lse"
            self.checked(text, {}, "-p", f"x={number}", "--dims", "H=1,I=9,J=64,D=1,E=1")


class Divisors(Edges):
    """What is divided by a scalar: the divisor is looked at once, and only where the language says that something is divided by it."""

    DIMS = ("--dims", "H=2,I=40,J=70,D=8,E=8")
    FAILING = [
        "i // n == j // n", "j <= i and (i // n == j // n or j % n < 2)", "(i // n) * n + j % n < 90", "j // n < 3 or i % n == 0",
        "j <= i if n > 0 else i // n == j // n", "(i + 3) // n == j // n and j // n < 9",
    ]
    LAZY = [
        "i // n == j // n if n > 0 else j <= i", "j <= i or (j > i + 1000 and i // n == 0)", "n == 0 or i % n == j % n",
        "j <= i and (n != 0 and (i // n == j // n or j % n < 2))", "j % n < 4 if n > 0 else i > 3",
    ]

    def text(self, mask):
        return f"{QKV}; n: int\nmask = {mask}; out o, lse"

    def test_zero_fails(self):
        for mask in self.FAILING:
            with self.subTest(mask):
                self.fails(self.text(mask), {}, *self.DIMS, "-p", "n=0", says=["division by zero"])

    def test_others_agree(self):
        for mask, n in itertools.product(self.FAILING + self.LAZY, (1, 7, -3, 2**40)):
            with self.subTest(f"{mask}, n = {n}"):
                self.checked(self.text(mask), {}, *self.DIMS, "-p", f"n={n}")

    def test_nothing_is_divided(self):
        for mask in self.LAZY:
            with self.subTest(mask):
                self.checked(self.text(mask), {}, *self.DIMS, "-p", "n=0")
        for sizes in ("I=0,J=70", "I=40,J=0"):
            for mask in self.FAILING:
                with self.subTest(f"{mask}, {sizes}"):
                    self.checked(self.text(mask), {}, "--dims", f"H=2,{sizes},D=8,E=8", "-p", "n=0")

    def test_in_scores_beside_masks(self):
        # Where nothing is visible no score is computed; the mask is.
        text = "{}; n: int\nmask = {}\nscore = dot(q, k) + float(i // n - j % n); out o, lse"
        self.fails(text.format(QKV, "j <= i"), {}, *self.DIMS, "-p", "n=0", says=["division by zero"])
        self.checked(text.format(QKV, "j > i + 100"), {}, *self.DIMS, "-p", "n=0")
        self.fails(text.format(QKV, "j > i + 100 or i // n > 5"), {}, *self.DIMS, "-p", "n=0", says=["division by zero"])
        self.checked(text.format(QKV, "j <= i and j % n < 3"), {}, *self.DIMS, "-p", "n=5")

    def test_without_heads(self):
        # An output that isn't of heads needs its own division where there are none, and not the mask's.
        text = f"{QKV}; n: int; u: f32[I, E]\nmask = i // n == j // n\nw = u[i, e] * (float((i + 1) // n) if n > 3 else 2.0)\nout o, w: f32[I, E]"
        self.checked(text, {}, "--dims", "H=0,I=5,J=7,D=8,E=8", "-p", "n=0")
        self.checked(text, {}, "--dims", "H=2,I=5,J=7,D=8,E=8", "-p", "n=4")
        self.fails(text, {}, "--dims", "H=2,I=5,J=7,D=8,E=8", "-p", "n=0", says=["division by zero"])


class Floats(Edges):
    """A row sees one key, so that its lse is the score."""

    FUNCTIONS = ("exp exp2 expm1 log log2 log1p sqrt rsqrt sin cos tan tanh atan erf sigmoid log_sigmoid softplus relu "
                 "elu silu gelu abs sign floor ceil "
                 "round").split()
    VALUES = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, 7.25, -7.25, 1e-3, -1e-3, 1e-8, -1e-8, 1e-30, -1e-30,
              1e-40, -1e-40, 20.0, -20.0, 87.0, -87.0,
              90.0, -90.0, -104.0, 128.0, -150.0, 300.0, -300.0, 12345.678, -12345.678, 1e5, -1e5, 3e9, -3e9, 1e30,
              -1e30, INF, -INF, NAN, .99999994,
              -.99999994, -1.0000001]
    OPERATIONS = [
        "min(x, y)", "max(x, y)", "clamp(x, y, 1.0)", "clamp(0.5, x, y)", "min(x ** y, 16.0)", "x // y", "x % y",
        "x * y", "x / y", "x - y", "x ** 2 - y ** 3", "x ** 0 + y ** -1",
        "x ** 0.5 + y * 0", "x ** -0.5 + y * 0", "x ** -2 + y * 0", "2.0 ** x - y", "x ** 20 + y * 0",
        "1 if x < y else 2", "1 if x <= y else 2", "1 if x > y else 2",
        "1 if x >= y else 2", "1 if x == y else 2", "1 if x != y else 2", "1 if not x < y else 2",
        "1 if not (x != y) else 2", "1 if x < y <= 1.0 else 2",
    ]

    def scores(self, choices, declared, heads, count, inputs):
        zero = {"q": tensor("f32", (heads, count, 1), [0] * heads * count), "k": tensor("f32", (heads, count, 1),
                [0] * heads * count)}
        chosen = "".join(f"({expression}) if h == {n} else " for n,
                         expression in enumerate(choices[:-1])) + f"({choices[-1]})"
        with self.subTest(f"{declared}: {choices}"):
            self.checked(f"{QKV}{declared}\nscore = dot(q, k) + ({chosen}); mask = i == j; out o, lse", zero | inputs,
                         "--dims", "E=2")

    def test_every_function(self):
        count = len(self.VALUES)
        table = {"x": tensor("f32", (count,), self.VALUES)}
        for start in range(0, len(self.FUNCTIONS), 13):
            names = self.FUNCTIONS[start:start + 13]
            # The oracle's numbers go beyond those of 32 bits; where an argument is infinite, the bound is that of small
            # numbers.
            tables = [f"min({name}(x), 16.0)" if name.startswith("exp") else f"{name}(x)" for name in names]
            self.scores(tables, "; x: f32[I]", len(names), count, table)
            self.scores(tables, "; x: f32[J]", len(names), count, table)
            # In 64 bits.
            self.scores([f"{name}((i - 20) * 0.37)" for name in names], "", len(names), 50, {})
            self.scores([f"{name}((j - 20) * 0.37)" for name in names], "", len(names), 50, {})

    def test_every_operation(self):
        values = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -3.0, 2.5, -3.5, 7.25, 1e-4, -50.0, INF, -INF, NAN]
        x, y = zip(*((a, b) for a, b in itertools.product(values, values)))
        for start in range(0, len(self.OPERATIONS), 13):
            operations = self.OPERATIONS[start:start + 13]
            for first, second in (("I", "I"), ("I", "J"), ("J", "J")):
                inputs = {"x": tensor("f32", (len(x),), x), "y": tensor("f32", (len(y),), y)}
                self.scores(operations, f"; x: f32[{first}]; y: f32[{second}]", len(operations), len(x), inputs)

    def test_floors_are_exact(self):
        # 1.0 // 0.1 is 9, since 0.1 is a little more than a tenth, though 1.0 / 0.1 rounds to 10.
        divisors = ("0.1", "-0.1", "0.3", "-0.7", "3.0")
        self.scores([f"((i - 20) * 1.0) // {y}" for y in divisors], "", len(divisors), 50, {})
        self.scores([f"((j - 20) * 1.0) % {y} // {y}" for y in divisors], "", len(divisors), 50, {})
        x, y = zip(*itertools.product([n / 16 for n in range(-24, 25)], [0.1, 0.3, -0.7, 1.1, -2.3]))
        table = {"x": tensor("f32", (len(x),), x), "y": tensor("f32", (len(y),), y)}
        self.scores(["x // y", "x % y"], "; x: f32[I]; y: f32[I]", 2, len(x), table)
        z = [a * b for a, b in zip(x, y)]
        self.scores(["x // y", "x % y"], "; x: f32[J]; y: f32[J]", 2, len(x), table | {"x": tensor("f32", (len(x),),
                z)})
