"""Other programs on the benchmark's rows, in turn with them: ONNX Runtime and PyTorch.

Neither is needed: what can't be had is said, with the reason. ONNX Runtime comes from npm, without its scripts, into the build folder; PyTorch is that of a Python
that is named, which may be in another root: `chroot /somewhere python3`. Each computes what attnc computed, from the same inputs, with one thread, and its
outputs are compared with ours; a time whose output disagrees counts for nothing.
"""

import array
import ast
import math
import os
import shlex
import shutil
import statistics
import struct
import subprocess

import measure
import rows as table

from . import jobs, onnx_model
from .process import PeerFailed, PeerProcess

HERE = os.path.dirname(os.path.abspath(__file__))
ONNX_RUNTIME = "onnxruntime-node@1.30.0"
# Apart by more, relative to the largest |v|, than what different orders of summation and approximations of exp make of it: another computation.
APART = {"f32": 1e-4, "f16": 5e-3, "bf16": 4e-2}
TIMING = {"least": 5, "budget_ms": 1000, "slow_ms": 5000}
NPY_ELEMENTS = {"<f4": "f32", "<i4": "i32", "|b1": "bool"}


def install_onnx_runtime(folder, progress):
    """Installs the package unless it is there."""
    wanted = ONNX_RUNTIME.rpartition("@")[2]
    if os.path.exists(os.path.join(folder, f"installed-{wanted}")):
        return
    for program in ("node", "npm"):
        if not shutil.which(program):
            raise PeerFailed(f"there is no {program} to install {ONNX_RUNTIME} with (Debian's nodejs and npm)")
    progress(f"installing {ONNX_RUNTIME}")
    os.makedirs(folder, exist_ok=True)
    done = subprocess.run(["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", folder, ONNX_RUNTIME], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise PeerFailed(f"`npm install {ONNX_RUNTIME}` failed: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")
    open(os.path.join(folder, f"installed-{wanted}"), "w", encoding="utf-8").close()


def read_tensor(path):
    """(element, shape, bytes) of an .npy file that attnc wrote; what is stored in 16 bits as f32."""
    with open(path, "rb") as file:
        content = file.read()
    start = 10 + int.from_bytes(content[8:10], "little")
    header = ast.literal_eval(content[10:start].decode("latin-1"))
    if header["descr"] == "<f2":
        numbers = struct.unpack(f"<{(len(content) - start) // 2}e", content[start:])
        return "f32", list(header["shape"]), array.array("f", numbers).tobytes()
    return NPY_ELEMENTS[header["descr"]], list(header["shape"]), content[start:]


def rows_apart(mine, theirs, width, largest):
    """The largest difference in some 500 rows, relative to the largest |v|."""
    mine, theirs = array.array("f", mine), array.array("f", theirs)
    if len(mine) != len(theirs):
        return float("inf")
    worst, rows = 0.0, len(mine) // width
    for row in {*range(0, rows, max(1, rows // 500)), rows - 1}:
        for n in range(row * width, (row + 1) * width):
            apart = abs(mine[n] - theirs[n])
            worst = apart if not apart <= worst else worst
    return worst / largest


class Peers:
    """The peers that can be had, and what they answered."""

    def __init__(self, attnc, python, build, folder, progress):
        self.attnc, self.build, self.folder, self.progress = attnc, os.path.join(build, "peers"), folder, progress
        self.processes, self.about, self.rows = {}, {}, {}
        for name, start in (("ONNX Runtime", self.start_onnx_runtime), ("PyTorch", lambda: self.start_torch(python))):
            try:
                process = start()
                self.processes[name] = process
                greeting, _ = process.ask()
                if "failure" in greeting:
                    raise PeerFailed(greeting["failure"])
                self.about[name] = {"version": greeting["version"]}
            except PeerFailed as problem:
                self.drop(name)
                self.about[name] = {"missing": str(problem)}
                progress(f"{name} is left out: {problem}")

    def drop(self, name):
        process = self.processes.pop(name, None)
        if process:
            process.close()

    def close(self):
        for name in list(self.processes):
            self.drop(name)

    def start_onnx_runtime(self):
        folder = os.path.join(self.build, "onnxruntime")
        install_onnx_runtime(folder, self.progress)
        return PeerProcess(["node", os.path.join(HERE, "onnx_host.js"), folder], os.path.join(self.build, "onnxruntime.log"))

    def start_torch(self, python):
        with open(os.path.join(HERE, "torch_host.py"), encoding="utf-8") as file:
            program = file.read()
        environment = dict(os.environ, OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1", TORCHINDUCTOR_COMPILE_THREADS="1",
                           TORCHINDUCTOR_CACHE_DIR=os.path.join(self.build, "inductor"))
        # OpenBLAS may know AVX2 only of a CPU that hides its model.
        if table.this_cpu_has("avx512_bf16"):
            environment.setdefault("OPENBLAS_CORETYPE", "Cooperlake")
        return PeerProcess([*shlex.split(python), "-c", program], os.path.join(self.build, "torch.log"), environment)

    def beside(self, row, sample):
        """Runs a row that attnc has just run on all peers that know it; `sample` is what attnc said."""
        job = jobs.job_of(row)
        if not job or not self.processes:
            return
        # What no peer here can do costs nothing.
        if list(self.processes) == ["ONNX Runtime"] and not onnx_model.models_of(job):
            return
        contents, mine = self.tensors_of(row, job)
        largest = max(map(abs, array.array("f", contents["v"][2]))) or 1.0
        answers = {}
        for name, process in list(self.processes.items()):
            self.progress(f"  {row.name} on {name}")
            try:
                request = {"job": job, "tensors": [[tensor, contents[tensor][0], contents[tensor][1]] for tensor in contents]}
                failure = process.ask(request, [content for _, _, content in contents.values()])[0].get("failure")
                if failure:
                    raise PeerFailed(failure)
                ways = self.onnx_ways(process, job) if name == "ONNX Runtime" else self.torch_ways(process)
                for way, (answer, output) in ways:
                    answers.update(self.judged(job, name, way, answer, output, mine, largest))
            except PeerFailed as problem:
                # What it can still do is not worth guessing.
                self.drop(name)
                self.about[name]["ended"] = f"at {row.name}: {problem}"
                self.progress(f"{name} is left out from here on: {problem}")
        self.rows[row.name] = self.compared(row, sample, answers)

    @staticmethod
    def onnx_ways(process, job):
        for operator, made in onnx_model.models_of(job).items():
            inputs = [[entry[0], list(entry[2])] for entry in made["inputs"] if entry]
            yield f"ORT {operator}", process.ask({"inputs": inputs, "heads_first": made["heads_first"], **TIMING}, [made["model"]])

    @staticmethod
    def torch_ways(process):
        for mode, way in (("eager", "PyTorch eager"), ("SDPA", "PyTorch SDPA"), ("FlexAttention", "FlexAttention")):
            yield way, process.ask({"mode": mode, **TIMING})

    def tensors_of(self, row, job):
        """The inputs of a run by name, as (element, shape, bytes), and what attnc made of them."""
        names = ["q", "k", "v", *job["tables"]]
        paths = {name: os.path.join(self.folder, f"peer-{name}.npy") for name in names + ["o"]}
        command = [self.attnc, "run", measure.spec_path(row.spec), "--random", *measure.input_arguments(row, self.folder)]
        for name, path in paths.items():
            command += ["-o", f"{name}={path}"]
        measure.call(command)
        return {name: read_tensor(paths[name]) for name in names}, read_tensor(paths["o"])[2]

    @staticmethod
    def judged(job, name, way, answer, output, mine, largest):
        if answer.get("failure", "") is None:
            return {}
        if "failure" in answer:
            return {way: {"of": name, "failure": answer["failure"]}}
        apart = rows_apart(mine, output, job["sizes"]["D"], largest)
        found = {"of": name, "median_ms": statistics.median(answer["times"]), "min_ms": min(answer["times"]), "runs": len(answer["times"]),
                 "apart": apart if math.isfinite(apart) else None}
        if not apart <= APART[job["element"]]:
            found["failure"] = f"its output is {apart:.1e} from ours"
        return {way: found}

    @staticmethod
    def compared(row, sample, answers):
        result = {"median_ms": sample["median_ms"], "ways": answers}
        good = {way: answer["median_ms"] for way, answer in answers.items() if "failure" not in answer}
        if good:
            result["best"] = min(good, key=good.get)
            result["times_best"] = good[result["best"]] / sample["median_ms"]
            measure.judge(result, "times_best", jobs.target_of(row))
        if "FlexAttention" in good:
            result["times_flex"] = good["FlexAttention"] / sample["median_ms"]
            measure.judge(result, "times_flex", jobs.FLEX_TARGET)
        return result

    def results(self):
        return {"about": self.about, "rows": self.rows, "reference_machine": jobs.REFERENCE_MACHINE}


def by_shares(rows, measured):
    """Rows beside the shares that peers reached elsewhere, where those weren't `measured` here."""
    found = {}
    for row in rows:
        entry, own = {}, measured.get(row["name"], {"ways": {}})
        ran = {way for way, answer in own["ways"].items() if "failure" not in answer}
        what, share, name = jobs.REFERENCE.get(row["name"], (None, None, None))
        if what and not any(way.startswith(name.replace("ONNX Runtime", "ORT")) for way in ran):
            mine = row["read_gbs"] / row["bandwidth_gbs"] if what == "share_of_bandwidth" else row[what]
            entry.update(of=what, share=mine, reference=share, peer=name, times_best=mine / share)
            measure.judge(entry, "times_best", jobs.target_of(next(one for one in table.ROWS if one.name == row["name"])))
        if row["name"] in jobs.REFERENCE_FLEX and "FlexAttention" not in ran:
            entry["times_flex"] = row["share_of_peak"] / jobs.REFERENCE_FLEX[row["name"]]
            measure.judge(entry, "times_flex", jobs.FLEX_TARGET)
        if entry:
            found[row["name"]] = entry
    return found
