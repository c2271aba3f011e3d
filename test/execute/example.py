#!/usr/bin/env python3
"""Runs an example the ways its head comment says, each against the float64 oracle.

usage: example.py ATTNC SPEC

A line `# try: ARGUMENTS` in the head comment holds arguments of `attnc run`; inputs that they don't give are random. The
first of them is run again on several threads, which must give bitwise the same output.
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile


def tries(path):
    with open(path, encoding="utf-8") as file:
        return [shlex.split(line[len("# try:"):]) for line in file if line.startswith("# try:")]


def run(command):
    print("$ " + shlex.join(command), flush=True)
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    print(done.stdout + done.stderr, end="", flush=True)
    return done


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    attnc, spec = sys.argv[1:]
    lines = tries(spec)
    if len(lines) < 2:
        sys.exit(f"{spec}: the head comment needs at least two lines '# try: ...' of different sizes")
    failures, output = 0, "o"
    for arguments in lines:
        done = run([attnc, "run", spec, "--random", "--check", *arguments])
        checked = re.search(r"error", done.stdout) and re.search(r"bound|tolerance", done.stdout)
        if named := re.match(r"(\w+): ", done.stdout):
            output = named[1]
        if done.returncode != 0 or not checked:
            print(f"FAILED: exit status {done.returncode}" + ("" if checked else ", and no error and bound were printed"))
            failures += 1

    with tempfile.TemporaryDirectory() as folder:
        outputs = []
        for threads in ("1", "3"):
            path = os.path.join(folder, f"o{threads}.npy")
            done = run([attnc, "run", spec, "--random", "--threads", threads, *lines[0], "-o", f"{output}={path}"])
            if done.returncode == 0:
                with open(path, "rb") as file:
                    outputs.append(file.read())
        if len(outputs) != 2 or outputs[0] != outputs[1]:
            print("FAILED: one and three threads give different outputs")
            failures += 1
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
