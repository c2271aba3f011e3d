#!/usr/bin/env python3
"""Tries the benchmark at tiny sizes: that every row runs, agrees with the oracle and reaches the table. No figure is judged.

usage: smoke.py ATTNC FOLDER
"""

import json
import math
import os
import subprocess
import sys
import xml.etree.ElementTree

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import accuracy
import picture
import report
import rows as table


def run(attnc, *words):
    return subprocess.run([sys.executable, os.path.join(HERE, "run"), "--attnc", attnc, *words], capture_output=True, text=True)


def expect(condition, what):
    if not condition:
        raise SystemExit(f"bench/run --smoke: {what}")


def positive(entry, *keys):
    for key in keys:
        value = entry[key]
        expect(isinstance(value, (int, float)) and math.isfinite(value) and value > 0, f"`{key}` of {entry} is not a positive number")


def check_row(row, result):
    positive(result, "median_ms", "min_ms", "visible_gflops", "peak_gflops", "max_peak_gflops", "share_of_peak", "share_of_peak_at_min",
             "classification_ms", "share_of_classification", "allocated_bytes", "stack_bytes")
    most = 4e-3 if row.spec.endswith("-bf16") else 1e-4
    expect(result["max_error"] is not None and result["max_error"] < most, f"{row.name} is off by {result['max_error']}")
    expect(math.isfinite(result["classification_ms"]) and result["classification_ms"] >= 0, f"{row.name}: {result['classification_ms']} ms of search")
    if row.threads > 1:
        positive(result["scaling"], "kernel", "fma", "share")
    if row.plain:
        positive(result, "speed_of_plain", "speed_of_plain_at_min")
    asked = [target for target in (row.target, row.vector_target, row.function_target, row.bound_target, row.plain_target, row.scaling_target, row.speedup_target, row.bandwidth_target,
                                 row.classification_target) if target is not None]
    expect(len(result.get("targets", {})) == len(asked), f"{row.name} has {len(asked)} targets, judged {result.get('targets')}")


def check_picture(path, results):
    words = [element.text for element in xml.etree.ElementTree.parse(path).iter("{http://www.w3.org/2000/svg}text")]
    shows = {group: what for group, _, what, _ in picture.PANELS}
    for result in results:
        # Keys one after the other are what others are compared with.
        if picture.value_of(result, shows[result["group"]]) is None:
            expect("plain" not in result, f"{path} can't show {result['name']}")
            continue
        expect(result["text"] in words, f"{path} lacks {result['name']}")


def main():
    attnc, folder = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    figures, page = os.path.join(folder, "bench.json"), os.path.join(folder, "page.md")
    with open(page, "w", encoding="utf-8") as file:
        file.write(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
    done = run(attnc, "--smoke", "--json", figures, "--markdown", page)
    expect(done.returncode == 0, f"exit status {done.returncode}\n{done.stdout}{done.stderr}")

    with open(figures, encoding="utf-8") as file:
        results = json.load(file)
    by_name = {result["name"]: result for result in results["rows"]}
    groups = {row.group for row in table.ROWS}
    expect(groups == {group for group, _ in report.TABLES} == {panel[0] for panel in picture.PANELS}, "a group of rows has no table or panel, or one of these no rows")
    expect(set(by_name) == {row.name for row in table.ROWS}, f"rows {sorted(by_name)}")
    for row in table.ROWS:
        check_row(row, by_name[row.name])
        expect(f"| {row.text}" in done.stdout, f"the table lacks {row.name}")
    expect([kernel["spec"] for kernel in results["compile"]["kernels"]] == list(table.COMPILED), "a compiled spec is missing")
    for kernel in results["compile"]["kernels"]:
        positive(kernel, "jit_ms", "cached_ms", "object_ms", "object_cpu_ms", "check_ms")
        expect({"parse", "lower", "machine code", "load"} <= set(kernel["stages_ms"]), f"stages {kernel['stages_ms']}")
        expect("run" not in kernel["stages_ms"], "running counts as compiling")
    expect(0 < results["memory"]["allocated_bytes"] < table.WORKSPACE_TARGET, f"memory {results['memory']}")

    with open(page, encoding="utf-8") as file:
        text = file.read()
    image = "![The share of its ceiling that each row reaches](page.svg)"
    expect(text == f"before\n{report.BEGIN}\n{image}\n\n{done.stdout}{report.END}\nafter\n", "the page is not the table between its markers")
    for path in ("bench.svg", "page.svg"):
        check_picture(os.path.join(folder, path), by_name.values())

    done = run(attnc, "--smoke", "--accuracy", "--only", "^(alibi|dense-2048-128-f16|few-4-batch-1-bf16)$", "--json", figures)
    expect(done.returncode == 0, f"exit status {done.returncode} with --accuracy\n{done.stdout}{done.stderr}")
    with open(figures, encoding="utf-8") as file:
        found = json.load(file)["accuracy"]
    # What the chosen rows are compared with comes along.
    expect([entry["name"] for entry in found] == ["dense-4096", "dense-2048-128", "alibi", "dense-2048-128-f16", "few-4-batch-1-bf16"], f"accuracy of {found}")
    for entry in found:
        expect([of["S"] for of in entry["by_magnitude"]] == list(accuracy.MAGNITUDES), f"accuracy of {entry['name']}: {entry['by_magnitude']}")
        expect(all(of["met"] for of in entry["by_magnitude"]), f"{entry['name']} is too far off: {entry['by_magnitude']}")
        expect(entry["text"] in done.stdout, f"the table of errors lacks {entry['name']}")

    listed = run(attnc, "--list", "--long", "--only", "alibi|compile").stdout.split()
    expect(listed == ["dense-4096", "alibi", "compile"], f"`--only` gives {listed}")
    expect(run(attnc, "--only", "nothing-like-it").returncode == 2, "a pattern that matches nothing is no error")
    expect(run(os.path.join(folder, "missing")).returncode == 1, "a missing program is no error")


if __name__ == "__main__":
    main()
