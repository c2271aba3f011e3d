#!/usr/bin/env python3
"""What an unfriendly user gives `attnc run`: every case ends with a message and the right exit status, never by a signal,
and leaves no output file.

usage: bad_input.py ATTNC
"""

import os
import struct
import subprocess
import sys
import tempfile
import unittest

ATTNC = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else ""
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "conformance"))
import npy

SPEC = "attention a { layout gqa; w: int = 3; len: i32[B]; mask = window(w) and j < len[b] }\n"
SHAPES = {"q": (2, 4, 5, 8), "k": (2, 2, 5, 8), "v": (2, 2, 5, 8)}


def floats(shape):
    count = 1
    for extent in shape:
        count *= extent
    return npy.Array("<f4", shape, struct.pack(f"<{count}f", *(n % 7 / 7 for n in range(count))))


class BadInput(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = scratch.name
        self.write("a.attn", SPEC.encode())
        for name, shape in SHAPES.items():
            npy.write(self.path(f"{name}.npy"), floats(shape))

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, content):
        with open(self.path(name), "wb") as file:
            file.write(content)

    def run_attnc(self, *arguments, **changed):
        inputs = {"q": "q.npy", "k": "k.npy", "v": "v.npy", "len": "[5, 5]", "o": "o.npy"} | changed
        command = [ATTNC, "run", "a.attn", *arguments]
        for name, value in inputs.items():
            if value is not None:
                command += ["-o" if name == "o" else "-i", f"{name}={value}"]
        return subprocess.run(command, cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              errors="replace", check=False, timeout=120)

    def refused(self, *arguments, says=(), status=1, **changed):
        done = self.run_attnc(*arguments, **changed)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        for word in says:
            self.assertIn(word, done.stderr)
        self.assertTrue(done.stderr.strip())
        self.assertFalse(os.path.exists(self.path("o.npy")), "an output file was left behind")
        left = [name for name in os.listdir(self.folder) if not name.endswith((".attn", ".npy"))]
        self.assertEqual(left, [], "a partial file was left behind")

    def test_what_is_right_runs(self):
        done = self.run_attnc("--check")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(npy.read(self.path("o.npy")).shape, (2, 4, 5, 8))

    def test_missing_input(self):
        self.refused(k=None, says=["`k`"])

    def test_unknown_input(self):
        self.refused("-i", "bias=[1]", says=["bias"])

    def test_unknown_scalar(self):
        self.refused("-p", "window=3", says=["window"])

    def test_scalar_of_the_wrong_type(self):
        self.refused("-p", "w=3.5", says=["3.5"])
        self.refused("-p", "w=99999999999999999999", says=["99999999999999999999"])

    def test_wrong_rank(self):
        npy.write(self.path("k.npy"), floats((2, 5, 8)))
        self.refused(says=["k"])

    def test_extents_that_disagree(self):
        npy.write(self.path("k.npy"), floats((2, 2, 5, 9)))
        self.refused(says=["D", "8", "9"])
        npy.write(self.path("k.npy"), floats((2, 2, 6, 8)))
        self.refused(says=["J", "6", "5"])

    def test_heads_that_do_not_group(self):
        npy.write(self.path("k.npy"), floats((2, 3, 5, 8)))
        npy.write(self.path("v.npy"), floats((2, 3, 5, 8)))
        self.refused(says=["4", "3"])

    def test_wrong_element_type(self):
        npy.write(self.path("len.npy"), npy.Array("<f4", (2,), struct.pack("<2f", 2.5, 3.0)))
        self.refused(len="len.npy", says=["len", "i32"])

    def test_damaged_files(self):
        with open(self.path("k.npy"), "rb") as file:
            good = file.read()
        header = good[10:good.index(b"\n") + 1]
        damaged = {
            "empty": b"",
            "no magic": b"hello" * 40,
            "only the magic": good[:6],
            "cut in the header": good[:40],
            "cut in the data": good[:-5],
            "too much data": good + b"1234",
            "unknown version": good[:6] + b"\x09\x00" + good[8:],
            "header longer than the file": good[:8] + b"\xff\xff" + good[10:],
            "no dictionary": good[:10] + b"x" * (len(header) - 1) + b"\n" + good[10 + len(header):],
            "negative extent": good.replace(b"(2, 2, 5, 8", b"(2, -2, 5, 8"),
            "huge extents": good.replace(b"(2, 2, 5, 8", b"(9223372036854775807, 2, 5, 8"),
            "object type": good.replace(b"<f4", b"|O8"),
            "complex type": good.replace(b"<f4", b"<c8").replace(b"8)", b"4)"),
        }
        for case, content in damaged.items():
            with self.subTest(case):
                self.write("k.npy", content)
                self.refused(says=["k.npy"])

    def test_files_that_are_none(self):
        self.refused(k="nowhere.npy", says=["nowhere.npy"])
        self.refused(k=".", says=["."])
        self.refused(k="/dev/null", says=["/dev/null"])

    def test_wrong_expressions(self):
        for text in ("[5, 5", "[5, [5]]", "randint(5)", "randint(9, 3)", "nothing(3)", "[5, 5, 5]", "[5.5, 5]"):
            with self.subTest(text):
                self.refused(len=text, says=["len"])

    def test_huge_request(self):
        self.refused("--random", "--dims", "B=1000000,H=1000000,G=1000000,I=1000000,J=1000000,D=8", q=None, k=None, v=None,
                     len=None, says=["q"])
        self.refused("--random", "--dims", "B=-1,H=2,G=2,I=4,J=4,D=8", q=None, k=None, v=None, len=None, says=["B"])

    def test_unwritable_output(self):
        os.mkdir(self.path("folder.npy"))
        for target in ("nowhere/o.npy", "folder.npy", "/proc/o.npy"):
            with self.subTest(target):
                self.refused(o=target, says=[target])

    def test_unknown_output(self):
        self.refused("-o", "weights=w.npy", says=["weights"])

    def test_usage(self):
        for words in (["run"], ["run", "--nonsense", "a.attn"], ["frobnicate", "a.attn"], []):
            with self.subTest(words):
                done = subprocess.run([ATTNC, *words], cwd=self.folder, capture_output=True, text=True, check=False)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertTrue(done.stderr.strip())

    def test_reductions_that_grow(self):
        # Each chain of reductions needs the one before at 15 names of its coordinate.
        lines, last = ["q: f32[I, D]; k: f32[J, D]; v: f32[J, E]; t: f32[M, N, R, S]"], "t > 0"
        for coordinate in "mnrs":
            lines.append(f"{coordinate}0_ = any({coordinate}: {last})")
            lines += [f"{coordinate}{n + 1}_ = any({coordinate}: ({last}) or {coordinate}{n}_)" for n in range(15)]
            last = f"{coordinate}15_"
        self.write("a.attn", ("attention a {\n" + "\n".join(lines) + f"\nmask = {last}\n}}").encode())
        done = subprocess.run([ATTNC, "a.attn", "-o", "a.o"], cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, check=False, timeout=60)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("reductions inside others", done.stderr)
        self.assertFalse(os.path.exists(self.path("a.o")))

    def test_specs_that_are_none(self):
        self.write("binary.attn", bytes(range(256)) * 8)
        self.write("empty.attn", b"")
        self.write("long.attn", b"attention a { layout mha; score = " + b"(" * 10000 + b"1" + b")" * 10000 + b" }\n")
        self.write("line.attn", b"attention a { layout mha; score = dot(q, k)" + b" + 1" * 250000 + b" }\n")
        for name in ("binary.attn", "long.attn", "line.attn", "nowhere.attn", "."):
            with self.subTest(name):
                done = subprocess.run([ATTNC, "check", name], cwd=self.folder, capture_output=True, check=False, timeout=120)
                self.assertEqual(done.returncode, 1, done.stderr[:500])
                self.assertTrue(done.stderr.strip())
        done = subprocess.run([ATTNC, "run", "empty.attn"], cwd=self.folder, capture_output=True, check=False)
        self.assertEqual(done.returncode, 1, done.stderr)


if __name__ == "__main__":
    if not ATTNC:
        sys.exit(__doc__)
    unittest.main()
