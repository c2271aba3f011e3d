#!/usr/bin/env python3
"""Nobody waits: start-up and the way from a definition to a run kernel. What is measured is the processor's time, the best of several runs:
on a machine with nothing else to do that is what a person waits.

usage: latency_test.py ATTNC SPEC.attn
"""

import os
import resource
import subprocess
import sys
import tempfile
import unittest

from terminal import PROMPT, Terminal

ATTNC, SPEC = (os.path.abspath(path) for path in sys.argv[1:3])
del sys.argv[1:3]
REPEAT = 7

BEFORE = "layout gqa\nmask = causal\nslopes: f32[H]\n:dims B=1 H=4 G=2 I=64 J=64 D=64\n:random\n:run\n"


def milliseconds(action):
    """Processor time of the processes that an action starts and waits for."""
    best = float("inf")
    for _ in range(REPEAT):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        action()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        best = min(best, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return 1000 * best


def attnc(*words, script=""):
    done = subprocess.run([ATTNC, *words], input=script, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                          env=dict(os.environ, ATTN_CACHE_DIR=""))
    assert done.returncode == 0, done.stdout


class LatencyTest(unittest.TestCase):
    def within(self, limit, took, what):
        print(f"{what}: {took:.0f} ms, limit {limit} ms")
        self.assertLessEqual(took, limit, what)

    def test_start(self):
        self.within(40, milliseconds(lambda: attnc("--help")), "attnc --help")
        self.within(40, milliseconds(lambda: attnc("check", SPEC)), "attnc check")

    def test_prompt(self):
        def session():
            with tempfile.TemporaryDirectory() as folder:
                terminal = Terminal([ATTNC, "repl"], folder)
                terminal.wait(PROMPT)
                assert terminal.close(keys="\x04") == 0
        self.within(80, milliseconds(session), "the prompt, and leaving")

    def test_redefinition(self):
        before = milliseconds(lambda: attnc("repl", script=BEFORE))
        for line in ("mask = causal and window(9)", "score = dot(q, k) / sqrt(D) |> softcap(50.0) |> alibi(slopes)", "layout gqa(bf16)",
                     "weight = sigmoid(score)"):
            after = milliseconds(lambda text=line: attnc("repl", script=f"{BEFORE}{text}\n:run\n"))
            self.within(150, after - before, f"`{line}` to its run")


if __name__ == "__main__":
    unittest.main()
