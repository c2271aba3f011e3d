"""Random attentions whose queries, keys and values lie in memory in every way there is: packed, ragged, in pages, in a cache with new keys behind it, quantised; with
tables read at computed indices, sums of several products, several outputs, stores at computed indices, and enough queries for every schedule.

Values are smooth in what is rounded, so that none hangs on a rounding error.
"""

import random

ELEMENTS = ["f32", "f32", "f32", "bf16", "f16"]


class RandomViews:
    def __init__(self, seed):
        self.random = random.Random(seed)
        choice = self.random.choice
        self.dims = {"B": choice([1, 1, 2]), "G": choice([1, 2]), "I": choice([1, 2, 7, 16, 33, 65, 130, 300]), "J": choice([1, 15, 33, 64, 97, 200, 300]),
                     "D": choice([1, 8, 16, 32, 33, 64]), "E": choice([4, 16, 20]), "N": choice([2, 3, 5]), "R": choice([9, 30, 600])}
        self.dims["H"] = self.dims["G"] * choice([1, 2])
        self.element = choice(ELEMENTS)
        self.inputs, self.lines, self.outputs = {}, [], ["o"]
        layout = choice([self.plain, self.plain, self.many, self.packed, self.ragged, self.paged, self.cache, self.quantised, self.transposed])
        layout()
        self.score()
        self.mask()
        self.weight()
        self.others(layout)
        outputs = [name for name in self.outputs if not (name == "o" and layout == self.ragged)]
        if outputs:
            self.lines.append("out " + ", ".join(outputs))

    def declare(self, name, kind, source=None):
        line = f"{name}: {kind}"
        if line not in self.lines:
            self.lines.append(line)
        if source:
            self.inputs[name] = source

    def rows(self, queries, keys, values):
        t = self.element
        self.lines += [f"q: {t}[{queries}]", f"k: {t}[{keys}]", f"v: {t}[{values}]"]

    def plain(self):
        self.rows("B, H, I, D", "B, G, J, D", "B, G, J, E")

    def transposed(self):
        self.rows("I, B, D, H", "D, B, J, G", "J, E, G, B")

    def many(self):
        """Row blocks enough for each to have several strips."""
        self.dims.update(I=self.random.choice([1025, 1100, 2100]), J=self.random.choice([64, 100, 300]), B=1, D=self.random.choice([8, 33, 64]))
        self.dims["H"] = self.dims["G"] * (2 if self.dims["G"] == 1 else 1)
        self.plain()

    def packed(self):
        self.dims["J"] = self.dims["I"]
        self.dims["E"] = self.dims["D"]
        self.lines.append(f"layout packed_qkv({self.element})")

    def ragged(self):
        self.lines.append(f"layout varlen({self.element})")
        lengths = [[self.random.choice([0, 1, 5, 17, 40, 70]) for _ in range(self.dims["B"])] for _ in range(2)]
        for name, total, own in (("cu_q", "Tq", lengths[0]), ("cu_k", "Tk", lengths[1])):
            sums = [0]
            for length in own:
                sums.append(sums[-1] + length)
            self.inputs[name] = "[" + ",".join(map(str, sums)) + "]"
            self.dims[total] = sums[-1] + self.random.choice([0, 3])
        self.dims["E"] = self.dims["D"]

    def paged(self):
        size = self.random.choice([1, 3, 16, 32])
        self.dims.update(P=self.random.choice([1, 4, 9]), M=self.random.choice([1, 3, 8]), J=0)
        self.dims["J"] = size * self.dims["M"]
        self.lines += [f"q: {self.element}[B, H, I, D]", f"pk: {self.element}[P, {size}, G, D]", f"pv: {self.element}[P, {size}, G, E]", "at: i32[B, M]",
                       f"J = {size} * M", f"k = pk[at[b, j // {size}], j % {size}]", f"v = pv[at[b, j // {size}], j % {size}]"]
        self.inputs["at"] = "randint(0, {P}, {B}, {M})"

    def cache(self):
        self.dims.update(P=self.random.choice([0, 1, 30, 64, 130]), M=self.random.choice([1, 5, 40]))
        self.dims["J"] = self.dims["P"] + self.dims["M"]
        t = self.element
        self.lines += [f"q: {t}[B, H, I, D]", f"pk: {t}[B, G, P, D]", f"nk: {t}[B, G, M, D]", f"pv: {t}[B, G, P, E]", f"nv: {t}[B, G, M, E]", "J = P + M",
                       "k = pk[b, g, j, d] if j < P else nk[b, g, j - P, d]", "v = pv[b, g, j, e] if j < P else nv[b, g, j - P, e]"]

    def quantised(self):
        self.lines += [f"q: {self.element}[B, H, I, D]", "k8: i8[B, G, J, D]", "v8: i8[B, G, J, E]", "sk: f32[B, G, J]", "k = k8 * sk / 64.0",
                       f"v = {self.random.choice(['v8 / 32.0', 'v8 * sk / 32.0'])}"]

    def index(self):
        return self.random.choice(["clamp(j - i, -4, R - 5) + 4", "clamp(i - j, 0, R - 1)", "(i + j) % R", "abs(i - j) % R", "min(j, R - 1)", "max(R - 1 - i, 0)"] + ([] if "Tq" in self.dims else ["pos[i] % R"]))

    def score(self):
        index = self.index()
        product = self.random.choice(["dot(q, k)"] * 3 + [f"(dot(q, k) + dot(q, a[{index}]))", f"dot(q, k + a[{index}])", f"(dot(q, k) + dot(k, a[{index}]))",
                                                         "(dot(q, k) + dot(q * 0.5, k[j = J - 1 - j]))", "sum(n: mix * dot(q[h = n % H], k[h = n % H]))",
                                                         "dot(q + a[0], k)", "-0.5 * sum(d: (q - k) ** 2)", "dot(rope(q, i), rope(k, j))"])
        if "rope" in product and self.dims["D"] % 2:
            product = "dot(q, k)"
        if "a[" in product:
            self.declare("a", "f32[R, D]")
        if "mix" in product:
            self.declare("mix", "f32[H, N]")
        if "pos[" in product:
            self.declare("pos", "i32[I]", "randint(0, 1000, {I})")
        text = f"{product} / sqrt(D)"
        for _ in range(self.random.choice([0, 1, 2])):
            form = self.random.choice(["softcap", "slope", "bias", "pair", "log"])
            if form == "softcap":
                text = f"3.0 * tanh(({text}) / 3.0)"
            elif form == "slope":
                self.declare("slope", "f32[H]")
                text = f"{text} - abs(slope) * float(abs(i - j)) * 0.1"
            elif form == "bias":
                self.declare("bias", "f32[H, R]")
                text = f"{text} + bias[h, clamp(i - j + 2, 0, R - 1)]"
            elif form == "pair":
                self.declare("pair", "bf16[I, J]" if self.dims.get("Tq") is None and "J = " not in "\n".join(self.lines) else "bf16[R, R]")
                text += " + pair" + ("" if "pair: bf16[I, J]" in self.lines else "[i % R, j % R]")
            else:
                text = f"{text} - log(1.0 + 0.2 * float(abs(i - j)))"
        self.lines.append(f"score = {text}")

    def mask(self):
        mask = self.random.choice(["true", "causal", "causal_end", "window(20)", "chunked(24)", "j < lens[b]", "causal and j % 3 != 1", "i // 32 == j // 32 or j < 3",
                                   "doc[min(i, R - 1)] == doc[min(j, R - 1)]", "j <= i and (i - j < 50 or j < 4)", "false", "i % 2 == 0"])
        if "lens" in mask:
            self.declare("lens", "i32[B]", "randint(0, 120, {B})")
        if "doc" in mask:
            self.declare("doc", "i32[R]", "randint(0, 4, {R})")
        self.lines.append(f"mask = {mask}")

    def weight(self):
        weight = self.random.choice(["softmax(score)"] * 5 + ["softmax(score, sink = 0.5)", "sigmoid(score)", "normalize(exp(min(score, 3.0)))", "relu(score) ** 2",
                                                            "softmax(score) - 0.4 * softmax(score * 0.5)", "softmax(score) * sigmoid(score)"])
        self.lines.append(f"weight = {weight}")
        if weight.count("softmax") == 1 and "Tq" not in self.dims and self.random.random() < 0.5:
            self.outputs.append("lse")

    def others(self, layout):
        extra = self.random.choice([None, None, "present", "seen", "score", "flat", "gate"])
        if layout == self.ragged:
            return
        if extra == "present":
            self.lines.append("present = k")
            self.outputs.append("present: f32[B, G, J, D]" if layout != self.packed else "present: f32[B, H, J, D]")
        elif extra == "seen":
            self.lines.append("seen = sum(j: 1)")
            self.outputs.append("seen")
        elif extra == "score" and self.dims["I"] * self.dims["J"] < 50000:
            self.outputs.append("score")
        elif extra == "flat":
            width = "E" if layout != self.packed else "D"
            self.lines.append(f"flat[b, i, h * {width} + {width.lower()}] = o * 2.0")
            self.outputs.append(f"flat: f32[B, I, H * {width}]")
        elif extra == "gate" and layout != self.packed:
            self.declare("gate", "f32[H, E]")
            self.lines.append("o = o * sigmoid(gate)")
