"""Configuration of the lit tests: one suite, test/, each folder named after the stage that it tests.

Parameters: build (the build folder whose bin/ holds attnc and attn-opt), llvm (LLVM's prefix, for FileCheck).
"""

import os

import lit.formats

source = os.path.dirname(os.path.abspath(__file__))
build = lit_config.params.get("build", os.path.join(os.path.dirname(source), "build"))
llvm = lit_config.params.get("llvm", "/usr/lib/llvm-22")

config.name = "attn"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".attn", ".test"]
config.excludes = ["unit", "execute", "conformance", "diagnostics", "docs", "fuzz", "editors", "interface", "Inputs"]
config.test_source_root = source
config.test_exec_root = os.path.join(build, "test", "lit")
config.environment["PATH"] = os.pathsep.join(
    [os.path.join(build, "bin"), os.path.join(llvm, "bin"), config.environment["PATH"]]
)
config.environment["ATTN_CACHE_DIR"] = ""
config.substitutions.append(("%examples", os.path.join(os.path.dirname(source), "examples")))
if os.path.exists("/proc/cpuinfo"):
    with open("/proc/cpuinfo", encoding="utf-8") as cpuinfo:
        for line in cpuinfo:
            if line.startswith("flags"):
                config.available_features.update(line.split(":", 1)[1].split())
                break
