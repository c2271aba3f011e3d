#!/usr/bin/env python3
"""Tries the comparison with other programs without them: that their absence is said, and, with a stand-in for PyTorch, that inputs arrive, outputs are judged
and times reach the table.

usage: peers_test.py ATTNC FOLDER
"""

import json
import os
import struct
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from peers import onnx_model

ROW = "causal-1024"

# Started as `python3 -c` would be; computes by the definition. FACTOR spoils what it answers, ENDS makes it end instead.
STAND_IN = """
import json, math, struct, sys
pipe, answers = sys.stdin.buffer, sys.stdout.buffer
def answer(fields, content=None):
    answers.write(json.dumps({**fields, "bytes": len(content)} if content is not None else fields).encode() + b"\\n" + (content or b""))
    answers.flush()
answer({"version": "stand-in"})
for line in iter(pipe.readline, b""):
    request = json.loads(line)
    contents = [pipe.read(count) for count in request["bytes"]]
    if "job" in request:
        job = request["job"]
        assert job["mask"] == "causal" and job["score"] == "none" and job["element"] == "f32", job
        assert [entry[:2] for entry in request["tensors"]] == [["q", "f32"], ["k", "f32"], ["v", "f32"]], request["tensors"]
        q, k, v = (struct.unpack(f"<{len(content) // 4}f", content) for content in contents)
        answer({})
    elif ENDS:
        sys.exit("no more")
    elif request["mode"] != "SDPA":
        answer({"failure": None if request["mode"] == "eager" else "not today"})
    else:
        length, width, result = job["sizes"]["I"], job["sizes"]["D"], []
        for row in range(len(q) // width):
            head, i = divmod(row, length)
            keys = range(head * length, head * length + i + 1)
            scores = [sum(q[row * width + d] * k[j * width + d] for d in range(width)) / math.sqrt(width) for j in keys]
            weights = [math.exp(score - max(scores)) for score in scores]
            result += [FACTOR * sum(weight * v[j * width + d] for weight, j in zip(weights, keys)) / sum(weights) for d in range(width)]
        answer({"times": [3.0, 1.0, 2.0]}, struct.pack(f"<{len(result)}f", *result))
"""


def expect(condition, what):
    if not condition:
        raise SystemExit(f"bench/run --peers: {what}")


def stand_in(folder, name, factor=1.0, ends=False):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"#!{sys.executable}\nFACTOR, ENDS = {factor}, {ends}\n{STAND_IN}")
    os.chmod(path, 0o755)
    return path


def run(attnc, folder, python):
    """Without node and npm: in a folder of programs that has none."""
    figures = os.path.join(folder, "bench.json")
    empty = os.path.join(folder, "programs")
    os.makedirs(empty, exist_ok=True)
    done = subprocess.run([sys.executable, os.path.join(HERE, "run"), "--attnc", attnc, "--smoke", "--peers", "--python", python, "--only", f"^{ROW}$", "--json", figures],
                          env=dict(os.environ, PATH=empty), capture_output=True, text=True)
    expect(done.returncode == 0, f"exit status {done.returncode}\n{done.stdout}{done.stderr}")
    with open(figures, encoding="utf-8") as file:
        return json.load(file)["peers"], done.stdout


def fields(encoded):
    """The fields of a protocol buffer: [(number, value)], bytes for what has a length."""
    found, at = [], 0

    def varint():
        nonlocal at
        value, shift = 0, 0
        while True:
            byte = encoded[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(encoded):
        key = varint()
        if key & 7 == 0:
            found.append((key >> 3, varint()))
        else:
            size = varint() if key & 7 == 2 else 4
            expect(key & 7 in (2, 5) and at + size <= len(encoded), f"a field of wire type {key & 7}, {size} bytes")
            found.append((key >> 3, encoded[at:at + size]))
            at += size
    return found


def check_models():
    """What is written can be read back as what it says."""
    job = {"element": "f32", "mask": "window", "score": "softcap", "sizes": {"B": 1, "H": 4, "G": 2, "I": 300, "J": 300, "D": 64},
           "scalars": {"w": 100, "cap": 50.0}}
    models = onnx_model.models_of(job)
    expect(set(models) == {"Attention", "GroupQueryAttention"}, f"operators {set(models)}")
    graph = fields(dict(fields(models["GroupQueryAttention"]["model"]))[7])
    node = fields(graph[0][1])
    expect([value for number, value in node if number == 1] == [b"q", b"k", b"v", b"", b"", b"last", b"total"], f"inputs of {node}")
    attributes = {}
    for number, value in node:
        if number == 5:
            entry = dict(fields(value))
            attributes[entry[1]] = entry[3] if entry[20] == onnx_model.ATTRIBUTE_INT else struct.unpack("<f", entry[2])[0]
    expect(attributes == {b"num_heads": 4, b"kv_num_heads": 2, b"local_window_size": 100, b"softcap": 50.0}, f"attributes {attributes}")
    expect(onnx_model.models_of({**job, "element": "bf16"}) == {}, "bf16 has a model")


def main():
    attnc, folder = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    check_models()

    found, text = run(attnc, folder, "/missing/python3")
    expect("missing" in found["about"]["ONNX Runtime"] and "missing" in found["about"]["PyTorch"], f"absent peers: {found}")
    expect("ONNX Runtime isn't compared with: " in text and "PyTorch isn't compared with: /missing/python3" in text, f"absence isn't said:\n{text}")
    expect(found["by_shares"][ROW]["times_best"] > 0 and "| beside shares reached on " in text, f"no shares instead:\n{text}")

    found, text = run(attnc, folder, stand_in(folder, "right"))
    entry = found["rows"][ROW]
    expect(entry["best"] == "PyTorch SDPA" and entry["ways"]["PyTorch SDPA"]["median_ms"] == 2.0 and entry["ways"]["PyTorch SDPA"]["apart"] < 1e-5, f"{entry}")
    expect("PyTorch eager" not in entry["ways"] and entry["ways"]["FlexAttention"]["failure"] == "not today", f"{entry}")
    expect(abs(entry["times_best"] * entry["median_ms"] / 2.0 - 1) < 1e-9 and "times_best" in entry["targets"], f"{entry}")
    expect("PyTorch stand-in." in text and "FlexAttention: not today" in text, f"the table lacks the stand-in:\n{text}")
    # Its answer replaces the share that it reached elsewhere.
    expect("share" not in found["by_shares"][ROW], f"{found['by_shares']}")

    found, text = run(attnc, folder, stand_in(folder, "wrong", factor=1.01))
    expect("best" not in found["rows"][ROW] and "from ours" in found["rows"][ROW]["ways"]["PyTorch SDPA"]["failure"], f"a wrong output counts: {found['rows']}")

    found, text = run(attnc, folder, stand_in(folder, "brief", ends=True))
    expect("no more" in found["about"]["PyTorch"]["ended"] and "It ended at causal-1024" in text, f"an end isn't said: {found['about']}\n{text}")


if __name__ == "__main__":
    main()
