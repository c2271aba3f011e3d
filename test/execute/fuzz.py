#!/usr/bin/env python3
"""Random specs against the oracle, for as long as one likes. What fails is shrunk to a small spec that still does.

usage: fuzz.py ATTNC [--seconds N] [--seed FIRST] [--threads N]

Specs are those of random_rows.py (row functions, similarities, 16-bit and int8 storage), those of random_views.py (layouts, tables, several outputs, up to
2100 queries) and random masks with tables, at extents of 0 to 300.
Prints each failure with the command that shows it, and fails if there was one.
"""

import argparse
import os
import random
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from random_rows import RandomRows
from random_views import RandomViews


class Case:
    """Lines of an attention, extents, and inputs that random numbers don't suit."""

    def __init__(self, lines, dims, inputs=()):
        self.lines, self.dims, self.inputs = list(lines), dict(dims), dict(inputs)

    def text(self):
        return "attention a {\n  " + "\n  ".join(self.lines) + "\n}\n"

    @staticmethod
    def binds(name, text):
        """Whether an input has such a dimension; what a line gives a value isn't asked for."""
        if re.search(rf"^  {name} = ", text, re.M):
            return False
        layout = re.search(r"layout (\w+)", text)
        own = {"packed_qkv": ["B", "H", "I", "D"], "varlen": ["B", "H", "G", "D", "Tq", "Tk"]}.get(layout and layout[1], ["B", "H", "I", "J", "D"])
        inputs = "\n".join(line for line in text.split("\n") if re.match(r"  \w+: ", line))
        return bool(layout) and name in own or bool(re.search(rf"[\[ ]{name}[\],]", inputs))

    def arguments(self):
        text = self.text()
        used = {name: size for name, size in self.dims.items() if self.binds(name, text)}
        words = ["--dims", ",".join(f"{name}={size}" for name, size in used.items())]
        for name, source in self.inputs.items():
            if re.search(rf"^{name}: ", text, re.M) or f"  {name}: " in text or f"{name}" in ("cu_q", "cu_k") and "varlen" in text:
                words += ["-i", f"{name}={source.format(**self.dims)}"]
        return words


class RandomMask:
    """A mask of comparisons, chunks, bits, tables and remainders, over a plain attention."""

    TABLES = {"doc": ("i32[N]", "randint(0, 4, {N})"), "pair": ("bool[I, J]", "randint(0, 2, {I}, {J})"),
              "rows": ("i8[I, R]", "randint(-2, 9, {I}, {R})"), "flags": ("bool[J]", "randint(0, 2, {J})"),
              "limit": ("i64[I]", "randint(-3, 90, {I})")}

    def __init__(self, seed):
        self.random = random.Random(seed)
        sizes = [1, 2, 15, 16, 17, 33, 48, 49, 64, 65, 97, 130, 200, 300]
        dims = {"B": 1, "H": self.random.choice([1, 2]), "I": self.random.choice(sizes + [0]), "J": self.random.choice(sizes + [0]),
                "D": self.random.choice([1, 8, 16, 33]), "R": self.random.choice([1, 3])}
        dims["N"] = max(dims["I"], dims["J"], 1)
        mask = self.mask(3)
        lines = ["layout mha"] + [f"{name}: {kind}" for name, (kind, _) in self.TABLES.items() if re.search(rf"\b{name}\b", mask)]
        self.case = Case(lines + [f"mask = {mask}", "out o, lse"], dims, {name: source for name, (_, source) in self.TABLES.items()})

    def pick(self, *texts):
        return self.random.choice(texts)

    def integer(self, depth):
        if depth == 0:
            return self.pick("i", "j", "i - j", "i + j", "i", "j", str(self.random.randrange(0, 60)))
        x, y, n = self.integer(depth - 1), self.integer(depth - 1), self.random.randrange(1, 40)
        return self.pick(f"({x} + {y})", f"({x} - {y})", f"{x} // {n}" if " " not in x else f"({x}) // {n}", f"({x}) % {n}", f"abs({x})",
                         f"min({x}, {y})", f"max({x}, {n})", f"({x}) * {n % 4}", f"(({x}) & {n})", f"(({x}) >> {n % 4})",
                         f"clamp({x}, {n % 9}, {n})", f"(({x}) * 16 + j % 16) // 16", f"doc[clamp({x}, 0, N - 1)]")

    def mask(self, depth):
        if depth > 0 and self.random.random() < 0.65:
            x, y = self.mask(depth - 1), self.mask(depth - 1)
            return self.pick(f"({x} and {y})", f"({x} or {y})", f"not ({x})", f"({x} and {y})", f"({x} if {y} else not ({x}))",
                             f"tiled({x}, {self.random.randrange(5, 60)})")
        n = self.random.randrange(1, 60)
        return self.pick("causal", f"window({n})", f"prefix({n})", f"chunked({n})", f"dilated({n * 2}, {1 + n % 5})", "causal_end",
                         f"({self.integer(2)}) <= {self.integer(1)}", f"({self.integer(2)}) == {self.integer(2)}",
                         "doc[i] == doc[j]", "doc[i] <= doc[j]", "pair[i, j]", "flags[j]", "j < limit[i]", f"any(r: rows[i, r] == j // {n})",
                         f"natten(8, {1 + n % 12}, 3)")


