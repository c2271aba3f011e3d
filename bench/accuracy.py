"""How accurate every row is, by how large the terms are that its scores are sums of.

S is the largest `scale * sum(d: abs(q * k))` of all rows of a run; queries are scaled until it is what is wanted. `attnc run --check` compares with the
oracle. A bound grows with the S of its own row, and with what is added to the score. With 16-bit storage it doesn't: it is 2^-8 (bf16) or 2^-11 (f16) of
the row's largest |v|, beside the rounding of the output.
"""

import array
import math
import os
import re
import subprocess
import sys

import measure
import rows as table

MAGNITUDES = (1, 10, 100, 1000, 10000)
STORED = {"bf16": 2**-8, "f16": 2**-11}
CHECKED = re.compile(r"^(\w+): error (\S+), (?:bound|tolerance) ([0-9.e+-]+)", re.MULTILINE)
LEFT_OUT = {"layouts", "threads", "parts", "long"}  # the kernels of other rows


def kernels(chosen):
    """One row of each kernel: a spec, a number of features, of queries where those are few, a CPU."""
    found = {}
    for row in chosen:
        if row.group not in LEFT_OUT:
            queries = row.dims["I"] if row.dims["I"] <= 17 else None
            found.setdefault((row.spec, row.dims["D"], queries, row.cpu), row)
    return list(found.values())


def smaller(row):
    """Two heads, or a group of them: what is left of the others is the same."""
    dims = dict(row.dims, B=1)
    if "G" in dims:
        dims.update(H=dims["H"] // dims["G"], G=1)
    else:
        dims["H"] = 2
    return table.replace(row, dims=dims)


def with_lines(row, lines, folder, suffix):
    """The row's spec with more lines."""
    with open(measure.spec_path(row.spec), encoding="utf-8") as file:
        text = file.read().rstrip()
    if not text.endswith("}"):
        raise measure.Failed(f"{measure.spec_path(row.spec)} doesn't end with the `}}` of its attention")
    path = os.path.join(folder, f"{row.spec}-{suffix}.attn")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text[:-1] + f"; {lines} }}\n")
    return path


def read_floats(path):
    """Header and numbers of an .npy file that attnc wrote."""
    with open(path, "rb") as file:
        content = file.read()
    start = 10 + int.from_bytes(content[8:10], "little")
    values = array.array("f", content[start:])
    if sys.byteorder != "little":
        values.byteswap()
    return content[:start], values


def scale_queries(source, target, factor):
    header, values = read_floats(source)
    scaled = array.array("f", (value * factor for value in values))
    if sys.byteorder != "little":
        scaled.byteswap()
    with open(target, "wb") as file:
        file.write(header + scaled.tobytes())


def check(command):
    """{output: (error, bound)} and whether all agree."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    found = {output: (float(error), float(bound)) for output, error, bound in CHECKED.findall(done.stdout)}
    if done.returncode not in (0, 3) or not found:
        raise measure.Failed(f"exit status {done.returncode} of `{' '.join(command)}`\n{done.stdout}{done.stderr.strip()}")
    return found, done.returncode == 0


def of_row(attnc, row, folder):
    element = next((name for name in STORED if row.spec.endswith("-" + name)), "f32")
    arguments = measure.input_arguments(row, folder)
    unscaled, queries, scores = (os.path.join(folder, name) for name in ("unscaled.npy", "q.npy", "s.npy"))
    magnitude = with_lines(row, "s = max(j: sum(d: abs(q * k))) / sqrt(D); out s: f32[B, H, I]", folder, "magnitude")
    measure.call([attnc, "run", magnitude, "--random", *arguments, "-o", f"s={scores}", "-o", f"q={unscaled}"])
    largest = max(read_floats(scores)[1])
    spec = measure.spec_path(row.spec) if element in STORED else with_lines(row, "out o, lse", folder, "checked")
    command = [attnc, "run", spec, "--random", *arguments, "-i", f"q={queries}", "--check"]
    if element in STORED:
        command += ["--tolerance", repr(STORED[element])]
    found = []
    for wanted in MAGNITUDES:
        scale_queries(unscaled, queries, wanted / largest)
        errors, met = check(command)
        found.append({"S": wanted, "met": met, "outputs": {name: {"error": error if math.isfinite(error) else None, "bound": bound}
                                                          for name, (error, bound) in errors.items()}})
    return {"name": row.name, "text": row.text, "element": element, "by_magnitude": found}


def measure_all(attnc, chosen, folder, progress):
    results = []
    for row in kernels(chosen):
        progress(f"accuracy: {row.name}")
        results.append(of_row(attnc, smaller(row), folder))
    return results
