#!/usr/bin/env python3
"""What the session leaves on a real terminal's screen: a terminal emulator takes what is printed, and its cells are looked at.

usage: screen_test.py ATTNC
"""

import os
import signal
import struct
import sys
import tempfile
import termios
import fcntl
import unittest

from terminal import PROMPT, Terminal

# Debian's package belongs to Debian's Python; it is nothing but Python.
sys.path.append("/usr/lib/python3/dist-packages")
try:
    import pyte
except ImportError:
    print("skipped: no pyte, the terminal emulator (Debian: python3-pyte)")
    sys.exit(77)

ATTNC = os.path.abspath(sys.argv.pop(1))
LONG = "one line that goes on and on for longer than the window of the terminal is wide so that it takes two rows of it"


class Screen:
    def __init__(self, arguments, folder, columns=80, rows=24, **environment):
        self.cells = pyte.Screen(columns, rows)
        self.stream = pyte.Stream(self.cells)
        self.fed = 0
        self.terminal = Terminal(arguments, folder, columns, **environment)

    def resize(self, columns, rows=24):
        self.update()
        self.cells.resize(rows, columns)
        fcntl.ioctl(self.terminal.descriptor, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))

    def update(self):
        self.stream.feed(self.terminal.raw[self.fed:])
        self.fed = len(self.terminal.raw)

    def settle(self):
        """Takes in what is printed until nothing is for a while."""
        while self.terminal.read(0.4):
            pass
        self.update()

    def type(self, keys):
        self.terminal.type(keys)
        self.settle()

    def lines(self):
        lines = [line.rstrip() for line in self.cells.display]
        while lines and not lines[-1]:
            lines.pop()
        return lines


class ScreenTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def start(self, arguments=None, wait=PROMPT, **options):
        screen = Screen(arguments or [ATTNC, "repl"], self.folder.name, **options)
        screen.terminal.wait(wait)
        screen.settle()
        self.addCleanup(lambda: screen.terminal.alive() and os.kill(screen.terminal.pid, signal.SIGKILL))
        return screen

    def test_control_c_in_the_middle_of_a_long_line(self):
        screen = self.start()
        screen.type(LONG)
        screen.type("\x01")
        screen.type("\x03")
        whole = "attn> " + LONG
        self.assertEqual(screen.lines()[1:], [whole[:80].rstrip(), whole[80:] + "^C", "attn>"])
        screen.type("1 + 1\r")
        self.assertEqual(screen.lines()[-4:], ["attn> 1 + 1", "int", "  2", "attn>"])

    def test_another_width(self):
        for columns in (50, 100):
            screen = self.start()
            screen.type(LONG)
            screen.resize(columns)
            screen.settle()
            whole = "attn> " + LONG
            rows = [whole[n:n + columns].rstrip() for n in range(0, len(whole), columns)]
            self.assertEqual(screen.lines()[-len(rows):], rows)
            screen.type("\x7f\x7f")
            rows[-1] = rows[-1][:-2].rstrip()
            self.assertEqual(screen.lines()[-len(rows):], rows)
            # What stood above is still there.
            self.assertTrue(screen.lines()[0].startswith("attnc repl: "))
            self.assertEqual(len(screen.lines()), 1 + len(rows))

    def test_a_stopped_session_goes_on(self):
        screen = self.start(["/bin/bash", "--norc", "-i"], "$ ", PS1="$ ")
        screen.type(f"{ATTNC} repl --threads 1\r")
        screen.terminal.wait(PROMPT)
        screen.type("20 + 1")
        screen.type("\x1a")
        screen.type("fg\r")
        self.assertEqual(screen.lines()[-1], "attn> 20 + 1")
        screen.type("\x15")
        screen.type("20 + 2\r")
        self.assertEqual(screen.lines()[-4:], ["attn> 20 + 2", "int", "  22", "attn>"])
        # While something runs.
        for line in ("score = dot(q, k)", ":random", ":dims B=1 H=64 I=16384 J=16384 D=16"):
            screen.type(line + "\r")
        screen.type(":run\r")
        screen.type("\x1a")
        screen.type("fg\r")
        screen.type("\x03")
        screen.terminal.wait("stopped")
        screen.settle()
        self.assertEqual(screen.lines()[-1], "attn>")
        screen.type("20 + 3\r")
        self.assertEqual(screen.lines()[-4:], ["attn> 20 + 3", "int", "  23", "attn>"])


if __name__ == "__main__":
    unittest.main()
