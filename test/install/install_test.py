#!/usr/bin/env python3
"""Uses an installation as other projects do, from a folder of its own.

usage: install_test.py PREFIX SOURCE cmake|rebuild|pkg-config|files|moved [C compiler, C++ compiler]

  files       everything is there, and attnc runs without the build tree
  cmake       examples/embed-cmake finds the package, builds with Ninja and with make, and runs
  rebuild     editing an imported file builds the kernel anew, and only then; mistakes in attn_add_kernel are named
  pkg-config  a C program compiles with what pkg-config says
  moved       the installation works from another place
"""

import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

PREFIX, SOURCE, KIND = (os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), sys.argv[3])
C, CXX = (sys.argv[4:] + ["cc", "c++"])[:2]


def run(*command, fails=False, **options):
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    if (done.returncode != 0) != fails:
        raise SystemExit(f"{' '.join(command)}: exit status {done.returncode}\n{done.stdout}")
    return done.stdout


def expect(good, text):
    if not good:
        raise SystemExit(text)


def project(folder):
    where = os.path.join(folder, "project")
    shutil.copytree(os.path.join(SOURCE, "examples", "embed-cmake"), where)
    return where


def configure(where, build, prefix=PREFIX, generator="Ninja", **options):
    run("cmake", "-S", where, "-B", build, "-G", generator, f"-DCMAKE_PREFIX_PATH={prefix}", f"-DCMAKE_C_COMPILER={C}",
        f"-DCMAKE_CXX_COMPILER={CXX}", **options)


def build(folder):
    return run("cmake", "--build", folder)


def files(folder):
    for name in ("bin/attnc", "lib*/libattn.so", "include/attn/attn.h", "include/attn/attn.hpp", "include/attn/kernel.h",
                 "share/attn/library/masks.attn", "lib*/cmake/attn/attnConfig.cmake", "lib*/pkgconfig/attn.pc",
                 "share/man/man1/attnc.1", "share/bash-completion/completions/attnc", "share/zsh/vendor-completions/_attnc",
                 "share/fish/vendor_completions.d/attnc.fish", "share/attn/editors/vim/syntax/attn.vim",
                 "share/attn/examples/causal.attn", "share/doc/attn/LICENSE"):
        expect(glob.glob(os.path.join(PREFIX, name)) or glob.glob(os.path.join(PREFIX, name.replace("lib*", "lib*/*"))),
               f"{name} is not installed")
    for path in glob.glob(os.path.join(PREFIX, "**", "*.cmake"), recursive=True) + glob.glob(
            os.path.join(PREFIX, "**", "*.pc"), recursive=True):
        with open(path, encoding="utf-8") as file:
            expect(SOURCE not in file.read(), f"{path} names the source tree")
    dynamic = run("readelf", "-d", os.path.join(PREFIX, "bin", "attnc"))
    path = re.search(r"(?:RUNPATH|RPATH).*\[(.*)\]", dynamic)
    expect(path and path[1].startswith("$ORIGIN/"), f"attnc looks for libraries in {path and path[1]}")
    loaded = run("ldd", os.path.join(PREFIX, "bin", "attnc"))
    for name in ("libLLVM", "libMLIR"):
        expect(re.search(rf"{name}\S* => {re.escape(os.path.realpath(PREFIX))}/", loaded.replace("bin/../", "")) or
               f"{PREFIX}/bin/../lib" in loaded, f"attnc takes {name} from elsewhere:\n{loaded}")
    spec = os.path.join(PREFIX, "share/attn/examples/causal.attn")
    run(os.path.join(PREFIX, "bin", "attnc"), "run", spec, "--random", "--dims", "B=1,H=1,I=20,J=20,D=8", "--check", cwd=folder)


def cmake(folder):
    where = project(folder)
    for generator, tool in (("Ninja", "ninja"), ("Unix Makefiles", "make")):
        if not shutil.which(tool):
            continue
        tree = os.path.join(folder, tool)
        configure(where, tree, generator=generator)
        build(tree)
        for command in (["ahead"], ["live", os.path.join(where, "recent.attn")]):
            said = run(os.path.join(tree, command[0]), *command[1:])
            expect(said == "the last query sees 3 keys\n", said)
        expect("libattn" not in run("ldd", os.path.join(tree, "ahead")), "a compiled kernel needs the library")


