#!/usr/bin/env python3
"""docs/flexattention.md tells the truth: each Python block that calls flex_attention, executed by a stand-in that follows the
definition, gives what the .attn block behind it gives when attnc compiles and runs it, on the same random inputs.

usage: flexattention_test.py ATTNC PAGE.md

Tensors go by the names of the .attn block, q k v also as query, key and value; B, H, D, I and J (as Q_LEN and KV_LEN) are known.
The results are `out` and, where there is one, `lse`.
"""

import math
import os
import re
import shlex
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
import blocks
import flex

ATTNC, PAGE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
del sys.argv[1:3]
TOLERANCE = {"f32": 2e-5, "bf16": 2e-2, "f16": 2e-3}


def run(*command, status=(0,)):
    done = subprocess.run([ATTNC, *command], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    assert done.returncode in status, f"attnc {' '.join(command)}\n{done.stdout}"
    return done.stdout


def compiled(text, arguments, folder):
    """The inputs and outputs of a spec on random tensors, by name, and the type of the queries."""
    spec = os.path.join(folder, "spec.attn")
    with open(spec, "w", encoding="utf-8") as file:
        file.write(text)
    tensors, types = {}, {}
    # Its head is there for what isn't compiled, too.
    for line in run("explain", spec, status=(0, 1)).splitlines()[1:]:
        found = re.fullmatch(r"  (out )?(\w+): (\w+)\[.*\]", line)
        if found:
            tensors[found[2]] = os.path.join(folder, found[2] + ".npy")
            types[found[2]] = found[3]
        elif not line.startswith("  "):
            break
    outputs = [word for name, path in tensors.items() for word in ("-o", f"{name}={path}")]
    run("run", spec, "--random", *arguments, *outputs)
    return {name: flex.read_npy(path) for name, path in tensors.items()}, types


def difference(ours, theirs):
    if ours.shape != theirs.shape:
        return math.inf
    scale = max([1.0] + [abs(y) for y in theirs.values if math.isfinite(y)])
    return max((0.0 if x == y else abs(x - y) / scale for x, y in zip(ours.values, theirs.values)), default=0.0)


def check(python, attn, arguments):
    """Fails where the two blocks don't mean the same. What was compared."""
    with tempfile.TemporaryDirectory() as folder:
        tensors, types = compiled(attn, arguments, folder)
    names = {"query": tensors.get("q"), "key": tensors.get("k"), "value": tensors.get("v"), **tensors}
    outputs = [name for name in ("o", "op", "lse") if name in names]
    wanted = {"lse" if name == "lse" else "out": names.pop(name) for name in outputs}
    for name, size in re.findall(r"\b([A-Z]\w*)=(\d+)", " ".join(arguments)):
        names[{"I": "Q_LEN", "J": "KV_LEN"}.get(name, name)] = int(size)
    sys.modules.update(flex.modules())
    code = "import torch\nfrom torch.nn.attention.flex_attention import *\n" + python
    try:
        exec(compile(code, "page", "exec"), names)  # noqa: S102: the project's own page
    finally:
        for name in flex.modules():
            del sys.modules[name]
    compared = []
    for name, ours in wanted.items():
        if name not in names and name == "lse":
            continue
        error = difference(ours, names[name])
        assert error <= TOLERANCE[types.get("q") or types["qp"]], f"{name} differs by {error:.2g}\n{python}\nis not\n{attn}"
        compared.append(name)
    assert compared
    return compared


def pairs(page):
    """(line, Python, .attn, arguments of the run) of the page's idioms."""
    python, found = None, []
    for number, words, lines in blocks.blocks(page):
        text = "\n".join(lines) + "\n"
        if words[:1] == ["python"]:
            assert python is None, f"{page}:{number}: the Python block before has no .attn block"
            python = text if "flex_attention(" in text else None
        elif words[:1] == ["attn"] and python:
            assert len(words) > 2, f"{page}:{number}: the block lacks the arguments of a run"
            found.append((number, python, text, shlex.split(" ".join(words[2:]))))
            python = None
    assert python is None, f"{page}: the last Python block has no .attn block"
    return found


class Page(unittest.TestCase):
    def test_python_and_attn_agree(self):
        found = pairs(PAGE)
        self.assertGreater(len(found), 10)
        for number, python, attn, arguments in found:
            with self.subTest(line=number):
                check(python, attn, arguments)

    def test_a_difference_is_noticed(self):
        python = "out = flex_attention(query, key, value, score_mod=lambda s, b, h, q_idx, kv_idx: s + 0.01 * kv_idx)\n"
        dims = ["--dims", "B=1,H=2,I=5,J=7,D=4"]
        spec = "attention a {\n  layout mha\n  score = dot(q, k) / sqrt(D) + 0.01 * j\n}\n"
        self.assertEqual(check(python, spec, dims), ["out"])
        with self.assertRaises(AssertionError):
            check(python, spec.replace("0.01", "0.02"), dims)
        with self.assertRaises(AssertionError):
            check(python.replace("value,", "value, scale=1.0,"), spec, dims)


if __name__ == "__main__":
    unittest.main()
