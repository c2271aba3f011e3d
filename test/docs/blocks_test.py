#!/usr/bin/env python3
"""The runner of code blocks itself: that a wrong block fails."""

import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
import blocks


class Blocks(unittest.TestCase):
    def failures(self, text, attnc="/bin/true"):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "page.md")
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            work = os.path.join(folder, "work")
            source = os.path.join(folder, "source")
            os.mkdir(work)
            os.mkdir(source)
            runner = blocks.Runner(attnc, source, path, work)
            for number, words, lines in blocks.blocks(path):
                runner.block(number, words, lines)
            return runner.failures

    def test_output_is_compared_but_for_numbers(self):
        self.assertEqual(self.failures("```console\n$ echo took 12.5 ms, error 1e-07\ntook 9 ms, error 2.5e-6\n```\n"), 0)
        self.assertEqual(self.failures("```console\n$ echo took 12.5 ms\ntook 12.5 s\n```\n"), 1)
        self.assertEqual(self.failures("```console\n$ printf 'a\\nb\\nc\\n'\na\n...\nc\n```\n"), 0)
        self.assertEqual(self.failures("```console\n$ printf 'a\\nb\\nc\\n'\na\n...\nd\n```\n"), 1)

    def test_exit_status_is_compared(self):
        self.assertEqual(self.failures("```console\n$ false\n```\n"), 1)
        self.assertEqual(self.failures("```console\n$ false\n[exit status 1]\n```\n"), 0)
        self.assertEqual(self.failures("```sh\ntrue\nfalse\n```\n"), 1)

    def test_programs_are_checked(self):
        program = "```attn\nattention a { layout mha }\n```\n"
        self.assertEqual(self.failures(program), 0)
        self.assertEqual(self.failures(program, "/bin/false"), 1)
        self.assertEqual(self.failures("```attn-error unknown-name\nx\n```\n", "/bin/false"), 1)

    def test_sessions_are_compared_answer_by_answer(self):
        with tempfile.TemporaryDirectory() as folder:
            # Answers each line with itself, and the known one with what it is known for.
            attnc = os.path.join(folder, "attnc")
            with open(attnc, "w", encoding="utf-8") as file:
                file.write("#!/bin/sh\nwhile read -r line; do\n  case $line in 0.123456789) printf 'float\\n  0.123456789\\n';;\n"
                           "  *) echo \"$line\";; esac\ndone\n")
            os.chmod(attnc, 0o755)
            self.assertEqual(self.failures("```repl\nattn> a\na\nattn> b\n  ... c\nb\nc\n```\n", attnc), 0)
            self.assertEqual(self.failures("```repl\nattn> a\na\n```\n```repl\nattn> b\nb\n```\n", attnc), 0)
            self.assertEqual(self.failures("```repl\nattn> a\nb\n```\n", attnc), 1)
            self.assertEqual(self.failures("```repl\nattn> a\nattn> b\nb\n```\n", attnc), 1)
            self.assertEqual(self.failures("```repl\na\n```\n", attnc), 1)

    def test_unknown_blocks_fail(self):
        self.assertEqual(self.failures("```\nx\n```\n"), 1)
        self.assertEqual(self.failures("```haskell\nx\n```\n"), 1)
        self.assertEqual(self.failures("```text\nx\n```\n"), 0)


if __name__ == "__main__":
    unittest.main()
