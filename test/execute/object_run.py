#!/usr/bin/env python3
"""`attnc run` by way of an object file: compiles the spec ahead of time, links a C program around object and header, runs it (under an
emulator where it is for another machine), and has attnc compare its outputs with the oracle.

usage: object_run.py --attnc PROGRAM --cc COMPILER [--emulator COMMAND] [--compile ARGUMENTS] -- COMMAND SPEC [arguments of attnc run]

With another command than `run`, or --reference, attnc itself is run. COMMAND and ARGUMENTS are split at blanks. Exit statuses and
messages are those of `attnc run`; with --threads N the program cuts a run into N pieces and works on the last first.
"""

import argparse
import math
import os
import re
import shlex
import struct
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "conformance"))
import npy

WITH_VALUE = {"-i": "input", "-p": "param", "-o": "output", "--input": "input", "--param": "param", "--output": "output",
              "--dims": "dims", "--seed": "seed", "--set": "set", "--only": "only", "--threads": "threads",
              "--tolerance": "tolerance"}
# Element type: NumPy's code, DLPack's code, bits.
ELEMENTS = {"f16": ("<f2", "kDLFloat", 16), "bf16": ("<u2", "kDLBfloat", 16), "f32": ("<f4", "kDLFloat", 32),
            "i8": ("|i1", "kDLInt", 8), "u8": ("|u1", "kDLUInt", 8), "i32": ("<i4", "kDLInt", 32),
            "i64": ("<i8", "kDLInt", 64), "bool": ("|b1", "kDLBool", 8)}
TENSOR = re.compile(r"^  const DLTensor \*(\w+); /\* (in |out) (\w+)\[(.*)\] \*/$", re.MULTILINE)
SCALAR = re.compile(r"^  (int64_t|double|bool) (\w+); /\* (int|float|bool)\b", re.MULTILINE)

PROGRAM = """
#include <stdio.h>
#include <stdlib.h>
static void run_cut(void *executor, int64_t count, void (*body)(void *, int64_t, int64_t), void *argument) {
  int64_t pieces = *(int64_t *)executor;
  for (int64_t n = pieces; n-- > 0;)
    body(argument, count * n / pieces, count * (n + 1) / pieces);
}
static void *run_bytes(const char *path, size_t count) {
  FILE *file = path ? fopen(path, "rb") : NULL;
  char *memory = aligned_alloc(64, (count + 127) / 64 * 64);
  if (!memory || (path && (!file || fread(memory, 1, count, file) != count)))
    exit(99);
  if (!path)
    for (size_t n = 0; n < count; n++)
      memory[n] = (char)(n * 37 + 1);
  return memory;
}
static void run_write(const char *path, const void *memory, size_t count) {
  FILE *file = fopen(path, "wb");
  if (!file || fwrite(memory, 1, count, file) != count || fclose(file))
    exit(99);
}
static DLTensor run_tensor(void *data, int64_t *shape, int rank, int code, int bits) {
  DLTensor tensor = {0};
  tensor.data = data, tensor.shape = shape, tensor.ndim = rank;
  tensor.device.device_type = kDLCPU;
  tensor.dtype.code = (uint8_t)code, tensor.dtype.bits = (uint8_t)bits, tensor.dtype.lanes = 1;
  return tensor;
}
"""


class Failed(Exception):
    def __init__(self, status, output, error):
        super().__init__()
        self.status, self.output, self.error = status, output, error


