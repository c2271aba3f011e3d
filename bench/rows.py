"""The rows of the benchmark: what is run, and what is asked of it.

Sizes, masks and targets are data; nothing here measures. A target is a share: of a peak, of the plain kernel's speed, of the scaling of a loop of
multiply-adds, or the most of the run time that the search for visible tiles may take.
"""

from dataclasses import dataclass, field, replace

DOCUMENT = 512


@dataclass(frozen=True)
class Row:
    name: str                   # unique
    text: str                   # as the table shows it
    spec: str                   # specs/<spec>.attn
    dims: dict                  # extents; or functions of those that are numbers
    scalars: dict = field(default_factory=dict)
    inputs: dict = field(default_factory=dict)   # name -> expression, or a function of dims that gives one, or rows of integers
    group: str = "prefill"      # the table it stands in
    target: float = None        # least share of the peak of multiply-adds
    vector_target: float = None # least share of what vectors reach at most with products of this storage
    function_target: float = None # least share of the rate of the score's functions over an array in the first level of cache
    plain: str = None           # the row to whose speed this one's is compared
    plain_by: str = "useful"    # what a speed counts: "useful" multiply-adds, "pairs" visible or not, or "padded" ones, a call's 2 us aside
    plain_target: float = None  # least share of that speed
    threads: int = 1
    scaling_target: float = None    # how many times faster than one thread, over the same of multiply-adds
    speedup_target: float = None    # how many times faster than one thread
    bandwidth_target: float = None  # least share of what as many threads read
    bound_target: float = None  # least share of the run time that reading the tensors once, or the multiply-adds, would take
    classification_target: float = None          # most of the run time
    is_long: bool = False       # only with --long
    repeat: int = None          # timed runs; None: a second's worth
    cpu: str = None             # compiled for it, and beside the peak of its vectors; None: this machine

    def sizes(self):
        """The extents as numbers."""
        numbers = {name: size for name, size in self.dims.items() if not callable(size)}
        return {name: size(numbers) if callable(size) else size for name, size in self.dims.items()}


def shape(length, width=64, **more):
    return {"B": 1, "H": 8, "I": length, "J": length, "D": width, **more}


def positions(dims):
    return dims["I"]


