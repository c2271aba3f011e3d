#!/usr/bin/env python3
"""Objects that hold several versions of a kernel, on the CPUs that an emulator plays: which version runs, and what an object
says where none can.

usage: versions.py ATTNC CC [EMULATOR]      (EMULATOR: qemu-x86_64 of QEMU's user mode)
"""

import os
import shlex
import subprocess
import sys
import tempfile

SKIPPED = 77
SPEC = "attention causal { layout gqa; w: int = 40; mask = window(w); out o, lse }\n"

# Prints the sizes of what the kernel allocates, which differ with the width of its vectors, and the status; writes the output.
PROGRAM = r"""
#include "NAME.h"
#include <stdio.h>
#include <stdlib.h>
enum { B = 2, H = 4, G = 2, N = 77, D = 40 };
static float q[B * H * N * D], k[B * G * N * D], v[B * G * N * D], o[B * H * N * D], lse[B * H * N];
static void *allocate(void *allocator, size_t bytes, size_t alignment) {
  printf("%zu ", bytes);
  return aligned_alloc(alignment, bytes);
}
static void release(void *allocator, void *memory, size_t bytes) { free(memory); }
static DLTensor tensor_of(float *data, int64_t *shape, int rank) {
  DLTensor tensor = {0};
  tensor.data = data, tensor.shape = shape, tensor.ndim = rank;
  tensor.device.device_type = kDLCPU;
  tensor.dtype.code = kDLFloat, tensor.dtype.bits = 32, tensor.dtype.lanes = 1;
  return tensor;
}
int main(int count, char **words) {
  unsigned state = 7;
  float *arrays[] = {q, k, v};
  size_t sizes[] = {sizeof(q) / 4, sizeof(k) / 4, sizeof(v) / 4};
  for (int a = 0; a < 3; a++)
    for (size_t n = 0; n < sizes[a]; n++) {
      state = state * 1664525u + 1013904223u;
      arrays[a][n] = (float)(state >> 8) / 8388608.0f - 1.0f;
    }
  int64_t queries[] = {B, H, N, D}, keys[] = {B, G, N, D};
  DLTensor tq = tensor_of(q, queries, 4), tk = tensor_of(k, keys, 4), tv = tensor_of(v, keys, 4);
  DLTensor to = tensor_of(o, queries, 4), tl = tensor_of(lse, queries, 3);
  causal_args a = causal_defaults();
  a.q = &tq, a.k = &tk, a.v = &tv, a.o = &to, a.lse = &tl;
  attn_context context = {0};
  context.allocate = allocate, context.release = release;
  attn_error e = {0};
  int status = causal(&a, &context, &e);
  if (status == ATTN_OK)
    status = causal(&a, &context, &e);
  printf("status %d %d %s\n", status, e.status, e.message);
  FILE *file = fopen(words[1], "wb");
  return !(file && fwrite(o, sizeof(o), 1, file) == 1 && fwrite(lse, sizeof(lse), 1, file) == 1 && fclose(file) == 0);
}
"""

# What each CPU should choose from each object.
LEVELS = ["x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4"]
EMULATED = {"Nehalem": 1, "Haswell": 2, "qemu64": 0, "max": 2}


def output(*command, **options):
    return subprocess.run(command, stdin=subprocess.DEVNULL, check=True, capture_output=True, text=True, **options).stdout


class Versions:
    def __init__(self, attnc, cc, emulator, folder):
        self.attnc, self.cc, self.emulator, self.folder = attnc, cc, emulator, folder
        self.failures = self.checks = 0

    def program(self, cpus):
        """Compiles the spec for a list of CPUs, and a program around it."""
        name = "k" + "_".join(cpus).replace("-", "_")
        if not os.path.exists(os.path.join(self.folder, name)):
            output(self.attnc, "spec.attn", "-o", f"{name}.o", f"--cpu={','.join(cpus)}", cwd=self.folder)
            with open(os.path.join(self.folder, f"{name}.c"), "w", encoding="utf-8") as file:
                file.write(PROGRAM.replace("NAME", name))
            output(*self.cc, "-static", "-I.", f"{name}.c", f"{name}.o", "-o", name, cwd=self.folder)
        return name

    def run(self, cpus, machine):
        """What a program says and computes on a machine: an emulated CPU, or None for this one."""
        result = os.path.join(self.folder, "result")
        where = [*self.emulator, "-cpu", machine] if machine else []
        said = output(*where, "./" + self.program(cpus), result, cwd=self.folder)
        with open(result, "rb") as file:
            return said, file.read()

    def check(self, good, text):
        self.checks += 1
        if not good:
            self.failures += 1
            print(f"FAILED: {text}")

    def chooses(self, cpus, machine, expected):
        said, data = self.run(cpus, machine)
        alone, same = self.run([expected], machine)
        self.check("status 0 0" in said, f"{cpus} on {machine}: {said}")
        self.check((said, data) == (alone, same), f"{cpus} on {machine}: not what {expected} gives:\n{said}{alone}")

    def refuses(self, cpus, machine, *words):
        said, data = self.run(cpus, machine)
        self.check("status 4 4 " in said and all(word in said for word in words), f"{cpus} on {machine}: {said}")
        self.check(not any(data), f"{cpus} on {machine}: wrote an output")


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    attnc, cc, emulator = os.path.abspath(sys.argv[1]), shlex.split(sys.argv[2]), sys.argv[3:]
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "spec.attn"), "w", encoding="utf-8") as file:
            file.write(SPEC)
        tests = Versions(attnc, cc, emulator, folder)
        here = int("avx2" in open("/proc/cpuinfo", encoding="utf-8").read().split()) and 2
        if here and "avx512vl" in open("/proc/cpuinfo", encoding="utf-8").read().split():
            here = 3
        tests.chooses(LEVELS, None, LEVELS[here])
        tests.chooses(["x86-64-v3", "x86-64"], None, LEVELS[min(here, 2)])
        widths = {tests.run([level], None)[0] for level in LEVELS[:here + 1]}
        tests.check(len(widths) == (3 if here == 3 else len(widths)), f"the levels can't be told apart: {widths}")
        if not emulator:
            print(f"skipped: no qemu-x86_64 to play other CPUs; {tests.checks} checks on this one, {tests.failures} failures")
            return 1 if tests.failures else SKIPPED
        for machine, level in EMULATED.items():
            tests.chooses(LEVELS, machine, LEVELS[level])
            tests.chooses(["x86-64", "x86-64-v4"], machine, "x86-64")
        tests.refuses(["x86-64-v4"], "Haswell", "causal: compiled for x86-64-v4; this CPU lacks avx512f, ", ", which it needs")
        tests.refuses(["x86-64-v3", "x86-64-v4"], "Nehalem", "compiled for x86-64-v4 and x86-64-v3; this CPU lacks ", "avx2",
                      "which the least demanding of them needs")
    print(f"{tests.checks} checks, {tests.failures} failures")
    return 1 if tests.failures else 0


if __name__ == "__main__":
    sys.exit(main())
