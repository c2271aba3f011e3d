#!/usr/bin/env python3
"""Executes the code blocks of a Markdown file, in order, in one empty folder that also shows the repository's files.

usage: blocks.py ATTNC SOURCE FILE.md

What stands after ``` says what a block is, and what is done with it:

  attn [NAME [WORDS]]  a program: `attnc check` accepts it without a word. Under NAME later commands find it. With words behind the
                    name `attnc run NAME --random --check WORDS` agrees with the oracle, too
  attn-error [NAME.attn] KIND..  a program: `attnc check` refuses it, with at least these kinds of diagnostic
  console           `$ command` lines, run by bash, each with what it printed below. Numbers may differ, a line of dots
                    stands for any lines; lines after a `$ ` command that has none below are not compared. A line
                    `[exit status N]` is the last of what a failing command shows
  repl              what stands after `attn> ` and `  ... ` is typed into a session, which goes on from block to block; the lines
                    below are its answer, compared as a console's
  sh                commands that must succeed, output unseen
  c, cpp, cmake, mlir, python NAME   a file for the commands that follow
  mlir              IR that `attn-opt` reads and verifies
  python            Python to look at: it is well formed (see flexattention_test.py for more)
  text              a picture or a grammar: not executed
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile

FENCE = re.compile(r"^( *)```(.*)$")
# What the tests stand in already: the repository is here and built, and they would run themselves.
OUTSIDE = re.compile(r"^(git clone |cd |\./bootstrap\.sh (build|test)\b|export PATH=)")


def blocks(path):
    """(line number, words of the info string, lines) of every block."""
    found, block = [], None
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file.read().splitlines(), 1):
            fence = FENCE.match(line)
            if fence and block is None:
                indent, block = len(fence[1]), (number, fence[2].split(), [])
            elif fence and not fence[2]:
                found.append(block)
                block = None
            elif block is not None:
                block[2].append(line[indent:])
    if block is not None:
        raise SystemExit(f"{path}:{block[0]}: the block is never closed")
    return found


def stable(line):
    """A line without what differs from run to run: numbers, the width of columns, a signal of a number's size."""
    line = re.sub(r"\x1b\[[0-9;]*m", "", line)
    line = re.sub(r"[-+]?\b\d[\d,]*(\.\d+)?(e[-+]?\d+)?", "#", line)
    return " ".join(line.split())


def matches(shown, printed):
    """Whether the lines printed are those shown; a line of dots stands for any lines."""
    if not shown:
        return not printed
    if shown[0] in ("...", "…"):
        return any(matches(shown[1:], printed[n:]) for n in range(len(printed) + 1))
    return bool(printed) and shown[0] == printed[0] and matches(shown[1:], printed[1:])


