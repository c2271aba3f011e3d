#!/usr/bin/env python3
"""Compares what a shared library exports with the functions that headers declare.

usage: symbols.py NM LIBRARY HEADER.h…
"""

import re
import subprocess
import sys


def main():
    nm, library, *headers = sys.argv[1:]
    listing = subprocess.run([nm, "-D", "--defined-only", "--format=posix", library], capture_output=True, text=True, check=True)
    shown = {line.split()[0].split("@")[0] for line in listing.stdout.splitlines()}
    declared = set()
    for header in headers:
        with open(header, encoding="utf-8") as file:
            text = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)
        text = re.sub(r"static inline.*?\n}", "", text, flags=re.S)
        declared |= set(re.findall(r"^[a-z][\w \*]*?\**(attn_\w+)\([^;{]*\);", text, flags=re.M))
    for name in sorted(declared - shown):
        print(f"declared and not shown: {name}")
    for name in sorted(shown - declared):
        print(f"shown and not declared: {name}")
    return 0 if declared == shown and len(declared) > 20 else 1


sys.exit(main())
