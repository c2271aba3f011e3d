#!/usr/bin/env python3
"""Random attentions with weights, row statistics, outputs and computed rows of every kind, against the oracle.

usage: random_rows.py ATTNC [FIRST-SEED COUNT]

Values are smooth in what is rounded, so that none hangs on a rounding error.
"""

import os
import random
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

EXTENTS = {"B": [1, 1, 2], "H": [2, 4], "I": [1, 7, 17, 33, 65, 0], "J": [1, 7, 17, 33, 65, 129, 200, 0],
           "D": [1, 3, 8, 16, 17, 40], "E": [1, 5, 16, 17, 33], "N": [3, 5]}
STORED = ["f32", "f32", "f32", "bf16", "f16", "i8"]
MASKS = ["true", "causal", "causal_end", "window(9)", "window(40)", "j < i", "j % 3 != 1", "(i + j) % 5 != 0 or j == 0",
         "j >= J - 1 - i", "(i // 16 + j // 16) % 2 == 0", "j <= last[i]"]


class RandomRows:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.extents = {name: self.random.choice(sizes) for name, sizes in EXTENTS.items()}
        self.extents["G"] = self.random.choice([1, 2])
        self.lines, self.inputs, self.outputs, self.statistics = [], [], [], []
        query = self.rows("q", "B, H, I, D", ["f32", "f32", "bf16", "f16"])
        key, value = self.rows("k", "B, G, J, D", STORED), self.rows("v", "B, G, J, E", STORED)
        self.value = value
        self.lines.append(f"score = {self.score(query, key)}")
        mask = self.random.choice(MASKS)
        if "last" in mask:
            self.inputs.append("last: i32[I]")
        self.lines.append(f"mask = {mask}")
        for number in range(self.random.choice([0, 0, 1, 2])):
            self.statistic(f"m{number}_")
        self.lines.append(f"weight = {self.weight(2)}")
        output = self.random.choice(["sum(j: weight * v)"] * 3 + ["-sum(j: weight * v / 3.0)", "sum(j: weight * (v + x))",
                                                                  "sum(j: weight * v) * sigmoid(x)"])
        if "x)" in output:
            self.inputs.append("x: f32[B, H, I, E]")
        self.lines.append(f"o = {output.replace('* v', f'* {value}').replace('(v +', f'({value} +')}")
        stored = self.random.choice(["f32", "f32", "bf16", "f16"])
        self.outputs.append(f"o: {stored}[B, H, I, E]")
        self.moreOutputs()
        self.outputs += [name for name in self.statistics if sum(name in line for line in self.lines) == 1]
        text = "\n  ".join(self.inputs + self.lines + ["out " + ", ".join(self.outputs)])
        for name, element in (("slope", "f32[H]"), ("shift", "f32[J]")):
            if name in text:
                text = f"{name}: {element}\n  {text}"
        self.text = f"attention mixed {{\n  {text}\n}}\n"

    def pick(self, *makers):
        return self.random.choice(makers)()

    def rows(self, name, dimensions, elements):
        """Declares a tensor and gives the rows computed from it: as they are, or with something done to each."""
        element = self.random.choice(elements)
        self.inputs.append(f"{name}: {element}[{dimensions}]")
        rows = f"{name} / 32.0" if element == "i8" else name
        parts = dimensions.split(", ")
        kind = self.random.choice(["plain", "plain", "scaled", "curved", "rope", "neighbour", "normal"])
        if kind == "rope" and parts[-1] == "D" and self.extents["D"] % 2 == 0:
            rows = f"rope({rows}, {parts[2].lower()})"
        elif kind == "scaled":
            self.inputs.append(f"{name}s: f32[{parts[1]}, {parts[2]}]")
            rows = f"({rows}) * {name}s"
        elif kind == "curved":
            rows = f"elu({rows}) + 0.5"
        elif kind == "neighbour" and parts[2] == "J":
            rows = f"({rows} + ({rows})[j = max(j - 1, 0)]) / 2.0"
        elif kind == "normal" and self.extents[parts[-1]] > 1:
            rows = f"({rows}) / sqrt(1.0 + sum({parts[-1].lower()}: ({rows}) ** 2))"
        elif rows == name:
            return name
        self.lines.append(f"{name}r_ = {rows}")
        return f"{name}r_"

    def score(self, query, key):
        product = self.pick(lambda: f"dot({query}, {key}) / sqrt(D)", lambda: f"dot({query}, {key}) / sqrt(D)",
                            lambda: f"-sum(d: abs({query} - {key})) / D", lambda: f"sum(d: tanh({query} + {key})) / D",
                            lambda: f"dot({query} + a, {key}) / sqrt(D)", lambda: f"dot({query}, {key} + a[i % N]) / sqrt(D)",
                            lambda: f"(dot({query}, {key}) + dot({query}, a[abs(i - j) % N])) / sqrt(D)")
        if "+ a," in product:
            self.inputs.append("a: f32[D]")
        elif "a[" in product:
            self.inputs.append("a: f32[N, D]")
        return self.pick(lambda: product, lambda: product, lambda: f"2.0 * tanh({product})", lambda: f"{product} + slope[h] * float(j - i) * 0.05",
                         lambda: f"{product} + shift[j]", lambda: f"({product} if (i + j) % 7 != 0 else -inf)",
                         lambda: f"{product} * 0.97 ** abs(i - j)")

    def term(self):
        """A number for each pair, of ordinary size."""
        names = ["score", "score", "(0.5 * score)", "tanh(score)", "(score + shift[j])", "(score * slope[h])"]
        names += [f"(score - {name})" for name in self.statistics]
        return self.random.choice(names)

    def statistic(self, name):
        self.lines.append(f"{name} = " + self.pick(
            lambda: f"sum(j: tanh({self.term()})) / max(sum(j: 1), 1)", lambda: f"tanh(max(j: {self.term()}))",
            lambda: f"tanh(min(j: {self.term()}))", lambda: f"log(1.0 + sum(j: exp(min({self.term()}, 2.0))))",
            lambda: f"sum(j: softmax({self.term()}) * tanh(score))"))
        self.statistics.append(name)

    def weight(self, depth):
        if depth > 0 and self.random.random() < 0.5:
            x, y = (lambda: self.weight(depth - 1)), (lambda: self.weight(depth - 1))
            return self.pick(lambda: f"({x()} + {y()})", lambda: f"({x()} - 0.3 * {y()})", lambda: f"{x()} * slope[h]",
                             lambda: f"({x()} if h % 2 == 0 else {y()})", lambda: f"({x()} if (i + j) % 3 == 0 else {y()})",
                             lambda: f"{x()} * {y()}", lambda: f"{x()} ** 2", lambda: f"{x()} / (1.0 + {self.statistics[0]} ** 2)"
                             if self.statistics else x())
        return self.pick(lambda: f"softmax({self.term()})", lambda: f"softmax({self.term()})",
                         lambda: f"softmax({self.term()}, sink = slope[h])", lambda: f"softmax({self.term()}, sink = 0.0)",
                         lambda: f"normalize(elu({self.term()}) + 1.0)", lambda: f"normalize(exp(min({self.term()}, 3.0)))",
                         lambda: f"sigmoid({self.term()})", lambda: f"relu({self.term()})",
                         lambda: f"sigmoid({self.term()}) * exp(sum_after(log_sigmoid(-score)))",
                         lambda: f"{self.term()} / max(abs(sum(j: {self.term()})), 1.0)")

    def moreOutputs(self):
        for name in self.random.sample(["score", "weight", "p", "n_", "e_", "y"], self.random.choice([0, 0, 1, 2])):
            if name == "p":
                self.lines.append(f"p = sum(j: {self.weight(1)} * {self.value}) + o")
            elif name == "n_":
                self.lines.append("n_ = sum(j: 1)")
            elif name == "e_":
                self.lines.append(f"e_ = max(j: {self.term()})")
            elif name == "y":
                self.inputs.append("w: f32[E, F]")
                self.lines.append("y = sum(e: w * o)")
                self.extents["F"] = 3
            self.outputs.append(name)

    def dimensions(self):
        return {name: size for name, size in self.extents.items() if f"{name}]" in self.text or f"{name}," in self.text}


def main():
    if len(sys.argv) not in (2, 4):
        sys.exit(__doc__)
    attnc = os.path.abspath(sys.argv[1])
    seeds = range(int(sys.argv[2]), int(sys.argv[2]) + int(sys.argv[3])) if len(sys.argv) == 4 else range(64)
    with tempfile.TemporaryDirectory() as folder:
        def check(seed):
            spec = RandomRows(seed)
            path = os.path.join(folder, f"r{seed}.attn")
            with open(path, "w", encoding="utf-8") as file:
                file.write(spec.text)
            dims = ",".join(f"{name}={size}" for name, size in spec.dimensions().items())
            command = [attnc, "run", path, "--random", "--seed", str(seed), "--check", "--dims", dims]
            done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
            return "" if done.returncode == 0 else \
                f"seed {seed}\n{spec.text}$ {' '.join(command[1:])}\nexit status {done.returncode}\n{done.stdout}{done.stderr}"

        with ThreadPoolExecutor(2) as pool:
            failures = []
            for failure in filter(None, pool.map(check, seeds)):
                failures.append(failure)
                print(failure, flush=True)
    print(f"{len(seeds)} seeds, {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