def rebuild(folder):
    where, tree = project(folder), os.path.join(folder, "tree")
    configure(where, tree)
    build(tree)
    expect("no work to do" in build(tree), "an unchanged project is built again")
    masks = os.path.join(where, "masks.attn")
    with open(masks, encoding="utf-8") as file:
        text = file.read()
    with open(masks, "w", encoding="utf-8") as file:
        file.write(text.replace("i - j < 3", "i - j < 5"))
    expect("Compiling the attention kernels" in build(tree), "editing an imported file does not build the kernel anew")
    said = run(os.path.join(tree, "ahead"))
    expect(said == "the last query sees 5 keys\n", said)
    with open(masks, "w", encoding="utf-8") as file:
        file.write(text.replace("i - j < 3", "i - k < 5"))
    said = run("cmake", "--build", tree, fails=True)
    expect("masks.attn:2:" in said and "error[" in said, f"a mistake in a spec is not shown:\n{said}")
    with open(masks, "w", encoding="utf-8") as file:
        file.write(text)
    build(tree)
    expect(run(os.path.join(tree, "ahead")) == "the last query sees 3 keys\n", "the kernel is not built anew once mended")

    lists = os.path.join(where, "CMakeLists.txt")
    with open(lists, encoding="utf-8") as file:
        good = file.read()
    for line, message in (("attn_add_kernel(nobody recent.attn)", "there is no target nobody"),
                          ("attn_add_kernel(live missing.attn)", "there is no file"),
                          ("attn_add_kernel(live recent.attn COLOUR red)", "unknown arguments COLOUR"),
                          ("attn_add_kernel(live recent.attn CPU)", "CPU needs a value")):
        with open(lists, "w", encoding="utf-8") as file:
            file.write(good + line + "\n")
        said = run("cmake", tree, fails=True)
        expect(message in " ".join(said.split()), f"{line}:\n{said}")
    with open(lists, "w", encoding="utf-8") as file:
        file.write(good.replace("SET D=4", "CPU x86-64-v2 x86-64-v3 SET D=4 NAME recent ONLY recent OPTIMISE"))
    run("cmake", tree)
    build(tree)
    expect(run(os.path.join(tree, "ahead")) == "the last query sees 3 keys\n", "a kernel for two CPUs does not run")
    with open(lists, "w", encoding="utf-8") as file:
        file.write(good.replace("SET D=4", "CPU x86-64-v33"))
    run("cmake", tree)
    said = run("cmake", "--build", tree, fails=True)
    expect("unknown CPU `x86-64-v33`" in said, said)


def pkg_config(folder):
    if not shutil.which("pkg-config"):
        print("skipped: there is no pkg-config")
        return 77
    places = glob.glob(os.path.join(PREFIX, "**", "pkgconfig"), recursive=True)
    environment = dict(os.environ, PKG_CONFIG_PATH=places[0])
    flags = run("pkg-config", "--cflags", "--libs", "attn", env=environment).split()
    library = run("pkg-config", "--variable=libdir", "attn", env=environment).strip()
    program = os.path.join(folder, "version.c")
    with open(program, "w", encoding="utf-8") as file:
        file.write('#include <attn/attn.h>\n#include <stdio.h>\nint main(void) { puts(attn_version()); return 0; }\n')
    run(C, "-std=c99", program, "-o", os.path.join(folder, "version"), *flags)
    said = run(os.path.join(folder, "version"), env=dict(os.environ, LD_LIBRARY_PATH=library))
    version = run("pkg-config", "--modversion", "attn", env=environment)
    expect(said == version, f"the library says {said}, pkg-config {version}")
    attnc = run("pkg-config", "--variable=attnc", "attn", env=environment).strip()
    expect(run(attnc, "--version") == f"attnc {version}", f"{attnc} is another version")
    return 0


def moved(folder):
    elsewhere = os.path.join(folder, "some where", "else")
    shutil.copytree(PREFIX, elsewhere, symlinks=True)
    where, tree = project(folder), os.path.join(folder, "tree")
    configure(where, tree, prefix=elsewhere)
    build(tree)
    said = run(os.path.join(tree, "live"), os.path.join(where, "recent.attn"))
    expect(said == "the last query sees 3 keys\n", said)
    expect(elsewhere in run("ldd", os.path.join(tree, "live")), "the moved library is not the one that is used")


def main():
    with tempfile.TemporaryDirectory() as folder:
        return {"files": files, "cmake": cmake, "rebuild": rebuild, "pkg-config": pkg_config, "moved": moved}[KIND](folder) or 0


sys.exit(main())
