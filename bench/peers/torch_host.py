"""PyTorch behind a pipe: reads a line of JSON and tensors, answers with times and the output. Given to `python3 -c`, so that it runs where this file isn't."""

import ctypes
import json
import math
import os
import sys
import time

# The protocol's pipe; what else is printed goes to stderr.
answers = os.fdopen(os.dup(1), "wb")
os.dup2(2, 1)


def answer(fields, content=None):
    answers.write(json.dumps({**fields, "bytes": len(content)} if content is not None else fields).encode() + b"\n")
    if content is not None:
        answers.write(content)
    answers.flush()


try:
    import torch
    import torch.nn.functional
except ImportError as missing:
    answer({"failure": f"{sys.executable or 'this Python'} has no PyTorch: {missing}"})
    sys.exit(0)

# What TorchInductor compiles may want Sleef's vector functions without naming it, here and in the processes in which it tries what this CPU can do.
SLEEF = "libsleef.so.3"
try:
    ctypes.CDLL(SLEEF, ctypes.RTLD_GLOBAL)
    os.environ["LD_PRELOAD"] = " ".join(filter(None, [os.environ.get("LD_PRELOAD"), SLEEF]))
except OSError:
    pass

torch.set_num_threads(1)
ELEMENTS = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}
ARRAYS = {"f32": torch.float32, "i32": torch.int32, "bool": torch.bool}


def visible(job, tables):
    """Whether query i sees key j: of tensors of positions, and of what FlexAttention has in their place."""
    scalars = job["scalars"]
    if job["mask"] == "causal":
        return lambda i, j: i >= j
    if job["mask"] == "window":
        return lambda i, j: (i >= j) & (i - j < scalars["w"])
    if job["mask"] == "documents":
        doc = tables["doc"].reshape(-1)
        return lambda i, j: (doc[i] == doc[j]) & (i >= j)
    if job["mask"] == "prefix":
        prompt = int(tables["prompt"].reshape(-1)[0])
        return lambda i, j: (j < prompt) | (i >= j)
    if job["mask"] == "streaming":
        return lambda i, j: (i >= j) & ((j < scalars["sinks"]) | (i - j < scalars["w"]))
    if job["mask"] == "chunked":
        return lambda i, j: (i >= j) & (i // scalars["c"] == j // scalars["c"])
    if job["mask"] == "checkerboard":
        return lambda i, j: (i + j) % 2 == 0
    if job["mask"] == "table":
        allowed = tables["allowed"]
        return lambda i, j: allowed[i, j]
    return None


def by_distance(bias, queries, keys):
    """T5's buckets as a table by j - i + queries - 1: what a program would read that is made for speed."""
    near, far = bias.shape[1] // 4, 128
    distance = torch.arange(queries + keys - 1) - (queries - 1)
    apart = distance.abs()
    shared = near + (torch.log(apart.clamp(min=1) / near) / math.log(far / near) * near).to(torch.int64)
    bucket = torch.where(apart < near, apart, shared.clamp(max=2 * near - 1))
    return bias[:, bucket + torch.where(distance > 0, 2 * near, 0)].contiguous()


def added(job, tables):
    """What is added to the score of head h, query i and key j."""
    queries, keys = job["sizes"]["I"], job["sizes"]["J"]
    if job["score"] == "alibi":
        slopes = tables["slopes"]
        return lambda h, i, j: slopes[h] * (j - i)
    if job["score"] == "t5":
        bias = by_distance(tables["bias"], queries, keys)
        return lambda h, i, j: bias[h, j - i + queries - 1]
    if job["score"] == "toeplitz":
        bias = tables["bias"]
        return lambda h, i, j: bias[h, i - j + keys - 1]
    if job["score"] == "full":
        bias = tables["bias"]
        return lambda h, i, j: bias[h, i, j]
    if job["score"] == "forgetting":
        decay = tables["decay"][0]
        return lambda h, i, j: decay[h, i] - decay[h, j]
    return None


def positions(job):
    sizes = job["sizes"]
    return torch.arange(sizes["H"])[:, None, None], torch.arange(sizes["I"])[None, :, None], torch.arange(sizes["J"])[None, None, :]


def added_tensor(job, tables, mask):
    """Mask and what is added, as one tensor; nothing where there is neither."""
    h, i, j = positions(job)
    term, sees = added(job, tables), visible(job, tables) if mask else None
    if term is None and sees is None:
        return None
    if term is None:
        return sees(i[0], j[0])
    full = term(h, i, j).float()
    return full if sees is None else full.masked_fill(~sees(i[0], j[0]), -math.inf)


def eager(job, q, k, v, tables):
    sizes, scale = job["sizes"], 1 / math.sqrt(job["sizes"]["D"])
    groups, keys = sizes["G"], sizes["J"]
    grouped = q.reshape(sizes["B"] * groups, -1, sizes["D"])
    k, v = k.reshape(sizes["B"] * groups, keys, -1), v.reshape(sizes["B"] * groups, keys, -1)
    extra = added_tensor(job, tables, True)
    if extra is not None and extra.dtype == torch.bool:
        extra = torch.zeros(extra.shape).masked_fill(~extra, -math.inf)
    if extra is not None:
        extra = extra.to(q.dtype)

    def run():
        score = torch.bmm(grouped, k.transpose(1, 2)).mul_(scale).view(sizes["B"], sizes["H"], sizes["I"], keys)
        if job["score"] == "softcap":
            score = torch.tanh_(score.div_(job["scalars"]["cap"])).mul_(job["scalars"]["cap"])
        if extra is not None:
            score.add_(extra)
        weight = torch.softmax(score, -1).view(grouped.shape[0], -1, keys)
        return torch.bmm(weight, v).view(q.shape)

    return run


def sdpa(job, q, k, v, tables):
    if job["score"] == "softcap":
        return None
    causal = job["mask"] == "causal" and job["score"] == "none"
    extra = None if causal else added_tensor(job, tables, True)
    if extra is not None and extra.dtype != torch.bool:
        extra = extra.to(q.dtype)
    options = {"enable_gqa": True} if job["sizes"]["G"] != job["sizes"]["H"] else {}
    return lambda: torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=extra, is_causal=causal, **options)


