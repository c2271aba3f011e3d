#!/usr/bin/env python3
"""What the object and header of a spec promise to a C program.

usage: header.py ATTNC CC CXX SPEC SPEC

The headers of two specs compile together and alone, as C99 and as C++, with warnings as errors; the objects link into one
program and need nothing but libc; a spec with an error leaves no file behind.
"""

import os
import re
import subprocess
import sys
import tempfile

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Wconversion", "-Wshadow"]
LIBC = re.compile(r"^(malloc|free|aligned_alloc|posix_memalign|mem(cpy|set|move|cmp)|v?snprintf|abort|str\w+|__\w+_chk|"
                  r"__stack_chk_fail|_GLOBAL_OFFSET_TABLE_|__cpu_model|__cpu_indicator_init)$")


def run(*command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"$ {' '.join(command)}\nexit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def main():
    if len(sys.argv) != 6:
        sys.exit(__doc__)
    attnc, cc, cxx, *specs = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        names = []
        for number, spec in enumerate(specs):
            name = f"kernel{number}"
            names.append(name)
            run(attnc, spec, "-o", f"{name}.o")
            for line in run("nm", "-u", f"{name}.o").splitlines():
                symbol = line.split()[-1]
                if not LIBC.match(symbol):
                    sys.exit(f"{spec}: the object needs {symbol}, which libc does not have")

        sources = [f'#include "{name}.h"\n' for name in names]
        sources.append("".join(sources))
        sources.append(sources[2] + sources[2])
        for number, source in enumerate(sources):
            write(f"unit{number}.c", source + f"int unit{number}(void);\nint unit{number}(void) {{ return 0; }}\n")
            run(cc, "-std=c99", *WARNINGS, "-I.", "-c", f"unit{number}.c", "-o", f"unit{number}.o")
            for standard in ("c++11", "c++20"):
                run(cxx, f"-std={standard}", *WARNINGS, "-x", "c++", "-fsyntax-only", "-I.", f"unit{number}.c")
        write("main.c", sources[2] + "int main(void) { return 0; }\n")
        run(cc, "-std=c99", *WARNINGS, "-I.", "main.c", *(f"{name}.o" for name in names), "-o", "both")
        run("./both")

        write("wrong.attn", "attention wrong { layout mha; mask = causl }\n")
        done = subprocess.run([attnc, "wrong.attn", "-o", "wrong.o"], capture_output=True, text=True, check=False)
        if done.returncode != 1 or not done.stderr or os.path.exists("wrong.o") or os.path.exists("wrong.h"):
            sys.exit(f"a wrong spec: exit status {done.returncode}, files {sorted(os.listdir('.'))}\n{done.stderr}")


if __name__ == "__main__":
    main()
