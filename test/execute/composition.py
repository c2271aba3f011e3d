#!/usr/bin/env python3
"""Chains of definitions cost what they hold, not what they would be as text: their size at every level of the compiler, and the oracle.

usage: composition.py ATTNC

Sizes are lines of the program after a stage. A chain that doubles forty times may be no longer than one that doesn't, by much, and
grows in proportion.
"""

import os
import subprocess
import sys
import tempfile
import unittest

ATTNC = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else ""


def defs(first, step, body, count):
    lines = [f"def a0 = {first}"] + [f"def a{n} = " + step.format(last=f"a{n - 1}", n=n) for n in range(1, count + 1)]
    return "\n".join(lines) + f"\nattention a {{\n  layout mha\n  {body.format(last=f'a{count}')}\n}}\n"


def lines(first, step, body, count):
    text = [f"s0 = {first}"] + [f"s{n} = " + step.format(last=f"s{n - 1}", n=n) for n in range(1, count + 1)]
    return "attention a {\n  layout mha\n  " + "\n  ".join(text + [body.format(last=f"s{count}")]) + "\n}\n"


def nested(call, inner, body, count):
    for n in range(count):
        inner = call.format(m=inner, n=n)
    return f"def both(m) = m and m[i = i + 1]\nattention a {{\n  layout mha\n  {body.format(m=inner)}\n}}\n"


# Each: a chain that doubles, and one of as many steps that doesn't, by number of steps.
CHAINS = {
    "definitions": (lambda n: defs("float(i - j) / 64", "({last} + {last}) / 2", "score = dot(q, k) + {last}", n),
                    lambda n: defs("float(i - j) / 64", "({last} + {n}) / 2", "score = dot(q, k) + {last}", n)),
    "scores": (lambda n: lines("dot(q, k)", "({last} + {last}) / 2", "score = {last}", n),
               lambda n: lines("dot(q, k)", "({last} + {n}) / 2", "score = {last}", n)),
    "values": (lambda n: lines("v", "({last} + {last}) / 2", "v = {last}", n),
               lambda n: lines("v", "({last} + {n}) / 2", "v = {last}", n)),
    "masks": (lambda n: defs("causal", "{last} and ({last} or j < {n})", "mask = {last}", n),
              lambda n: defs("causal", "{last} or j < {n}", "mask = {last}", n)),
}


class Composition(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def run_attnc(self, text, *arguments, name="a.attn"):
        with open(os.path.join(self.folder.name, name), "w", encoding="utf-8") as file:
            file.write(text)
        done = subprocess.run([ATTNC, *arguments], cwd=self.folder.name, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              check=False, timeout=240)
        self.assertEqual(done.returncode, 0, text + done.stdout + done.stderr)
        return done.stdout

    def size(self, text, stage):
        return len(self.run_attnc(text, "a.attn", f"--emit={stage}").splitlines())

    def agrees(self, text, *arguments):
        out = self.run_attnc(text, "run", "a.attn", "--random", "--check", "--dims", "B=1,H=2,I=40,J=70,D=8", *arguments)
        self.assertRegex(out, "error .* bound")

    def test_doubling_forty_times_is_as_small_as_forty_steps(self):
        for name, (doubling, plain) in CHAINS.items():
            with self.subTest(name):
                for stage in ("coordinates", "classified", "vectors"):
                    half, whole, other = (self.size(text, stage) for text in (doubling(20), doubling(40), plain(40)))
                    self.assertLessEqual(whole, 1.5 * other + 100, stage)
                    self.assertLessEqual(whole - half, 1.3 * (half - self.size(doubling(1), stage)) + 20, stage)
                self.agrees(doubling(40))

    def test_masks_that_look_at_moved_masks_grow_with_the_places_looked_at(self):
        # The mask n looks at the n + 1 places from (i, j + n) to (i + n, j): the square of n, where text would be 2^n.
        text = lambda n: defs("causal", "{last}[i = i + 1] or {last}[j = j + 1]", "mask = {last}", n)
        self.assertLessEqual(self.size(text(40), "classified"), 3 * 40 * 40)
        self.agrees(text(12))
        text = lambda n: nested("both({m})", "window(9)", "mask = {m}", n)
        self.assertLessEqual(self.size(text(20), "classified"), 3 * 20 * 20)
        self.agrees(text(6))

    def test_tiles_in_tiles(self):
        text = nested("tiled({m}, {n} + 2)", "causal", "mask = {m}", 12)
        self.assertLessEqual(self.size(text, "classified"), 1000)
        self.agrees(text)

    def test_shifted_masks_in_a_chain(self):
        """Each step takes the last one here and at the next query: as many comparisons as steps, though paths double."""
        def chain(count, step):
            defs = [f"def a{n}(m) = " + step.format(inner=f"a{n - 1}") for n in range(1, count + 1)]
            return "def a0(m) = m\n" + "\n".join(defs) + f"\nattention a {{ layout mha; mask = a{count}(causal) }}\n"
        for step in ("{inner}(m[i = i + 1] or m)", "{inner}(m and m[j = j + 1])"):
            with self.subTest(step):
                half, whole = (self.size(chain(count, step), "vectors") for count in (20, 40))
                self.assertLessEqual(whole, 2 * half)
                self.agrees(chain(40, step))

    def test_imports_in_a_chain(self):
        count = 40
        for n in range(count):
            previous = f'import "m{n - 1}.attn"\n' if n else ""
            inner = f"near{n - 1} or i - j == {n}" if n else "causal and i - j < 3"
            with open(os.path.join(self.folder.name, f"m{n}.attn"), "w", encoding="utf-8") as file:
                file.write(f"{previous}def near{n} = {inner}\ndef twice{n}(m) = m and (m or near{n})\n")
        text = f'import "m{count - 1}.attn"\nattention a {{ layout mha; mask = twice{count - 1}(near{count - 1}) and j >= 0 }}\n'
        self.assertLessEqual(self.size(text, "coordinates"), 400)
        self.agrees(text)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
