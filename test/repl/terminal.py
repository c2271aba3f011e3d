"""A program in a pseudo-terminal: keys go in, and what a person would see comes out."""

import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import fcntl
import time

# A prompt that waits for a new line: the program has just asked for pasted text to be marked. A prompt that is only drawn again lacks this.
READY = "\x1b[?2004h"
PROMPT, MORE = "▸attn> ", "▸  ... "
# What a terminal takes as instructions: colours, cursor movements, modes.
INSTRUCTION = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]")


class Terminal:
    """`screen` is all that was ever printed, without instructions to the terminal."""

    def __init__(self, arguments, folder, columns=100, **environment):
        self.screen = ""
        self.raw = ""
        self.seen = 0
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.environ.update(TERM="xterm", LC_ALL="C.UTF-8", HOME=folder, XDG_STATE_HOME=os.path.join(folder, "state"))
            os.environ.pop("NO_COLOR", None)
            os.environ.update(environment)
            try:
                os.execv(arguments[0], arguments)
            finally:
                os._exit(127)
        fcntl.ioctl(self.descriptor, termios.TIOCSWINSZ, struct.pack("4H", 40, columns, 0, 0))

    def read(self, seconds):
        """Takes in what is printed within some seconds; False where nothing is."""
        ready, _, _ = select.select([self.descriptor], [], [], seconds)
        if not ready:
            return False
        try:
            data = os.read(self.descriptor, 65536)
        except OSError:
            return False
        self.raw += data.decode("utf-8", "replace")
        self.screen = INSTRUCTION.sub("", self.raw.replace(READY, "▸")).replace("\r", "")
        return bool(data)

    def wait(self, text, seconds=60):
        """Waits until `text` appears behind what was waited for before; what stands between is the result."""
        end = time.monotonic() + seconds
        while text not in self.screen[self.seen:]:
            if not self.read(max(0.0, end - time.monotonic())):
                if time.monotonic() < end and self.alive():
                    continue
                raise AssertionError(f"{text!r} did not appear within {seconds} s; the screen since:\n{self.screen[self.seen:]}")
        at = self.screen.index(text, self.seen)
        between = self.screen[self.seen:at]
        self.seen = at + len(text)
        return between

    def wait_for_keys(self, seconds=60):
        """Waits until keys are the program's: libedit draws the prompt first, and until it has taken the terminal a Ctrl-R is the terminal's."""
        end = time.monotonic() + seconds
        while termios.tcgetattr(self.descriptor)[3] & termios.ICANON and time.monotonic() < end:
            time.sleep(0.005)

    def type(self, keys):
        os.write(self.descriptor, keys.encode())

    def enter(self, line, seconds=60):
        """Types a line; what it answers before the next prompt."""
        self.type(line + "\r")
        return self.wait(PROMPT, seconds)

    def alive(self):
        try:
            return os.waitpid(self.pid, os.WNOHANG) == (0, 0)
        except ChildProcessError:
            return False

    def close(self, seconds=20, keys=""):
        """Waits for the program's end; its exit status. `keys` ask for it, every second where the program wasn't listening yet."""
        end, again = time.monotonic() + seconds, 0.0
        while time.monotonic() < end:
            if keys and time.monotonic() >= again:
                again = time.monotonic() + 1
                try:
                    self.type(keys)
                except OSError:
                    pass
            self.read(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                os.close(self.descriptor)
                return os.waitstatus_to_exitcode(status)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        sys.exit(f"the program did not end; the screen:\n{self.screen}")
