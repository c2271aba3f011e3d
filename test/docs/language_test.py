#!/usr/bin/env python3
"""Each rule of docs/language.md has its number and an example that is executed (see blocks.py), most of them compiled and compared with the oracle.

usage: language_test.py SOURCE
"""

import pathlib
import re
import sys

page = (pathlib.Path(sys.argv[1]) / "docs/language.md").read_text(encoding="utf-8")
failures = []
for section in re.split(r"^## ", page, flags=re.M)[1:]:
    if not (chapter := re.match(r"(\d+) ", section)):
        continue
    _, *rules = re.split(r"^\*\*(\d+\.\d+)\*\* ", section, flags=re.M)
    for place, (number, text) in enumerate(zip(rules[::2], rules[1::2]), 1):
        if number != f"{chapter[1]}.{place}":
            failures.append(f"rule {number} stands where {chapter[1]}.{place} should")
        if not re.search(r"^```(attn|attn-error|console)\b", text, re.M):
            failures.append(f"rule {number} has no example")
programs = re.findall(r"^```attn(?!-)\b(.*)$\n((?:.*\n)*?)```$", page, re.M)
compared = [words for words, _ in programs if "--dims" in words]
if len(compared) < 45:
    failures.append(f"only {len(compared)} of {len(programs)} programs are run")
print("\n".join(failures) if failures else f"every rule has an example; {len(compared)} of {len(programs)} programs are run")
sys.exit(bool(failures))