class Runner:
    def __init__(self, attnc, source, path, folder):
        self.attnc, self.path, self.folder = attnc, path, folder
        self.programs = os.path.dirname(attnc)
        for name in os.listdir(source):
            if name not in ("build", ".git"):
                os.symlink(os.path.join(source, name), os.path.join(folder, name))
        self.environment = dict(os.environ, ATTN_PROGRAMS=self.programs, ATTN_CACHE_DIR=os.path.join(folder, ".cache"), NO_COLOR="1",
                                PATH=self.programs + os.pathsep + os.environ["PATH"])
        self.failures = 0
        self.typed = []

    def fail(self, number, text):
        self.failures += 1
        print(f"{self.path}:{number}: {text}\n")

    def run(self, command):
        done = subprocess.run(command, cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        return done.returncode, done.stdout

    def write(self, name, lines):
        path = os.path.join(self.folder, name)
        if os.path.islink(path):
            os.unlink(path)
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")

    def program(self, number, words, lines):
        name = words[1] if len(words) > 1 else f"block-{number}.attn"
        self.write(name, lines)
        status, output = self.run([self.attnc, "check", name])
        if status != 0 or output:
            self.fail(number, f"attnc check: exit status {status}\n{output}")
        elif len(words) > 2:
            how = [] if "--reference" in words else ["--check"]
            status, output = self.run([self.attnc, "run", name, "--random", *how, *shlex.split(" ".join(words[2:]))])
            if status != 0:
                self.fail(number, f"attnc run {' '.join(words[1:])}: exit status {status}\n{output}")

    def wrong_program(self, number, words, lines):
        named = words[1:2] if words[1:2] and words[1].endswith(".attn") else []
        name = named[0] if named else f"block-{number}.attn"
        wanted = words[1 + len(named):]
        self.write(name, lines)
        status, output = self.run([self.attnc, "check", name])
        kinds = set(re.findall(r"\b(?:error|warning)\[([\w-]+)\]", output))
        if status != 1 or not set(wanted) <= kinds or not kinds:
            self.fail(number, f"attnc check: exit status {status}, kinds {sorted(kinds)}, expected {wanted}\n{output}")

    def console(self, number, lines):
        commands = []
        for offset, line in enumerate(lines, 1):
            if line.startswith("$ "):
                commands.append((number + offset, [line[2:]], []))
            elif commands and commands[-1][1][-1].endswith("\\"):
                commands[-1][1].append(line)
            elif commands:
                commands[-1][2].append(line)
            else:
                return self.fail(number, "a console block starts with `$ command`")
        for place, command, shown in commands:
            text = "\n".join(command)
            if OUTSIDE.match(text):
                continue
            expected = 0
            if shown and (ending := re.fullmatch(r"\[exit status (\d+)\]", shown[-1])):
                expected = int(ending[1])
                shown = shown[:-1]
            status, output = self.run(["bash", "-c", text])
            want = [stable(line) for line in shown if line.strip()]
            got = [stable(line) for line in output.splitlines() if line.strip()]
            if status != expected:
                self.fail(place, f"$ {text}\nexit status {status}, expected {expected}\n{output}")
            elif want and not matches(want, got):
                self.fail(place, f"$ {text}\nprinted\n{output}instead of\n" + "\n".join(shown))

    def session(self, number, lines):
        """What a session answers to each input, by a script in which every input is followed by one whose answer is known."""
        inputs = []
        for offset, line in enumerate(lines, 1):
            if line.startswith("attn> "):
                inputs.append((number + offset, [line[6:]], []))
            elif line.startswith("  ... ") and inputs:
                inputs[-1][1].append(line[6:])
            elif inputs:
                inputs[-1][2].append(line)
            else:
                return self.fail(number, "a repl block starts with `attn> `")
        mark, answer = "0.123456789", "float\n  0.123456789\n"
        before = len(self.typed)
        self.typed += ["\n".join(typed) for _, typed, _ in inputs]
        script = "".join(f"{typed}\n{mark}\n" for typed in self.typed)
        done = subprocess.run([self.attnc, "repl"], cwd=self.folder, env=self.environment, input=script, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        answers = done.stdout.split(answer)
        if done.returncode not in (0, 1, 3) or len(answers) != len(self.typed) + 1:
            return self.fail(number, f"the session ended with status {done.returncode}\n{done.stdout}")
        for (place, typed, shown), printed in zip(inputs, answers[before:]):
            want = [stable(line) for line in shown if line.strip()]
            got = [stable(line) for line in printed.splitlines() if line.strip()]
            if not matches(want, got):
                self.fail(place, "attn> " + "\n".join(typed) + f"\nprinted\n{printed}instead of\n" + "\n".join(shown))

    def block(self, number, words, lines):
        kind = words[0] if words else ""
        if kind == "attn":
            self.program(number, words, lines)
        elif kind == "attn-error":
            self.wrong_program(number, words, lines)
        elif kind == "console":
            self.console(number, lines)
        elif kind == "repl":
            self.session(number, lines)
        elif kind == "sh":
            for offset, line in enumerate("\n".join(lines).replace("\\\n", " ").splitlines(), 1):
                if line and not line.startswith("#") and not OUTSIDE.match(line):
                    status, output = self.run(["bash", "-c", line])
                    if status != 0:
                        self.fail(number + offset, f"$ {line}\nexit status {status}\n{output}")
        elif kind in ("c", "cpp", "cmake", "mlir", "python") and len(words) == 2:
            self.write(words[1], lines)
        elif kind == "python":
            try:
                compile("\n".join(lines), self.path, "exec")
            except SyntaxError as error:
                self.fail(number, str(error))
        elif kind == "mlir":
            self.write(f"block-{number}.mlir", lines)
            status, output = self.run([os.path.join(self.programs, "attn-opt"), f"block-{number}.mlir"])
            if status != 0:
                self.fail(number, f"attn-opt: exit status {status}\n{output}")
        elif kind != "text":
            self.fail(number, f"what is a block `{' '.join(words)}`? (see {os.path.basename(__file__)})")


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    attnc, source, path = map(os.path.abspath, sys.argv[1:])
    with tempfile.TemporaryDirectory() as folder:
        runner = Runner(attnc, source, path, folder)
        found = blocks(path)
        for number, words, lines in found:
            runner.block(number, words, lines)
    print(f"{path}: {len(found)} blocks, {runner.failures} failures")
    return 1 if runner.failures else 0


if __name__ == "__main__":
    sys.exit(main())
