"""How long compiling takes: in memory, from the disk cache, to an object file, and for every example."""

import os
import re
import shlex
import statistics

import measure
import rows as table

STAGE = re.compile(r"^(.*?)\s+([0-9.]+) ms$", re.MULTILINE)
NOT_COMPILING = {"inputs", "run", "total"}
EXAMPLES = os.path.join(os.path.dirname(measure.HERE), "examples")


def stages_of(text):
    return {name: float(value) for name, value in STAGE.findall(text)}


def stages_once(attnc, spec, arguments, environment=None):
    """Milliseconds of each stage from source text to code in memory."""
    command = [attnc, "run", spec, "--random", *arguments, "--time"]
    stages = stages_of(measure.call(command if environment else command + ["--no-cache"], environment)[1])
    compiling = {stage: value for stage, value in stages.items() if stage not in NOT_COMPILING}
    if not compiling:
        raise measure.Failed(f"`attnc run {spec} --time` names no stage")
    return compiling


def smallest(name):
    dims = {"B": 1, "H": 1, "I": 1, "J": 1, "D": 64}
    dims |= {"gqa": {"G": 1}, "documents": {"N": 1}, "t5": {"N": 32}}.get(name, {})
    return ["--dims", ",".join(f"{extent}={size}" for extent, size in dims.items())]


def of_spec(attnc, name, folder, result):
    """One round of a spec: JIT, the same from the cache, object, check."""
    spec, arguments = measure.spec_path(name), smallest(name)
    stages = stages_once(attnc, spec, arguments)
    result["stages"].append(stages)
    result["jit"].append(sum(stages.values()))
    cache = dict(os.environ, ATTN_CACHE_DIR=os.path.join(folder, "cache"))
    if not result["cached"]:
        stages_once(attnc, spec, arguments, cache)
    again = stages_once(attnc, spec, arguments, cache)
    if "cache: hit" not in again:
        raise measure.Failed(f"a second `attnc run {spec}` didn't find its kernel in the cache: {', '.join(again)}")
    result["cached"].append(sum(again.values()))
    _, _, wall, cpu = measure.call([attnc, spec, "-o", os.path.join(folder, name + ".o")])
    result["object"].append(wall)
    result["object_cpu"].append(cpu)
    _, _, wall, cpu = measure.call([attnc, "check", spec])
    result["check"].append(wall)
    result["check_cpu"].append(cpu)


def slowest_example(attnc, repeats, progress):
    """The example whose JIT takes longest, at the sizes of its first `# try:` line; the fastest of several times each."""
    slowest = None
    names = sorted(name for name in os.listdir(EXAMPLES) if name.endswith(".attn"))
    for number, name in enumerate(names):
        progress(f"compiling the examples, {number + 1} of {len(names)}: {name}")
        path = os.path.join(EXAMPLES, name)
        with open(path, encoding="utf-8") as file:
            arguments = next(shlex.split(line[len("# try:"):]) for line in file if line.startswith("# try:"))
        took = min(sum(stages_once(attnc, path, arguments).values()) for _ in range(repeats))
        if not slowest or took > slowest["jit_ms"]:
            slowest = {"example": name, "jit_ms": took}
    measure.judge(slowest, "jit", table.ANY_JIT_MS, slowest["jit_ms"], at_most=True)
    return {**slowest, "examples": len(names)}


def measure_all(attnc, repeats, folder, progress):
    results = {name: {key: [] for key in ("jit", "stages", "cached", "object", "object_cpu", "check", "check_cpu")} for name in table.COMPILED}
    start = []
    for number in range(repeats):
        progress(f"compiling, {number + 1} of {repeats}")
        start.append(measure.call([attnc, "--version"])[2])
        for name, result in results.items():
            of_spec(attnc, name, folder, result)
    kernels = []
    for name, result in results.items():
        kernel = {"spec": name, "stages_ms": {stage: statistics.median(each[stage] for each in result["stages"]) for stage in result["stages"][0]}}
        for key in ("jit", "cached", "object", "object_cpu", "check", "check_cpu"):
            kernel[key + "_ms"] = statistics.median(result[key])
            kernel["min_" + key + "_ms"] = min(result[key])
        for key, target in (("jit", table.COMPILED[name]), ("cached", table.CACHED_TARGET_MS), ("object", table.OBJECT_TARGET_MS), ("check", table.CHECK_TARGET_MS)):
            measure.judge(kernel, key, target, kernel[key + "_ms"], at_most=True)
        kernels.append(kernel)
    return {"start_ms": statistics.median(start), "min_start_ms": min(start), "repeats": repeats, "kernels": kernels,
            "slowest": slowest_example(attnc, 1 if repeats == 1 else 3, progress)}
