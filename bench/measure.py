"""Runs attnc and collects what it measured. Rounds over all rows, so that whatever else the machine does falls on all of them."""

import json
import os
import re
import resource
import statistics
import struct
import subprocess
import time

import rows as table

HERE = os.path.dirname(os.path.abspath(__file__))


class Failed(Exception):
    pass


def spec_path(name):
    return os.path.join(HERE, "specs", name + ".attn")


def call(command):
    """Runs a command; (stdout, stderr, wall milliseconds, CPU milliseconds)."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.monotonic()
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    wall = time.monotonic() - begin
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise Failed(f"exit status {done.returncode} of `{' '.join(command)}`\n{done.stderr.strip()}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return done.stdout, done.stderr, 1e3 * wall, 1e3 * cpu


def write_integers(path, values):
    """An .npy file of a matrix of 32-bit integers."""
    header = f"{{'descr': '<i4', 'fortran_order': False, 'shape': ({len(values)}, {len(values[0])}), }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode())
        for line in values:
            file.write(struct.pack(f"<{len(line)}i", *line))


def bench_command(attnc, row, folder):
    command = [attnc, "bench", spec_path(row.spec), "--json", "--threads", str(row.threads)]
    command += ["--dims", ",".join(f"{name}={size}" for name, size in row.dims.items())]
    for name, value in row.scalars.items():
        command += ["-p", f"{name}={value}"]
    for name, source in row.inputs.items():
        if callable(source):
            source = source(row.dims)
        if not isinstance(source, str):
            path = os.path.join(folder, f"{row.name}-{name}.npy")
            write_integers(path, source)
            source = path
        command += ["-i", f"{name}={source}"]
    if row.cpu:
        command += ["--cpu", row.cpu]
    if row.repeat:
        command += ["--repeat", str(row.repeat)]
    return command


MEASURED = ("median_ms", "visible_gflops", "peak_gflops", "share_of_peak", "classification_ms", "share_of_classification", "read_gbs", "bandwidth_gbs")


def run_row(attnc, row, folder):
    sample = json.loads(call(bench_command(attnc, row, folder))[0])
    lacking = {*MEASURED, "min_ms", "max_peak_gflops", "max_error", "allocated_bytes", "stack_bytes"} - set(sample)
    if lacking:
        raise Failed(f"`{attnc} bench --json` doesn't say {', '.join(sorted(lacking))}: is it older than this benchmark?")
    return sample


def summary(row, samples, plain_samples):
    """What a row's rounds say. Medians over rounds of what each round's median says; minima over all."""
    result = {
        "name": row.name, "text": row.text, "spec": row.spec, "dims": row.dims, "scalars": row.scalars,
        "threads": row.threads, "is_long": row.is_long, "is_layout": row.is_layout, "rounds": len(samples),
    }
    for key in MEASURED:
        result[key] = statistics.median(sample[key] for sample in samples)
    result["min_ms"] = min(sample["min_ms"] for sample in samples)
    result["max_peak_gflops"] = max(sample["max_peak_gflops"] for sample in samples)
    work = samples[0]["visible_gflops"] * samples[0]["median_ms"]
    result["share_of_peak_at_min"] = work / result["min_ms"] / result["max_peak_gflops"]
    errors = [sample["max_error"] for sample in samples]
    result["max_error"] = None if None in errors else max(errors)
    for key in ("allocated_bytes", "stack_bytes"):
        result[key] = max(sample[key] for sample in samples)
    if row.target is not None:
        judge(result, "share_of_peak", row.target)
    if row.bound_target is not None:
        result["share_of_bound"] = statistics.median(max(sample["share_of_peak"], sample["read_gbs"] / sample["bandwidth_gbs"]) for sample in samples)
        judge(result, "share_of_bound", row.bound_target)
    if row.threads > 1:
        result["scaling"] = {key: statistics.median(sample["scaling"][key] for sample in samples)
                             for key in ("kernel", "fma", "share")}
        judge(result, "scaling", row.scaling_target, result["scaling"]["share"])
    if row.classification_target is not None:
        judge(result, "classification", row.classification_target, result["share_of_classification"], at_most=True)
    if plain_samples:
        result["plain"] = row.plain
        # Round by round: both ran within seconds of each other.
        speeds = [mine["visible_gflops"] / other["visible_gflops"] for mine, other in zip(samples, plain_samples)]
        result["speed_of_plain"] = statistics.median(speeds)
        result["speed_of_plain_at_min"] = work / result["min_ms"] / max(
            other["visible_gflops"] * other["median_ms"] / other["min_ms"] for other in plain_samples)
        if row.plain_target is not None:
            judge(result, "speed_of_plain", row.plain_target)
    return result


def judge(result, what, target, value=None, at_most=False):
    value = result[what] if value is None else value
    result.setdefault("targets", {})[what] = {"target": target, "met": value <= target if at_most else value >= target}


def run_rows(attnc, chosen, rounds, folder, progress):
    samples = {row.name: [] for row in chosen}
    for number in range(rounds):
        for row in chosen:
            # A long row costs minutes and its figure of interest is a ratio taken in one process.
            if row.is_long and number > 0:
                continue
            progress(f"round {number + 1} of {rounds}: {row.name}")
            samples[row.name].append(run_row(attnc, row, folder))
    return [summary(row, samples[row.name], samples.get(row.plain)) for row in chosen]


STAGE = re.compile(r"^(.*?)\s+([0-9.]+) ms$", re.MULTILINE)
NOT_COMPILING = {"inputs", "run", "total"}


def stages_of(text):
    return {name: float(value) for name, value in STAGE.findall(text)}


def jit_once(attnc, name):
    """Milliseconds of each stage from source text to code in memory, and of all of them."""
    dims = "B=1,H=1,I=1,J=1,D=64" + (",G=1" if name == "gqa" else "") + (",N=1" if name == "documents" else "")
    stages = stages_of(call([attnc, "run", spec_path(name), "--random", "--dims", dims, "--time", "--no-cache"])[1])
    compiling = {stage: value for stage, value in stages.items() if stage not in NOT_COMPILING}
    if not compiling:
        raise Failed(f"`attnc run {spec_path(name)} --time` names no stage")
    return compiling


def compile_latency(attnc, repeats, folder, progress):
    """JIT, object file and `attnc check` of some specs; round by round, as the rows."""
    results = {name: {"jit": [], "stages": [], "object": [], "object_cpu": [], "check": [], "check_cpu": []}
               for name in table.COMPILED}
    start = []
    for number in range(repeats):
        progress(f"compiling, {number + 1} of {repeats}")
        start.append(call([attnc, "--version"])[2])
        for name in table.COMPILED:
            result = results[name]
            stages = jit_once(attnc, name)
            result["stages"].append(stages)
            result["jit"].append(sum(stages.values()))
            _, _, wall, cpu = call([attnc, spec_path(name), "-o", os.path.join(folder, name + ".o")])
            result["object"].append(wall)
            result["object_cpu"].append(cpu)
            _, _, wall, cpu = call([attnc, "check", spec_path(name)])
            result["check"].append(wall)
            result["check_cpu"].append(cpu)
    kernels = []
    for name, result in results.items():
        kernel = {"spec": name, "stages_ms": {stage: statistics.median(each[stage] for each in result["stages"])
                                              for stage in result["stages"][0]}}
        for key in ("jit", "object", "object_cpu", "check", "check_cpu"):
            kernel[key + "_ms"] = statistics.median(result[key])
            kernel["min_" + key + "_ms"] = min(result[key])
        judge(kernel, "jit", table.JIT_TARGET_MS, kernel["jit_ms"], at_most=True)
        judge(kernel, "object", table.OBJECT_TARGET_MS, kernel["object_ms"], at_most=True)
        kernels.append(kernel)
    return {"start_ms": statistics.median(start), "min_start_ms": min(start), "repeats": repeats, "kernels": kernels}


def memory_use(results):
    """The row whose kernel holds most beside its tensors, per thread."""
    if not results:
        return None
    most = max(results, key=lambda row: row["allocated_bytes"] + row["stack_bytes"])
    memory = {"row": most["name"], "allocated_bytes": most["allocated_bytes"], "stack_bytes": most["stack_bytes"]}
    judge(memory, "memory", table.WORKSPACE_TARGET, most["allocated_bytes"] + most["stack_bytes"], at_most=True)
    return memory
