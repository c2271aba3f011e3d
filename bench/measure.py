"""Runs attnc and collects what it measured. Rounds over all rows, so that whatever else the machine does falls on all of them."""

import json
import os
import resource
import statistics
import struct
import subprocess
import time

import rows as table

HERE = os.path.dirname(os.path.abspath(__file__))


CALL_MS = 0.002  # what a call may cost beside its arithmetic


class Failed(Exception):
    pass


def min_ms(sample):
    return sample["min_ms"]


def spec_path(name):
    return os.path.join(HERE, "specs", name + ".attn")


def call(command, environment=None):
    """Runs a command; (stdout, stderr, wall milliseconds, CPU milliseconds)."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.monotonic()
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environment)
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


def input_arguments(row, folder):
    """What `attnc run` and `attnc bench` take of a row: extents, scalars, and the tensors that random numbers don't suit."""
    sizes = row.sizes()
    words = ["--dims", ",".join(f"{name}={size}" for name, size in sizes.items())]
    for name, value in row.scalars.items():
        words += ["-p", f"{name}={value}"]
    for name, source in row.inputs.items():
        if callable(source):
            source = source(sizes)
        if not isinstance(source, str):
            path = os.path.join(folder, f"{row.name}-{name}.npy")
            write_integers(path, source)
            source = path
        words += ["-i", f"{name}={source}"]
    return words + (["--cpu", row.cpu] if row.cpu else [])


def bench_command(attnc, row, folder, check):
    command = [attnc, "bench", spec_path(row.spec), "--json", "--threads", str(row.threads), *input_arguments(row, folder)]
    if row.repeat:
        command += ["--repeat", str(row.repeat)]
    return command if check else command + ["--no-check"]


MEASURED = ("median_ms", "visible_gflops", "peak_gflops", "share_of_peak", "classification_ms", "share_of_classification", "read_gbs", "bandwidth_gbs")


def run_row(attnc, row, folder, check=True):
    sample = json.loads(call(bench_command(attnc, row, folder, check))[0])
    lacking = {*MEASURED, "min_ms", "max_peak_gflops", "allocated_bytes", "stack_bytes", *(["max_error"] if check else [])} - set(sample)
    if lacking:
        raise Failed(f"`{attnc} bench --json` doesn't say {', '.join(sorted(lacking))}: is it older than this benchmark?")
    return sample


def speed_beside(row, mine, other, time="median_ms", peak="peak_gflops"):
    """How fast a row is beside the plain one, each in multiples of the peak beside it: a CPU's clock changes from minute to minute."""
    cost, other_cost = mine[time] * mine[peak], other[time] * other[peak]
    if row.plain_by == "useful":
        # What there is to do, whatever the time it took.
        return mine["visible_gflops"] * mine["median_ms"] / cost / (other["visible_gflops"] * other["median_ms"] / other_cost)
    if row.plain_by == "padded":
        cost = max(mine[time] - CALL_MS, 1e-6) * mine[peak]
    return other_cost / cost


def summary(row, samples, plain_samples):
    """What a row's rounds say. Medians over rounds of what each round's median says; minima over all."""
    result = {
        "name": row.name, "text": row.text, "spec": row.spec, "dims": row.sizes(), "scalars": row.scalars,
        "threads": row.threads, "group": row.group, "rounds": len(samples),
    }
    for key in MEASURED:
        result[key] = statistics.median(sample[key] for sample in samples)
    result["min_ms"] = min(sample["min_ms"] for sample in samples)
    result["max_peak_gflops"] = max(sample["max_peak_gflops"] for sample in samples)
    work = samples[0]["visible_gflops"] * samples[0]["median_ms"]
    result["share_of_peak_at_min"] = work / result["min_ms"] / result["max_peak_gflops"]
    errors = [sample["max_error"] for sample in samples if "max_error" in sample]
    result["max_error"] = None if None in errors else max(errors)
    for key in ("allocated_bytes", "stack_bytes"):
        result[key] = max(sample[key] for sample in samples)
    if row.target is not None:
        judge(result, "share_of_peak", row.target)
    for unit in ("dot", "matrix"):
        if samples[0].get(f"{unit}_gflops"):
            result[f"{unit}_gflops"] = statistics.median(sample[f"{unit}_gflops"] for sample in samples)
            result[f"share_of_{unit}"] = statistics.median(sample["visible_gflops"] / sample[f"{unit}_gflops"] for sample in samples)
    if row.vector_target is not None:
        result["share_of_vectors"] = min(result["share_of_peak"], result.get("share_of_dot", result["share_of_peak"]))
        judge(result, "share_of_vectors", row.vector_target)
    if row.function_target is not None:
        result["share_of_functions"] = statistics.median(sample["functions"]["share"] for sample in samples)
        judge(result, "share_of_functions", row.function_target)
    if row.bound_target is not None:
        result["share_of_bound"] = statistics.median(max(sample["share_of_peak"], sample["read_gbs"] / sample["bandwidth_gbs"]) for sample in samples)
        judge(result, "share_of_bound", row.bound_target)
    if row.threads > 1:
        result["scaling"] = {key: statistics.median(sample["scaling"][key] for sample in samples)
                             for key in ("kernel", "fma", "share")}
        if row.scaling_target is not None:
            judge(result, "scaling", row.scaling_target, result["scaling"]["share"])
        if row.speedup_target is not None:
            judge(result, "speedup", row.speedup_target, result["scaling"]["kernel"])
    if row.bandwidth_target is not None:
        judge(result, "bandwidth", row.bandwidth_target, statistics.median(sample["read_gbs"] / sample["bandwidth_gbs"] for sample in samples))
    if row.classification_target is not None:
        judge(result, "classification", row.classification_target, result["share_of_classification"], at_most=True)
    if plain_samples:
        result["plain"] = row.plain
        # Round by round: both ran within seconds of each other.
        result["speed_of_plain"] = statistics.median(speed_beside(row, mine, other) for mine, other in zip(samples, plain_samples))
        result["speed_of_plain_at_min"] = speed_beside(row, min(samples, key=min_ms), min(plain_samples, key=min_ms), "min_ms", "max_peak_gflops")
        if row.plain_target is not None:
            judge(result, "speed_of_plain", row.plain_target)
    return result


def judge(result, what, target, value=None, at_most=False):
    value = result[what] if value is None else value
    result.setdefault("targets", {})[what] = {"target": target, "met": value <= target if at_most else value >= target}


def run_rows(attnc, chosen, rounds, folder, progress, beside=None):
    """All rows, in rounds; `beside(row, sample)` is called right after each row of the first."""
    samples = {row.name: [] for row in chosen}
    for number in range(rounds):
        for row in chosen:
            # A long row costs minutes and its figure of interest is a ratio taken in one process.
            if row.is_long and number > 0:
                continue
            progress(f"round {number + 1} of {rounds}: {row.name}")
            # The kernel and its inputs are the same in every round.
            samples[row.name].append(run_row(attnc, row, folder, check=number == 0))
            if beside and number == 0:
                beside(row, samples[row.name][0])
    return [summary(row, samples[row.name], samples.get(row.plain)) for row in chosen]


def memory_use(results):
    """The row whose kernel holds most beside its tensors, per thread."""
    if not results:
        return None
    most = max(results, key=lambda row: row["allocated_bytes"] + row["stack_bytes"])
    memory = {"row": most["name"], "allocated_bytes": most["allocated_bytes"], "stack_bytes": most["stack_bytes"]}
    judge(memory, "memory", table.WORKSPACE_TARGET, most["allocated_bytes"] + most["stack_bytes"], at_most=True)
    return memory
