#!/usr/bin/env python3
"""docs/library.md names every layout and def of the library, with its parameters, and no other.

usage: library_test.py SOURCE
"""

import pathlib
import re
import sys


def plain(parameters):
    """Parameters without their types: `x, bias: f32[H, N], far = 128` is `x, bias, far = 128`."""
    without = re.sub(r":\s*\w+(\[[^]]*\])?", "", parameters or "")
    return re.sub(r"\s+", " ", without).strip()


def shown(name, parameters):
    return f"{name}({plain(parameters)})" if parameters else name


source = pathlib.Path(sys.argv[1])
defined = set()
for file in sorted((source / "compiler/sema/library").glob("*.attn")):
    if file.name == "defaults.attn":
        continue
    for match in re.finditer(r"^(?:def|layout) (\w+)(?:\(([^)]*)\))?", file.read_text(encoding="utf-8"), re.M):
        defined.add(shown(match[1], match[2]))
if not defined:
    raise SystemExit("no library found")

page = (source / "docs/library.md").read_text(encoding="utf-8")
missing = sorted(text for text in defined if f"`{text}`" not in page)
rows = set(re.findall(r"^\| `([a-z_0-9]+(?:\([^)`]*\))?)` \|", page, re.M))
unknown = sorted(rows - defined)
for text in missing:
    print(f"docs/library.md lacks `{text}`", file=sys.stderr)
for text in unknown:
    print(f"docs/library.md has `{text}`, which the library has not", file=sys.stderr)
sys.exit(1 if missing or unknown else 0)
