#!/usr/bin/env python3
"""The session at a pseudo-terminal: keys in, screen out.

usage: terminal_test.py ATTNC
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from terminal import MORE, PROMPT, Terminal

ATTNC = os.path.abspath(sys.argv.pop(1))


class SessionTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def start(self, *arguments, **environment):
        terminal = Terminal([ATTNC, "repl", *arguments], self.folder.name, **environment)
        terminal.wait(PROMPT)
        terminal.wait_for_keys()
        return terminal

    def leave(self, terminal):
        self.assertEqual(terminal.close(keys="\x04"), 0)

    def test_only_the_prompt_is_coloured(self):
        terminal = self.start()
        terminal.enter("1 + 1")
        self.assertEqual(terminal.raw.count("\x1b[1;32mattn>\x1b[0m "), 2, repr(terminal.raw))
        self.leave(terminal)

    def test_an_expression_shows_its_coordinates_and_its_value(self):
        terminal = self.start()
        self.assertIn("bool over i, j (its value needs I, J)", terminal.enter("causal"))
        terminal.enter(":dims I=2 J=3")
        answer = terminal.enter("causal")
        self.assertIn("bool over i, j: 2 × 3\n    j 0 1 2\n  i 0 1 . .\n  i 1 1 1 .\n", answer)
        self.leave(terminal)

    def test_an_error_looks_as_in_a_file_and_ends_nothing(self):
        terminal = self.start()
        answer = terminal.enter("causl and window(3)")
        self.assertIn("<input>:1:1: error[unknown-name]: unknown name `causl`\n  1 | causl and window(3)\n    | ^^^^^\n", answer)
        self.assertIn("\x1b[1;31m", terminal.raw)
        self.assertIn("there is no command `:rum`; did you mean `:run`?", terminal.enter(":rum"))
        self.assertIn("bool over i, j", terminal.enter("causal"))
        self.leave(terminal)

    def test_no_colour_where_it_is_not_wanted(self):
        terminal = self.start(NO_COLOR="1")
        terminal.enter("causl")
        self.assertNotIn("\x1b[1;31m", terminal.raw)
        self.assertNotIn("\x1b[1;32m", terminal.raw)
        self.leave(terminal)

    def test_a_block_goes_on_until_it_is_complete(self):
        terminal = self.start()
        terminal.type("def two_sided(w) {\r")
        terminal.wait(MORE)
        terminal.type("distance = abs(i - j)\r")
        terminal.wait(MORE)
        terminal.type("distance <=\r")
        terminal.wait(MORE)
        terminal.type("w\r")
        terminal.wait(MORE)
        self.assertNotIn("error", terminal.enter("}"))
        self.assertIn("bool over i, j", terminal.enter("two_sided(3)"))
        # An empty line gives up on a bracket; the message is the file's.
        terminal.type("min(1,\r")
        terminal.wait(MORE)
        self.assertIn("error[unclosed-bracket]", terminal.enter(""))
        self.leave(terminal)

    def test_completion(self):
        terminal = self.start()
        terminal.type("squared_d\t")
        terminal.wait("squared_distance")
        terminal.type("\x15:rel\t\r")
        self.assertIn("no file was loaded yet", terminal.wait(PROMPT))
        # Nothing more is certain: the ways to go on are listed.
        terminal.type("rope\t")
        listing = terminal.wait("rope_partial")
        self.assertIn("rope", listing)
        terminal.type("\x15")
        terminal.enter("mask = causal")
        terminal.type("layout mha_\t")
        terminal.wait("layout mha_bshd")
        terminal.type("\r")
        terminal.wait(PROMPT)
        terminal.enter("def my_very_own_mask = j < 3")
        terminal.type("my_v\t\r")
        self.assertIn("bool over j", terminal.wait(PROMPT))
        with open(os.path.join(self.folder.name, "spec.attn"), "w", encoding="utf-8") as file:
            file.write("attention a { layout mha }\n")
        terminal.type(":load sp\t\r")
        self.assertIn("a", terminal.wait(PROMPT))
        terminal.type(":ir coor\t\r")
        self.assertIn("attn.kernel", terminal.wait(PROMPT))
        self.leave(terminal)

    def test_history_outlives_the_session(self):
        terminal = self.start()
        terminal.enter("1234 + 1")
        terminal.type("def block {\r")
        terminal.wait(MORE)
        terminal.enter("i + 1 }")
        self.leave(terminal)
        self.assertTrue(os.path.exists(os.path.join(self.folder.name, "state", "attn", "history")))
        terminal = self.start()
        terminal.type("\x1b[A\x1b[A\r")
        self.assertIn("1235", terminal.wait(PROMPT))
        # A block is one entry.
        terminal.type("\x1b[A\x1b[A\r")
        terminal.wait(PROMPT)
        self.assertIn("int over i", terminal.enter("block"))
        terminal.wait_for_keys()
        terminal.type("\x1234 +\r\r")
        self.assertIn("1235", terminal.wait("int") + terminal.wait(PROMPT))
        self.leave(terminal)

    def test_a_pasted_text_is_one_input(self):
        terminal = self.start()
        terminal.enter(":dims B=1 H=1 I=4 J=4 D=8")
        terminal.enter(":random")
        terminal.type("\x1b[200~attention pasted {\n  layout mha\n\tscore = dot(q, k) / sqrt(D)\n    |> softcap(50.0)\n}\n\x1b[201~\r")
        terminal.wait(PROMPT)
        self.assertIn("o: error", terminal.enter(":check"))
        self.leave(terminal)

    def test_a_pasted_text_may_be_several_inputs(self):
        terminal = self.start()
        text = "mask = causal\ndef f(x) {\n  x + 1\n}\n\n:dims I=2 J=2\nmask\n  and window(1)\nf(nothing)\n1 + 1"
        terminal.type(f"\x1b[200~{text}\x1b[201~\r")
        answer = terminal.wait(PROMPT)
        for part in ("attn> mask = causal\n", "mask: bool over i, j", "attn> :dims I=2 J=2\nI=2 J=2\n",
                     "attn> mask\n  and window(1)\nbool over i, j: 2 × 2\n    j 0 1\n  i 0 1 .\n  i 1 . 1\n", "unknown name `nothing`",
                     "attn> 1 + 1\nint\n  2\n"):
            self.assertIn(part, answer)
        # Ctrl-C drops what is left of it.
        terminal.enter(":random")
        terminal.type("\x1b[200~:dims B=1 H=64 I=16384 J=16384 D=16\nscore = dot(q, k)\n:run\n1 + 2\n\x1b[201~\r")
        terminal.wait("attn> :run")
        time.sleep(1)
        terminal.type("\x03")
        answer = terminal.wait(PROMPT)
        self.assertIn("stopped", answer)
        self.assertNotIn("1 + 2", answer)
        self.leave(terminal)

    def test_control_c_at_the_prompt_drops_the_line(self):
        terminal = self.start()
        terminal.type("1 + 1 +\x03")
        terminal.wait("^C")
        terminal.wait(PROMPT)
        self.assertIn("int\n  7", terminal.enter("3 + 4"))
        terminal.type("def f(x) {\r")
        terminal.wait(MORE)
        terminal.type("\x03")
        terminal.wait(PROMPT)
        self.assertIn("int\n  7", terminal.enter("3 + 4"))
        self.leave(terminal)

    def interrupt(self, terminal, command, seconds=20):
        """Stops a command that would take long."""
        terminal.type(command + "\r")
        time.sleep(1)
        start = time.monotonic()
        terminal.type("\x03")
        answer = terminal.wait(PROMPT, seconds)
        self.assertIn("stopped", answer)
        self.assertLess(time.monotonic() - start, seconds)
        self.assertIn("int\n  2", terminal.enter("1 + 1"))

    def test_control_c_stops_a_kernel(self):
        terminal = self.start("--threads", "1")
        terminal.enter("score = dot(q, k)")
        terminal.enter(":random")
        terminal.enter(":dims B=1 H=64 I=32768 J=32768 D=16", 60)
        self.interrupt(terminal, ":run", 60)
        # The session goes on as if nothing had been.
        terminal.enter(":dims H=1 I=16 J=16")
        self.assertIn("o: error", terminal.enter(":check"))
        self.leave(terminal)

    def test_control_c_stops_the_oracle(self):
        terminal = self.start()
        terminal.enter("weight = sparsemax(score)")
        terminal.enter("o = sum(j: weight * v)")
        terminal.enter(":random")
        terminal.enter(":dims B=1 H=8 I=1024 J=65536 D=16", 60)
        self.interrupt(terminal, "sum(j: weight)", 60)
        self.leave(terminal)

    def test_control_c_stops_a_comparison(self):
        terminal = self.start()
        terminal.enter("mask = causal")
        terminal.enter(":random")
        terminal.enter(":dims B=1 H=8 I=2048 J=2048 D=16")
        self.interrupt(terminal, ":check", 60)
        self.leave(terminal)

    def test_control_c_stops_the_making_of_inputs(self):
        terminal = self.start()
        terminal.enter("mask = causal")
        terminal.enter(":random")
        terminal.enter(":dims B=1 H=1 I=1000000 J=1000000 D=256")
        self.interrupt(terminal, ":run", 20)
        terminal.enter(":dims I=16 J=16 D=16")
        self.assertIn("o: error", terminal.enter(":check"))
        self.leave(terminal)

    @staticmethod
    def policies(terminal):
        """How the threads of a session are scheduled."""
        return [os.sched_getscheduler(int(thread)) for thread in os.listdir(f"/proc/{terminal.pid}/task")]

    def slow_to_compile(self, terminal):
        """A score of some thousand operations, in one def that doubles and isn't the same twice."""
        terminal.enter(":dims B=1 H=1 I=16 J=16 D=16")
        terminal.enter(":random")
        terminal.enter("def f0(x, n) = tanh(x * n + 0.5) + exp(-abs(x - n))")
        for n in range(1, 12):
            terminal.enter(f"def f{n}(x, n) = f{n - 1}(x, n) + f{n - 1}(x, n + {2 ** (n - 1)})")
        terminal.enter("score = dot(q, k) |> f11(1)")

    def test_control_c_stops_a_compilation(self):
        terminal = self.start(ATTN_CACHE_DIR="")
        self.slow_to_compile(terminal)
        for command in (":run", ":asm", ":bench"):
            self.interrupt(terminal, command, 5)
        # What goes on in the background takes no processor from anybody, is no obstacle, and none to leaving.
        self.assertIn(os.SCHED_IDLE, self.policies(terminal))
        self.assertEqual(os.sched_getscheduler(terminal.pid), os.SCHED_OTHER)
        terminal.enter("score = dot(q, k)")
        self.assertIn("o: error", terminal.enter(":check"))
        self.leave(terminal)

    def test_control_c_stops_a_picture(self):
        terminal = self.start()
        terminal.enter("score = dot(q, k)")
        terminal.enter(":random")
        terminal.enter(":dims B=1 H=1 I=3000 J=300000 D=256", 60)
        self.interrupt(terminal, ":show weights", 5)
        self.leave(terminal)

    def test_control_c_ends_a_script(self):
        script = "score = dot(q, k)\n:random\n:dims B=1 H=64 I=32768 J=32768 D=16\n:run\n1 + 1\n"
        with subprocess.Popen([ATTNC, "repl", "--threads", "1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True) as process:
            process.stdin.write(script)
            process.stdin.close()
            time.sleep(2)
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(10), -signal.SIGINT)
            self.assertNotIn("int", process.stdout.read())

    def test_keys_that_mean_nothing_do_nothing(self):
        terminal = self.start()
        for keys in ("\x00", "\x1c", "\x1d", "\x1e", "\x1f", "\x07", "\x1bOP", "\x1b[15~", "\x1b[200~\x1b[201~"):
            terminal.type(keys)
            time.sleep(0.05)
            self.assertTrue(terminal.alive(), repr(keys))
        terminal.type("\x15")
        self.assertIn("int\n  2", terminal.enter("1 + 1"))
        self.leave(terminal)

    def test_control_d_typed_ahead_leaves(self):
        terminal = self.start("--threads", "1")
        terminal.enter("score = dot(q, k)")
        terminal.enter(":random")
        terminal.enter(":dims B=1 H=8 I=4096 J=4096 D=16", 60)
        terminal.type(":run\r")
        time.sleep(0.1)
        terminal.type("\x04")
        self.assertEqual(terminal.close(60), 0)

    def test_the_end_of_the_terminal_ends_the_session(self):
        terminal = self.start()
        os.kill(terminal.pid, signal.SIGHUP)
        self.assertEqual(terminal.close(), -signal.SIGHUP)

    def test_letters_outside_ascii_and_a_narrow_window(self):
        terminal = self.start(columns=30)
        self.assertIn("error[unexpected-character]", terminal.enter("1 + 2 × 3"))
        self.leave(terminal)


if __name__ == "__main__":
    unittest.main()
