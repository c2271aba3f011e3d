#!/usr/bin/env python3
"""Makes the Debian package, uncompressed, and looks into it.

usage: package_test.py CPACK BUILD

Exits with 77 where Debian's tools are not installed. test/install/bare.sh installs the package on a bare Debian.
"""

import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile


def run(*command, **options):
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: exit status {done.returncode}\n{done.stdout}")
    return done.stdout


def main():
    cpack, build = sys.argv[1:]
    if not shutil.which("dpkg-shlibdeps") or not shutil.which("dpkg-deb"):
        print("skipped: Debian's dpkg-dev is not installed")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        run(cpack, "-G", "DEB", "-B", folder, "-D", "CPACK_DEBIAN_COMPRESSION_TYPE=none", cwd=build)
        package, = glob.glob(os.path.join(folder, "*.deb"))
        control = run("dpkg-deb", "-f", package)
        needed = set(re.findall(r"[\w.+-]+(?= |,|$)", re.search(r"^Depends: (.*)$", control, re.M)[1]))
        brought = {name for name in needed if "llvm" in name or "mlir" in name}
        if brought or not {"libc6", "libstdc++6", "libtbb12"} <= needed:
            raise SystemExit(f"the package depends on {sorted(needed)}")
        root = os.path.join(folder, "root")
        run("dpkg-deb", "-x", package, root)
        for name in ("copyright", "copyright.llvm"):
            with open(os.path.join(root, "usr", "share", "doc", "attn", name), encoding="utf-8") as file:
                if "Apache" not in file.read():
                    raise SystemExit(f"{name} is no licence")
        attnc = os.path.join(root, "usr", "bin", "attnc")
        example = os.path.join(root, "usr", "share", "attn", "examples", "causal.attn")
        run(attnc, "run", example, "--random", "--dims", "B=1,H=1,I=20,J=20,D=8", "--check")
        libraries = run("ldd", attnc)
        for name in ("libLLVM", "libMLIR"):
            if not re.search(rf"{name}\S* => {re.escape(os.path.realpath(root))}", libraries):
                raise SystemExit(f"{name} is not the package's own:\n{libraries}")
    return 0


sys.exit(main())
