"""What other programs are asked to do for a row, what is asked of us beside them, and what they reached elsewhere."""

# By spec: how its mask and its score are called here, and which inputs they read beside q, k and v.
SPECS = {
    "dense": ("none", "none", ()), "few": ("none", "none", ()), "causal": ("causal", "none", ()), "gqa": ("causal", "none", ()),
    "window": ("window", "none", ()), "documents": ("documents", "none", ("doc",)), "prefix": ("prefix", "none", ("prompt",)),
    "streaming": ("streaming", "none", ()), "chunked": ("chunked", "none", ()), "checkerboard": ("checkerboard", "none", ()),
    "random-table": ("table", "none", ("allowed",)), "alibi": ("none", "alibi", ("slopes",)), "softcap": ("none", "softcap", ()),
    "softcap-causal": ("causal", "softcap", ()), "t5": ("none", "t5", ("bias",)), "toeplitz": ("none", "toeplitz", ("bias",)),
    "full-bias": ("none", "full", ("bias",)), "forgetting": ("none", "forgetting", ("decay",)),
}
GROUPS = {"prefill", "scores", "stored", "sizes", "few"}
DEFAULTS = {"window": {"w": 256}, "streaming": {"w": 1024, "sinks": 4}, "chunked": {"c": 1024}, "softcap": {"cap": 50.0}, "softcap-causal": {"cap": 50.0}}
LEAST_QUERIES_TIMES_KEYS = 4096  # below, a run is microseconds: what is timed is how an operator is called


def job_of(row):
    """What a peer computes, as it is told; nothing where no peer knows the row."""
    spec, _, element = row.spec.partition("-") if row.spec.endswith(("-bf16", "-f16")) else (row.spec, "", "")
    sizes = row.sizes()
    if row.group not in GROUPS or spec not in SPECS or row.cpu or row.threads > 1 or sizes["I"] * sizes["J"] < LEAST_QUERIES_TIMES_KEYS:
        return None
    mask, score, tables = SPECS[spec]
    return {"name": row.name, "element": element or "f32", "mask": mask, "score": score, "tables": list(tables),
            "sizes": {name: sizes[name] for name in "BHIJD"} | {"G": sizes.get("G", sizes["H"])},
            "scalars": {**DEFAULTS.get(spec, {}), **row.scalars}}


FLEX_TARGET = 2.0


def target_of(row):
    """How many times as fast as the best of all."""
    if row.group == "few":
        return 2.0
    if row.spec == "dense-bf16" and row.dims["I"] == 4096:
        return 1.5
    return {"dense": 1.15, "causal": 1.4, "gqa": 1.4, "window": 2.2, "softcap": 2.7, "softcap-causal": 2.7}.get(row.spec, 1.0)


# What the best of ONNX Runtime 1.30, PyTorch 2.14 and oneDNN (3f27bec; bf16 only) reached on one core of an AMD Zen 5 at 4 GHz, with the same inputs: the
# share of the FMA peak, of the bf16 dot instruction's, or of the read bandwidth. Stands in for a peer that isn't installed. And FlexAttention's.
REFERENCE_MACHINE = "an AMD Zen 5 core"
REFERENCE = {
    "dense-1024": ("share_of_peak", 0.70, "ONNX Runtime"), "dense-4096": ("share_of_peak", 0.76, "ONNX Runtime"),
    "causal-1024": ("share_of_peak", 0.43, "PyTorch SDPA"), "causal-4096": ("share_of_peak", 0.59, "PyTorch SDPA"),
    "gqa": ("share_of_peak", 0.59, "PyTorch SDPA"), "window-256": ("share_of_peak", 0.24, "FlexAttention"),
    "softcap-causal": ("share_of_peak", 0.26, "FlexAttention"), "dense-4096-bf16": ("share_of_vectors", 0.48, "oneDNN"),
    "few-1-batch-8": ("share_of_bandwidth", 0.36, "PyTorch SDPA"),
}
REFERENCE_FLEX = {"dense-1024": 0.26, "dense-4096": 0.21, "causal-1024": 0.29, "causal-4096": 0.37, "gqa": 0.32, "window-256": 0.24, "softcap-causal": 0.26}