def flex(job, q, k, v, tables):
    from torch.nn.attention.flex_attention import create_block_mask, flex_attention

    sizes, sees, term = job["sizes"], visible(job, tables), added(job, tables)
    blocks = change = None
    if sees is not None:
        blocks = create_block_mask(lambda b, h, i, j: sees(i, j), None, None, sizes["I"], sizes["J"], device="cpu")
    if job["score"] == "softcap":
        cap = job["scalars"]["cap"]
        change = lambda score, b, h, i, j: cap * torch.tanh(score / cap)
    elif term is not None:
        change = lambda score, b, h, i, j: score + term(h, i, j)
    torch._dynamo.reset()
    compiled = torch.compile(flex_attention, fullgraph=True, dynamic=False)
    options = {"enable_gqa": True} if sizes["G"] != sizes["H"] else {}
    return lambda: compiled(q, k, v, score_mod=change, block_mask=blocks, **options)


MODES = {"eager": eager, "SDPA": sdpa, "FlexAttention": flex}


def measure(request, job, tensors):
    element = ELEMENTS[job["element"]]
    q, k, v = (tensors[name].to(element) for name in "qkv")
    run = MODES[request["mode"]](job, q, k, v, {name: tensor for name, tensor in tensors.items() if name not in "qkv"})
    if run is None:
        answer({"failure": None})
        return

    def once():
        begin = time.perf_counter()
        result = run()
        return result, 1e3 * (time.perf_counter() - begin)

    with torch.no_grad():
        if request["mode"] == "FlexAttention":
            once()  # compiles
        result, took = once()
        times = [took] if took > request["slow_ms"] else []
        spent = took
        while not times or took <= request["slow_ms"] and (len(times) < request["least"] or spent < request["budget_ms"]):
            _, took = once()
            times.append(took)
            spent += took
    answer({"times": times}, result.float().contiguous().numpy().tobytes())


def main():
    answer({"version": torch.__version__})
    requests, job, tensors = sys.stdin.buffer, None, None
    for line in iter(requests.readline, b""):
        request = json.loads(line)
        contents = [bytearray(requests.read(count)) for count in request["bytes"]]
        try:
            if "job" in request:
                job = request["job"]
                tensors = {name: torch.frombuffer(content, dtype=ARRAYS[element]).reshape(shape)
                           for (name, element, shape), content in zip(request["tensors"], contents)}
                answer({})
            else:
                measure(request, job, tensors)
        except Exception as problem:  # whatever a library raises is an answer
            answer({"failure": f"{type(problem).__name__}: {str(problem).strip().splitlines()[0] if str(problem).strip() else ''}"})


main()
