#!/usr/bin/env python3
"""The cache of compiled kernels, through `attnc run --time`: what comes from it, what must not, and what happens when it is damaged.

usage: cache.py ATTNC
"""

import os
import re
import subprocess
import sys
import tempfile
import unittest

ATTNC = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else ""
DIMS = "B=1,H=2,I=33,J=65,D=16"
BUILD_ID = re.compile(rb"\x04\0\0\0(.)\0\0\0\x03\0\0\0GNU\0", re.DOTALL)


class Cache(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = scratch.name
        self.cache = os.path.join(self.folder, "cache")
        self.write("a.attn", "attention a { layout mha; mask = causal; out o, lse }\n")

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def start(self, *arguments, spec="a.attn", attnc=ATTNC, **variables):
        environment = dict(os.environ, ATTN_CACHE_DIR=self.cache) | variables
        dims = [] if "--dims" in arguments else ["--dims", DIMS]
        return subprocess.Popen([attnc, "run", spec, "--time", "--random", "--check", *dims, *arguments], cwd=self.folder, env=environment, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def finish(self, process):
        """Its stages by name, of a run whose outputs are right."""
        output, error = process.communicate()
        self.assertEqual(process.returncode, 0, output + error)
        self.assertIn("bound", output)
        return {name: float(time) for name, time in re.findall(r"^(.*?)\s+([0-9.]+) ms$", error, re.MULTILINE)}

    def run_it(self, *arguments, **options):
        return self.finish(self.start(*arguments, **options))

    def hits(self, *arguments, **options):
        stages = self.run_it(*arguments, **options)
        self.assertEqual("cache: hit" in stages, "machine code" not in stages, stages)
        return "cache: hit" in stages

    def files(self):
        return [os.path.join(self.cache, name) for name in os.listdir(self.cache) if len(name) > 40]

    def test_a_second_run_compiles_nothing(self):
        first = self.run_it()
        self.assertIn("cache: miss", first)
        self.assertIn("cache: write", first)
        second = self.run_it()
        self.assertTrue({"irgen", "lower", "llvm dialect", "machine code"}.isdisjoint(second), second)
        self.assertLess(second["cache: hit"] + second["load"], 50)
        self.assertEqual(len(self.files()), 1)

    def test_what_differs_is_compiled(self):
        self.assertFalse(self.hits())
        self.write("b.attn", "attention a { layout mha; mask = causal; out o, lse } # another text\n")
        self.write("variants.attn", "def near(w) = abs(i - j) <= w\n")
        self.write("c.attn", 'import "variants.attn"\nattention a { layout mha; mask = near(3); out o }\n')
        self.assertFalse(self.hits(spec="b.attn"))
        self.assertFalse(self.hits(spec="c.attn"))
        self.assertTrue(self.hits(spec="c.attn"))
        self.write("variants.attn", "def near(w) = abs(i - j) < w\n")
        self.assertFalse(self.hits(spec="c.attn"))
        self.assertFalse(self.hits("-O"))
        self.assertFalse(self.hits("--dims", "B=1,H=2,I=33,J=65,D=8"))
        self.assertFalse(self.hits("--set", "J=65"))
        self.assertTrue(self.hits("--dims", "B=3,H=1,I=77,J=9,D=16"))
        # Few queries have a kernel of their own.
        self.assertFalse(self.hits("--dims", "B=3,H=1,I=7,J=9,D=16"))
        self.assertTrue(self.hits("--dims", "B=3,H=1,I=3,J=90,D=16"))
        self.assertTrue(self.hits("-O"))

    def test_another_cpu_is_compiled_for(self):
        if "x86" not in os.uname().machine:
            self.skipTest("the names of CPUs here are those of x86-64")
        self.assertFalse(self.hits("--cpu=x86-64"))
        self.assertFalse(self.hits("--cpu=x86-64-v2"))
        self.assertTrue(self.hits("--cpu=x86-64"))

    def test_another_build_of_the_compiler_compiles(self):
        self.assertFalse(self.hits())
        with open(ATTNC, "rb") as file:
            program = bytearray(file.read())
        note = BUILD_ID.search(program)
        program[note.end()] ^= 1
        other = self.path("attnc-other")
        with open(other, "wb") as file:
            file.write(program)
        os.chmod(other, 0o755)
        self.assertFalse(self.hits(attnc=other))
        self.assertTrue(self.hits(attnc=other))
        self.assertTrue(self.hits())

    def test_a_session_compiles_for_its_run_alone(self):
        done = subprocess.run([ATTNC, "repl", "a.attn"], input=f":dims {DIMS.replace(',', ' ')}\n:random\n:run\n:check\n:bench\n", cwd=self.folder,
                              env=dict(os.environ, ATTN_CACHE_DIR=self.cache), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)
        # One kernel, what searches for its visible keys alone for :bench, and nothing for another number of queries.
        self.assertEqual(len(self.files()), 2)
        self.assertTrue(self.hits())

    def test_damage_is_repaired(self):
        self.run_it()
        file, = self.files()
        with open(file, "rb") as content:
            whole = content.read()
        changed = bytearray(whole)
        changed[len(whole) // 2] ^= 4
        for bad in (b"", whole[:20], whole[:-1], bytes(changed), whole + b"more", os.urandom(5000)):
            with open(file, "wb") as content:
                content.write(bad)
            self.assertIn("cache: damaged", self.run_it())
            self.assertTrue(self.hits())

    def test_processes_at_once(self):
        running = [self.start() for _ in range(6)]
        for process in running:
            self.finish(process)
        self.assertTrue(self.hits())
        others = set(os.listdir(self.cache)) - {os.path.basename(file) for file in self.files()}
        self.assertLessEqual(others, {"llvmcache.timestamp"})

    def test_it_can_be_switched_off(self):
        for arguments, variables in (["--no-cache"], {}), ([], {"ATTN_CACHE_DIR": ""}):
            for _ in range(2):
                stages = self.run_it(*arguments, **variables)
                self.assertFalse([name for name in stages if name.startswith("cache")], stages)
        self.assertFalse(os.path.exists(self.cache))

    def test_a_folder_that_is_no_good_is_named(self):
        self.write("cache", "a file")
        self.assertIn(f"cache: {self.cache} is not a folder that can be read", self.run_it())
        os.remove(self.cache)
        os.mkdir(self.cache)
        os.chmod(self.cache, 0o777)
        self.assertIn(f"cache: others may write to {self.cache}; `chmod go-w` it", self.run_it())
        self.assertEqual(os.listdir(self.cache), [])
        stages = self.run_it(ATTN_CACHE_DIR="/proc/nowhere")
        self.assertTrue([name for name in stages if name.startswith("cache: cannot make /proc/nowhere")], stages)


if __name__ == "__main__":
    if not ATTNC:
        sys.exit(__doc__)
    unittest.main(argv=sys.argv[:1])
