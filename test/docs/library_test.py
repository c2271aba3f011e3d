#!/usr/bin/env python3
"""docs/library.md names every layout and def of the library, with its parameters, and no other; and each is compiled and compared with the
oracle somewhere: by an example or by a spec of test/execute, itself or through another def.

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
bodies = {}
for file in sorted((source / "compiler/sema/library").glob("*.attn")):
    for item in re.split(r"^(?=(?:def|layout) )", re.sub(r"#.*", "", file.read_text(encoding="utf-8")), flags=re.M):
        if match := re.match(r"(?:def|layout) (\w+)", item):
            bodies[match[1]] = item[match.end():]
specs = [re.sub(r"#.*", "", file.read_text(encoding="utf-8")) for file in (source / "examples").glob("*.attn")]
specs += [file.read_text(encoding="utf-8") for file in (source / "test/execute").glob("*.py")]
waiting = [name for name in bodies if any(re.search(rf"\b{name}\b", spec) for spec in specs)]
tested = set()
while waiting:
    name = waiting.pop()
    if name not in tested:
        tested.add(name)
        waiting += [other for other in bodies if re.search(rf"\b{other}\b", bodies[name])]
untested = sorted(text for text in defined if re.match(r"\w+", text)[0] not in tested)
for text in untested:
    print(f"no example and no spec of test/execute uses `{text}`", file=sys.stderr)

for text in missing:
    print(f"docs/library.md lacks `{text}`", file=sys.stderr)
for text in unknown:
    print(f"docs/library.md has `{text}`, which the library has not", file=sys.stderr)
sys.exit(1 if missing or unknown or untested else 0)
