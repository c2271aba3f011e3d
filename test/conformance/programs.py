#!/usr/bin/env python3
"""Compiles and runs every attention of a file of programs, each against the oracle.

usage: programs.py ATTNC PROGRAMS.attn

An attention that isn't named below runs with small extents and random inputs.
"""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

EXTENTS = {"B": 2, "H": 4, "G": 2, "I": 37, "J": 53, "D": 16, "E": 12, "C": 24, "R": 8, "N": 120, "M": 60, "P": 30, "T": 100}
# Where other extents, or inputs, are called for.
RUNS = {
    "gemma2_local": ({"H": 16, "G": 8, "D": 256, "I": 20, "J": 20}, "-p w=9"),
    "transformer_xl": ({"N": 37 + 53}, ""),
    "swin_shifted": ({"N": 2, "I": 49, "J": 49, "T": 169}, "-p w=7 -i region=randint(0,3,2,49)"),
    "talking_heads": ({"N": 4}, ""),
    "onnx": ({"P": 30, "N": 23, "M": 53}, "-p cap=20"),
    "onnx_3d": ({}, ""),
    "paged_int8_rope": ({"J": None, "D": 128, "P": 9, "S": 16, "M": 7},
                        "-i len=[100,37] -i table=randint(0,9,2,7) -i ks=full(0.02,9,16,2) -i vs=full(0.02,9,16,2)"),
    "mla_absorbed": ({}, "-p scale=0.125"),
    "luong": ({"H": None}, ""),
    "pooling": ({"H": None, "I": None}, ""),
    "bahdanau": ({"H": None}, "-i len=[53,20]"),
    "morton_natten": ({"I": 64, "J": 64}, "-p rows=8 -p cols=8 -p kern=3"),
    "diffusion": ({"I": 40, "J": 40}, "-p n=20 -p c=5"),
    "prefix_shared": ({"I": 53, "J": 53, "N": 4, "T": 53, "M": 3}, "-i off=[0,10,30,53] -i doc=randint(0,3,53) -i pre=[0,0,0]"),
    "tree_decode": ({"I": 10, "J": 53, "N": 10}, "-p p=43"),
    "bigbird": ({"N": 10, "R": 3}, "-p c=8 -p w=5 -i blk=randint(0,7,10,3)"),
    "sam": ({"Y": 7, "X": 8}, ""),
    "retention": ({}, "-i gamma=[0.9,0.95,0.97,0.99]"),
    "cope": ({"N": 20}, ""),
}


def run(attnc, path, name):
    extents, arguments = RUNS.get(name, ({}, ""))

    def attempt(dims):
        command = [attnc, "run", path, "--only", name, "--random", "--check", "--dims", dims, *arguments.split()]
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)

    # What it says of an extent that is none names those that it has.
    known = re.search(r"; it has (.*)", attempt("ZZ=1").stderr)
    sizes = {**EXTENTS, **extents}
    done = attempt(",".join(f"{extent}={sizes[extent]}" for extent in known[1].split(", ") if sizes.get(extent) is not None))
    fine = done.returncode == 0 and "error" in done.stdout
    return fine, f"{'ok' if fine else 'FAILED'}  {name}\n{done.stdout}{done.stderr}"


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    attnc, path = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        names = re.findall(r"^attention (\w+)", file.read(), re.M)
    failures = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for fine, text in pool.map(lambda name: run(attnc, path, name), names):
            print(text, flush=True)
            failures += not fine
    print(f"{len(names) - failures} of {len(names)} compile and agree with the oracle")
    return 1 if failures or not names else 0


if __name__ == "__main__":
    sys.exit(main())