def caseOf(seed):
    if seed % 3 == 1:
        return RandomMask(seed).case
    if seed % 3 == 2:
        views = RandomViews(seed)
        return Case(views.lines, views.dims, views.inputs)
    rows = RandomRows(seed)
    lines = [line.strip() for line in rows.text.strip().split("\n")[1:-1]]
    return Case(lines, rows.extents)


def limit_time():
    """Two minutes of the processor, which are longer for a person where others want it, too."""
    resource.setrlimit(resource.RLIMIT_CPU, (120, 130))


class Fuzzer:
    def __init__(self, attnc, folder):
        self.attnc, self.folder, self.number = attnc, folder, 0

    def outcome(self, case, seed):
        """Empty if all is well; else what kind of failure it is, and all that was said."""
        self.number += 1
        path = os.path.join(self.folder, f"s{seed}_{self.number}.attn")
        with open(path, "w", encoding="utf-8") as file:
            file.write(case.text())
        try:
            done = subprocess.run([self.attnc, "run", path, "--random", "--seed", str(seed % 1000), "--check", *case.arguments()],
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=3600, preexec_fn=limit_time)
        except subprocess.TimeoutExpired:
            return "never ends", ""
        finally:
            os.remove(path)
        said = done.stdout + done.stderr
        if done.returncode == 0:
            return "", ""
        if done.returncode == -signal.SIGXCPU:
            return "takes over two minutes", said
        if "too far off" in said:
            return "differs from the oracle", said
        if "internal compiler error" in said or done.returncode < 0:
            return "crash" if done.returncode < 0 else "internal error", said
        return "refused", said

    def shrink(self, case, seed, kind):
        """Drops lines, then parts of lines, then extents, as long as it fails in the same way."""
        changed = True
        while changed:
            changed = False
            for smaller in self.smaller(case):
                if self.outcome(smaller, seed)[0] == kind:
                    case, changed = smaller, True
                    break
        return case

    @staticmethod
    def smaller(case):
        for n in range(len(case.lines)):
            yield Case(case.lines[:n] + case.lines[n + 1:], case.dims, case.inputs)
        for n, line in enumerate(case.lines):
            for replaced in Fuzzer.simpler(line):
                yield Case(case.lines[:n] + [replaced] + case.lines[n + 1:], case.dims, case.inputs)
        for name, size in case.dims.items():
            for less in sorted({1, size // 2, size - 1}):
                if 0 < less < size:
                    dims = dict(case.dims, **{name: less})
                    yield Case(case.lines, dims, case.inputs)

    @staticmethod
    def simpler(line):
        """The line with a bracket's content in place of an operation or call on it, or one side of an operator."""
        if line.startswith("out "):
            outputs = re.split(r", (?=\w+(?::|,|$))", line[4:])
            for n in range(len(outputs)):
                if len(outputs) > 1:
                    yield "out " + ", ".join(outputs[:n] + outputs[n + 1:])
            return
        if " = " not in line:
            return
        name, value = line.split(" = ", 1)
        for match in re.finditer(r"\w*\(", value):
            depth, at = 1, match.end()
            while at < len(value) and depth:
                depth += {"(": 1, ")": -1}.get(value[at], 0)
                at += 1
            inside = value[match.end():at - 1]
            for part in [inside, *inside.split(", "), *re.split(r" and | or | \+ | - | \* | if | else ", inside)]:
                shorter = value[:match.start()] + "(" + part + ")" + value[at:]
                if len(shorter) < len(value):
                    yield f"{name} = {shorter}"
        for part in re.split(r" and | or | \+ | - | \* | / ", value):
            if len(part) < len(value):
                yield f"{name} = {part}"


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("attnc")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    end, failures, count = time.monotonic() + options.seconds, 0, 0
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(options.threads) as pool:
        fuzzer, seed = Fuzzer(os.path.abspath(options.attnc), folder), options.seed
        while time.monotonic() < end:
            seeds = range(seed, seed + 8 * options.threads)
            seed = seeds.stop
            for at, (kind, said) in zip(seeds, pool.map(lambda n: fuzzer.outcome(caseOf(n), n), seeds)):
                count += 1
                if not kind:
                    continue
                failures += kind != "refused"
                if kind == "refused" and "not compiled yet" not in said and "is not inside" not in said:
                    failures += 1
                elif kind == "refused":
                    continue
                case = fuzzer.shrink(caseOf(at), at, kind)
                print(f"seed {at}: {kind}\n{case.text()}$ attnc run a.attn --random --seed {at % 1000} --check {' '.join(map(repr, case.arguments()))}\n"
                      f"{fuzzer.outcome(case, at)[1]}", flush=True)
    print(f"{count} specs from seed {options.seed}, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