def run(*command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(done.returncode, done.stdout, done.stderr)
    return done.stdout


class Arguments:
    """Of `attnc run`, as far as they matter here."""

    def __init__(self, words):
        self.files, self.flags, self.values = [], set(), {name: [] for name in WITH_VALUE.values()}
        words = iter(words)
        for word in words:
            name, equals, value = word.partition("=")
            if word in WITH_VALUE:
                self.values[WITH_VALUE[word]].append(next(words))
            elif equals and name.startswith("--") and name in WITH_VALUE:
                self.values[WITH_VALUE[name]].append(value)
            elif word.startswith("-"):
                self.flags.add(word)
            else:
                self.files.append(word)

    def again(self, *names):
        """The arguments of these options, as they were given."""
        return [part for name in names for value in self.values[name] for part in (f"--{name}", value)]

    def named(self, name):
        return dict(value.split("=", 1) for value in self.values[name])


def extents_of(tensors, shapes, given):
    """Every extent that a dimension of its own shows."""
    extents = {key: int(size) for value in given for key, size in (part.split("=") for part in value.split(","))}
    for name, _, _, dimensions in tensors:
        for text, size in zip(dimensions, shapes.get(name, ())):
            if re.fullmatch(r"[A-Za-z_]\w*", text) and (size != 1 or text not in extents):
                extents[text] = size
            elif "=" in text:
                extents[text.split("=")[0]] = size
    return extents


def size_of(dimension, extents):
    return int(eval(dimension.split("=")[-1], {"__builtins__": {}, "min": min, "max": max}, dict(extents)))


def literal(kind, text):
    if kind == "float":
        value = float(text)
        if math.isfinite(value):
            return value.hex()
        return "(0.0 / 0.0)" if math.isnan(value) else f"({'-' if value < 0 else ''}1e300 * 1e300)"
    if kind == "bool":
        return str(int(text == "true"))
    return f"INT64_C({text})" if int(text) != -2**63 else "INT64_MIN"


def main_text(kernel, tensors, scalars, shapes, threads):
    lines = ['#include "kernel.h"', PROGRAM, "int main(void) {", f"  {kernel}_args run_arguments = {kernel}_defaults();",
             "  attn_error run_error = {0};", f"  int64_t run_pieces = {threads};", "  attn_context run_context = {0};",
             "  run_context.executor = &run_pieces, run_context.parallel_for = run_pieces > 1 ? run_cut : NULL;"]
    for name, direction, element, _ in tensors:
        shape, (_, code, bits) = shapes[name], ELEMENTS[element]
        count = math.prod(shape) * bits // 8
        sizes = ", ".join(map(str, shape or (0,)))
        source = f'"in_{name}.bin"' if direction == "in" else "NULL"
        lines += [f"  int64_t run_shape_{name}[] = {{{sizes}}};", f"  void *run_data_{name} = run_bytes({source}, {count});",
                  f"  DLTensor run_tensor_{name} = run_tensor(run_data_{name}, run_shape_{name}, {len(shape)}, {code}, {bits});",
                  f"  run_arguments.{name} = &run_tensor_{name};"]
    lines += [f"  run_arguments.{member} = {value};" for member, value in scalars]
    lines += [f"  if ({kernel}(&run_arguments, &run_context, &run_error) != ATTN_OK) {{", '    fprintf(stderr, "error: %s\\n", run_error.message);', "    return 1;",
              "  }"]
    for name, direction, element, _ in tensors:
        if direction == "out":
            count = math.prod(shapes[name]) * ELEMENTS[element][2] // 8
            lines.append(f'  run_write("out_{name}.bin", run_data_{name}, {count});')
    return "\n".join(lines + ["  return 0;", "}", ""])


def widened(array):
    """bf16, which .npy lacks, as attnc writes it: float32."""
    count = len(array.data) // 2
    bits = struct.unpack(f"<{count}H", array.data)
    return npy.Array("<f4", array.shape, struct.pack(f"<{count}I", *(word << 16 for word in bits)))


class ObjectRun:
    def __init__(self, options, words, folder):
        self.options, self.folder, self.arguments = options, folder, Arguments(words)
        self.spec = self.arguments.files[0]
        self.inputs = (["--random"] if "--random" in self.arguments.flags else []) + self.arguments.again(
            "input", "param", "dims", "seed", "only")

    def path(self, name):
        return os.path.join(self.folder, name)

    def compile(self):
        """Object and header; what the header says of the kernel's arguments."""
        run(self.options.attnc, self.spec, "-o", self.path("kernel.o"), *self.options.compile,
            *self.arguments.again("only", "set"))
        with open(self.path("kernel.h"), encoding="utf-8") as file:
            text = file.read()
        self.kernel = re.search(r"^typedef struct (\w+)_args \{$", text, re.MULTILINE).group(1)
        body = text[text.index(f"typedef struct {self.kernel}_args"):]
        self.tensors = [(name, direction.strip(), element, [part.strip() for part in dimensions.split(",")] if dimensions else [])
                        for name, direction, element, dimensions in TENSOR.findall(body)]
        self.scalars = {name: kind for _, name, kind in SCALAR.findall(body)}

    def gather(self):
        """Has attnc write the inputs it would run with. A run that fails on its data has written them all the same."""
        paths = {name: self.path(f"in_{name}.npy") for name, direction, _, _ in self.tensors if direction == "in"}
        wanted = [part for name, path in paths.items() for part in ("-o", f"{name.rstrip('_')}={path}")]
        try:
            run(self.options.attnc, "run", self.spec, *self.inputs, *self.arguments.again("set"), "--raw", *wanted)
        except Failed:
            if not all(map(os.path.exists, paths.values())):
                raise
        self.shapes = {}
        for name, path in paths.items():
            array = npy.read(path)
            self.shapes[name] = array.shape
            with open(self.path(f"in_{name}.bin"), "wb") as file:
                file.write(array.data)
        known = extents_of(self.tensors, self.shapes, self.arguments.values["dims"] + self.arguments.values["set"])
        known |= {name: int(value) for name, value in self.arguments.named("param").items() if re.fullmatch(r"-?\d+", value)}
        known |= self.computed_extents(known)
        for name, direction, _, dimensions in self.tensors:
            if direction == "out":
                self.shapes[name] = tuple(size_of(dimension, known) for dimension in dimensions)

    def computed_extents(self, known):
        """`J = P + N`, as the compiler understood it, from the extents that the tensors show."""
        computed = {}
        text = run(self.options.attnc, "explain", self.spec, *self.arguments.again("set"))
        extents = text.split("\nextents\n")[-1].split("\ndefinitions")[0]
        for name, expression in re.findall(r"^  (\w+) += ([^;\n]+)$", extents, re.MULTILINE):
            if name not in known:
                try:
                    computed[name] = size_of(expression, known | computed)
                except (NameError, SyntaxError):
                    continue
        return computed

    def execute(self):
        threads = int((self.arguments.values["threads"] or ["1"])[-1])
        members = {name: name if name in self.scalars else name + "_" for name in self.arguments.named("param")}
        scalars = [(members[name], literal(self.scalars[members[name]], value))
                   for name, value in self.arguments.named("param").items()]
        with open(self.path("main.c"), "w", encoding="utf-8") as file:
            file.write(main_text(self.kernel, self.tensors, scalars, self.shapes, max(1, threads)))
        run(*self.options.cc, "-std=c11", "-static", "-Wall", "-Werror", "-I", self.folder, self.path("main.c"), self.path("kernel.o"), "-o",
            self.path("program"))
        done = subprocess.run([*self.options.emulator, "./program"], cwd=self.folder, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failed(done.returncode, done.stdout, done.stderr)

    def finish(self):
        """Outputs where they were asked for, and the comparison."""
        wanted, computed = self.arguments.named("output"), []
        for name, direction, element, _ in self.tensors:
            if direction == "in":
                continue
            with open(self.path(f"out_{name}.bin"), "rb") as file:
                array = npy.Array(ELEMENTS[element][0], self.shapes[name], file.read())
            original = name if name in wanted else name.rstrip("_")
            npy.write(self.path(f"{name}.npy"), array)
            computed += ["--computed", f"{original}={self.path(name + '.npy')}"]
            if original in wanted:
                npy.write(wanted[original], array if element != "bf16" else widened(array))
        if "--check" not in self.arguments.flags:
            return ""
        return run(self.options.attnc, "run", self.spec, *self.inputs, "--check", *self.arguments.again("set", "tolerance"),
                   *computed)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--attnc", required=True)
    parser.add_argument("--cc", type=shlex.split, required=True)
    parser.add_argument("--emulator", type=shlex.split, default=[])
    parser.add_argument("--compile", type=shlex.split, default=[])
    parser.add_argument("words", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    words = options.words[1:] if options.words[:1] == ["--"] else options.words
    if words[:1] != ["run"] or "--reference" in words or any(word in words for word in ("-h", "--help")):
        os.execv(options.attnc, [options.attnc, *words])
    with tempfile.TemporaryDirectory() as folder:
        work = ObjectRun(options, words[1:], folder)
        try:
            work.compile()
            work.gather()
            work.execute()
            print(work.finish(), end="")
        except Failed as failed:
            print(failed.output, end="")
            print(failed.error, end="", file=sys.stderr)
            return failed.status if failed.status >= 0 else 128 - failed.status
    return 0


if __name__ == "__main__":
    sys.exit(main())
