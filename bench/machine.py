"""What the benchmark ran on, and who else did."""

import os
import platform
import resource
import shutil
import subprocess


def first_line(command):
    if not shutil.which(command[0]):
        return None
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return done.stdout.strip().splitlines()[0] if done.returncode == 0 and done.stdout.strip() else None


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def cpu_fields():
    fields = {}
    for line in read("/proc/cpuinfo").splitlines():
        name, colon, value = line.partition(":")
        if colon:
            fields.setdefault(name.strip(), value.strip())
    return fields


def caches():
    found = {}
    folder = "/sys/devices/system/cpu/cpu0/cache"
    for index in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        level, kind, size = (read(f"{folder}/{index}/{name}").strip() for name in ("level", "type", "size"))
        if level and size and kind != "Instruction":
            found[f"L{level}"] = size
    return found


def describe(attnc, repository):
    fields = cpu_fields()
    flags = fields.get("flags", fields.get("Features", "")).split()
    llvm = next((line for line in (first_line([name, "--version"]) for name in ("llvm-config-22", "llvm-config")) if line), None)
    return {
        "cpu": fields.get("model name", platform.machine()),
        "cpus": len(os.sched_getaffinity(0)),
        "vectors": [flag for flag in ("avx2", "fma", "avx512f", "avx512_bf16", "amx_bf16", "asimd") if flag in flags],
        "caches": caches(),
        "virtual": "hypervisor" in flags,
        "system": f"{platform.system()} {platform.release()}",
        "attnc": first_line([attnc, "--version"]),
        "revision": first_line(["git", "-C", repository, "describe", "--always", "--dirty"]),
        "llvm": llvm,
        "python": platform.python_version(),
    }


class OtherWork:
    """How much of the CPUs went to others while this ran: processes that it didn't start, and, in a virtual machine, other machines."""

    def __init__(self):
        self.begin = self.now()

    @staticmethod
    def now():
        fields = read("/proc/stat").split("\n", 1)[0].split()[1:9]
        if len(fields) < 8:
            return None
        user, nice, system, idle, wait, interrupt, soft, stolen = (int(field) / os.sysconf("SC_CLK_TCK") for field in fields)
        own = sum(usage.ru_utime + usage.ru_stime for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))
        return {"busy": user + nice + system + interrupt + soft, "stolen": stolen, "own": own, "all": user + nice + system + idle
                + wait + interrupt + soft + stolen}

    def shares(self):
        """Of the time of all CPUs; None where the system doesn't tell."""
        end = self.now()
        if not self.begin or not end:
            return None
        spent = {key: end[key] - self.begin[key] for key in end}
        total = max(spent["all"], 1e-9)
        return {"other_processes": max(0.0, spent["busy"] - spent["own"]) / total, "stolen": max(0.0, spent["stolen"]) / total}