def documents(dims):
    return [[position // DOCUMENT for position in range(dims["N"])] for _ in range(dims["B"])]


def slopes(heads):
    return "[" + ",".join(repr(2.0 ** -(8 * (h + 1) / heads)) for h in range(heads)) + "]"


# Dense, and masks that leave less to do: over visible pairs.
PREFILL = [
    Row("dense-1024", "dense, 1024", "dense", shape(1024), target=0.88),
    Row("dense-4096", "dense, 4096", "dense", shape(4096), target=0.90),
    Row("dense-2048-128", "dense, 2048, D = 128", "dense", shape(2048, 128), target=0.91),
    Row("causal-1024", "causal, 1024", "causal", shape(1024), target=0.83),
    Row("causal-4096", "causal, 4096", "causal", shape(4096), target=0.88),
    Row("causal-2048-128", "causal, 2048, D = 128", "causal", shape(2048, 128), target=0.88),
    Row("gqa", "GQA 8:2, causal, 2048, D = 128", "gqa", shape(2048, 128, G=2)),
    Row("window-256", "causal window 256, 4096", "window", shape(4096), {"w": 256}, target=0.70),
    Row("window-1024", "causal window 1024, 4096", "window", shape(4096), {"w": 1024}, target=0.82),
    Row("documents", "causal documents of 512, 8192", "documents", shape(8192, N=positions), inputs={"doc": documents}, target=0.75),
    Row("prefix", "prefix 1024 or causal, 4096", "prefix", shape(4096), inputs={"prompt": "[1024]"}, target=0.75),
    Row("streaming", "StreamingLLM, 4 sinks, window 1024, 4096", "streaming", shape(4096), target=0.75),
    Row("chunked", "causal chunks of 1024, 4096", "chunked", shape(4096), target=0.75),
]


def beside(plain, name, text, spec, target, **more):
    """A row beside the plain kernel of its shape."""
    length = int(plain.split("-")[1])
    return Row(name, f"{text}, {length}", spec, {**shape(length), **more.pop("dims", {})}, group="scores", plain=plain, plain_target=target, **more)


# What a score costs beside the products, and what a mask costs that spares none of them.
SCORES = [
    beside("dense-4096", "alibi", "ALiBi, dense", "alibi", 0.92, inputs={"slopes": lambda dims: slopes(dims["H"])}),
    beside("dense-4096", "softcap", "soft cap, dense", "softcap", 0.85),
    beside("causal-4096", "softcap-causal", "soft cap, causal", "softcap-causal", 0.85),
    beside("dense-4096", "t5", "T5 bias, 32 buckets, dense", "t5", 0.85, dims={"N": 32}),
    beside("dense-4096", "toeplitz", "bias[h, i - j + J - 1], dense", "toeplitz", 0.90, dims={"N": lambda dims: dims["I"] + dims["J"] - 1}),
    beside("dense-2048", "full-bias", "bias[h, i, j], dense", "full-bias", 0.75),
    beside("dense-4096", "forgetting", "forgetting gate, dense", "forgetting", 0.92, dims={"N": positions}),
    beside("dense-4096", "checkerboard", "(i + j) % 2 == 0", "checkerboard", 0.80, plain_by="pairs"),
    beside("dense-4096", "random-table", "a random table of pairs", "random-table", 0.80, plain_by="pairs", inputs={"allowed": "randint(0,2)"}),
]


# A score that is no product: a function of every pair and feature.
FUNCTIONS = [Row("additive", "additive, sum(d: u * tanh(q + k)), 1024, one head", "additive", {"B": 1, "I": 1024, "J": 1024, "D": 64}, group="functions",
                 function_target=0.60)]


def width_row(width, nearest):
    return Row(f"dense-2048-{width}", f"dense, 2048, D = {width}", "dense", shape(2048, width), group="sizes", plain=nearest, plain_target=0.90)


# Extents that no tile divides, and features that no vector does.
SIZES = [
    Row("dense-2048", "dense, 2048", "dense", shape(2048), group="sizes"),
    Row("dense-1000", "dense, 1000", "dense", shape(1000), group="sizes", plain="dense-1024", plain_target=0.90),
    Row("dense-1023", "dense, 1023", "dense", shape(1023), group="sizes", plain="dense-1024", plain_target=0.90),
    Row("dense-32", "dense, 32", "dense", shape(32), group="sizes"),
    Row("dense-17", "dense, 17, as if 32", "dense", shape(17), group="sizes", plain="dense-32", plain_by="padded", plain_target=0.80),
    *[width_row(width, "dense-2048") for width in (40, 72, 80)],
    *[width_row(width, "dense-2048-128") for width in (96, 160, 256)],
]


# The same shapes stored in 16 bits, beside the peak of multiply-adds of floats: a matrix unit, where there is one, goes beyond it. With bf16 the
# target is of the faster of two: these multiply-adds, and the vectors' dot instruction where the CPU has one.
STORED = [
    Row("dense-4096-bf16", "bf16: dense, 4096", "dense-bf16", shape(4096), group="stored", plain="dense-4096", vector_target=0.85),
    Row("dense-2048-128-bf16", "bf16: dense, 2048, D = 128", "dense-bf16", shape(2048, 128), group="stored", plain="dense-2048-128", vector_target=0.90),
    Row("causal-4096-bf16", "bf16: causal, 4096", "causal-bf16", shape(4096), group="stored", plain="causal-4096"),
    Row("window-256-bf16", "bf16: causal window 256, 4096", "window-bf16", shape(4096), {"w": 256}, group="stored", plain="window-256"),
    Row("dense-4096-f16", "f16: dense, 4096", "dense-f16", shape(4096), group="stored", plain="dense-4096", plain_target=0.85),
    Row("dense-2048-128-f16", "f16: dense, 2048, D = 128", "dense-f16", shape(2048, 128), group="stored", plain="dense-2048-128", plain_target=0.85),
]


def this_cpu_has(flag):
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return any(flag in line.split() for line in file if line.startswith("flags"))
    except OSError:
        return False


# Code for AVX2, on whatever has it: 256-bit vectors beside the peak of 256-bit vectors.
AVX2 = [
    Row("avx2-dense-1024", "AVX2: dense, 1024", "dense", shape(1024), group="cpu", cpu="x86-64-v3"),
    Row("avx2-dense-4096", "AVX2: dense, 4096", "dense", shape(4096), group="cpu", cpu="x86-64-v3", target=0.85),
    Row("avx2-causal-4096", "AVX2: causal, 4096", "causal", shape(4096), group="cpu", cpu="x86-64-v3"),
] if this_cpu_has("avx2") else []


def threads_row(name, text, spec, heads):
    return Row(name, text, spec, {**shape(4096), "H": heads}, group="threads", threads=2, scaling_target=0.97)


THREADS = [
    threads_row("dense-4096-2", "dense, 4096", "dense", 8),
    threads_row("causal-4096-2", "causal, 4096", "causal", 8),
    threads_row("causal-3-heads-2", "causal, 4096, 3 heads", "causal", 3),
    threads_row("dense-1-head-2", "dense, 4096, 1 head", "dense", 1),
    threads_row("causal-1-head-2", "causal, 4096, 1 head", "causal", 1),
]

# One query of one head: the keys are cut into parts. In the third level of the cache, and in memory.
PARTS = [Row(f"parts-{keys}-2", f"J = {keys:,}", "few", {"B": 1, "H": 1, "G": 1, "I": 1, "J": keys, "D": 128}, group="parts", threads=2, **target)
         for keys, target in ((16384, {"speedup_target": 1.8}), (131072, {"bandwidth_target": 0.85}))]

# One head: every head classifies the same tiles and computes as long, and a run stays at seconds.
LENGTH = 65536


def long_row(name, text, spec, **more):
    dims = {**shape(LENGTH), "H": 1, **more.pop("dims", {})}
    return Row(name, text, spec, dims, group="long", classification_target=0.02, is_long=True, repeat=3, **more)


def as_causal(**more):
    """At 4096 a window of 4096 is causal: both reach what causal attention does there, but for what measuring repeats to."""
    return {"plain": "causal-4096", "plain_target": 0.97, **more}


LONG = [
    long_row("long-causal", "causal", "causal", **as_causal()),
    long_row("long-window-256", "causal window 256", "window", scalars={"w": 256}),
    long_row("long-window-4096", "causal window 4096", "window", **as_causal(scalars={"w": 4096})),
    long_row("long-documents", "causal documents of 512", "documents", dims={"N": positions}, inputs={"doc": documents}),
    long_row("long-prefix", "prefix 16384 or causal", "prefix", inputs={"prompt": "[16384]"}),
    long_row("long-streaming", "StreamingLLM, 4 sinks, window 1024", "streaming"),
    long_row("long-chunked", "causal chunks of 8192", "chunked", scalars={"c": 8192}),
]

# A few queries against a long cache. The bound is the slower of reading the tensors once and the multiply-adds at the peak; the target is how much of
# the run time it may at least be.
def few_row(element, queries, batch):
    dims = {"B": batch, "H": 32, "G": 8, "I": queries, "J": 4096, "D": 128}
    suffix = "" if element == "f32" else f"-{element}"
    return Row(f"few-{queries}-batch-{batch}{suffix}", f"{element}: {queries}, batch {batch}", f"few{suffix}", dims, group="few",
               bound_target=1 / (1.35 if queries in (4, 8) else 1.18))


FEW = [few_row(element, queries, batch) for element in ("f32", "bf16", "f16") for batch in (8, 1) for queries in (1, 2, 4, 8, 16)]

# Sequences without padding one after the other, and keys in pages of 16 that are nowhere near each other; beside them the same lengths, sequence before heads
# as they are in both.
PAGE = 16


def offsets(rows):
    return lambda dims: "[" + ",".join(str(dims[rows] // dims["B"] * b) for b in range(dims["B"] + 1)) + "]"


def pages(dims):
    """Every page once, in an order in which none follows its neighbour."""
    count = dims["B"] * dims["M"]
    return [[(b * dims["M"] + m) * 77 % count for m in range(dims["M"])] for b in range(dims["B"])]


def layout_rows(name, text, batch, queries, keys, heads, groups, width, **more):
    common = {"B": batch, "H": heads, "G": groups, "D": width}
    of_pages = {**common, "I": queries, "S": PAGE, "P": batch * keys // PAGE, "M": keys // PAGE}
    of_all = {**common, "Tq": batch * queries, "Tk": batch * keys}
    lengths = lambda dims: "[" + ",".join(str(dims["M"] * PAGE) for _ in range(dims["B"])) + "]"
    plain = Row(f"{name}-contiguous", f"{text}, one after the other", "contiguous", {**common, "I": queries, "J": keys}, group="layouts", **more)
    return [plain,
            Row(f"{name}-ragged", f"{text}, ragged", "ragged", of_all, inputs={"cu_q": offsets("Tq"), "cu_k": offsets("Tk")}, plain=plain.name,
                plain_target=0.9, group="layouts", **more),
            Row(f"{name}-paged", f"{text}, pages of {PAGE}", "paged", of_pages, inputs={"table": pages, "len": lengths}, plain=plain.name,
                plain_target=0.9, group="layouts", **more)]


LAYOUTS = layout_rows("prefill", "I = J = 2048, H = 8, D = 64", 1, 2048, 2048, 8, 8, 64) + \
    layout_rows("decode", "B = 4, I = 1, J = 4096, H = 32, G = 8, D = 128", 4, 1, 4096, 32, 8, 128)

ROWS = PREFILL + SCORES + FUNCTIONS + STORED + SIZES + AVX2 + FEW + LAYOUTS + THREADS + PARTS + LONG

# Compiled for the latency rows, with the most that the JIT may take, in milliseconds: plain ones, and others.
PLAIN_JIT_MS, ANY_JIT_MS = 70, 120
COMPILED = {"dense": PLAIN_JIT_MS, "causal": PLAIN_JIT_MS, "gqa": PLAIN_JIT_MS, "softcap": ANY_JIT_MS, "documents": ANY_JIT_MS, "streaming": ANY_JIT_MS,
            "t5": ANY_JIT_MS}
CACHED_TARGET_MS = 5
OBJECT_TARGET_MS = 150
CHECK_TARGET_MS = 40
WORKSPACE_TARGET = 1 << 20


def tiny(row):
    """The same row at sizes at which everything still happens, in milliseconds."""
    dims = dict(row.dims)
    for name in ("I", "J", "Tq", "Tk"):
        if dims.get(name, 0) > 96:
            dims[name] = max(dims[name] // 32, 96) if dims[name] <= 8192 else 192
    if "H" in dims:
        dims["H"] = min(dims["H"], 2)
    if "G" in dims:
        dims["G"] = 1
    scalars = {name: max(value // 64, 4) for name, value in row.scalars.items()}
    inputs = dict(row.inputs)
    if "prompt" in inputs:
        inputs["prompt"] = "[20]"
    return replace(row, dims=dims, scalars=scalars, inputs=inputs, repeat=2)
