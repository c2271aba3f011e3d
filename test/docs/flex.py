"""A stand-in for `torch` and its FlexAttention, in plain Python and float64: just enough of the public interface to execute what
docs/flexattention.md shows, by the definition, pair by pair. What the page does not use is not here."""

import ast
import itertools
import math
import struct
import types


class Array:
    """A tensor: a shape, and values in row-major order."""

    def __init__(self, shape, values):
        self.shape, self.values = tuple(shape), values

    def size(self, dimension):
        return self.shape[dimension]

    def __getitem__(self, index):
        index = index if isinstance(index, tuple) else (index,)
        at = 0
        for size, one in zip(self.shape, index):
            if not 0 <= one < size:
                raise IndexError(f"{one} is not in [0, {size})")
            at = at * size + one
        rest = self.shape[len(index):]
        count = math.prod(rest)
        return Array(rest, self.values[at * count:(at + 1) * count]) if rest else self.values[at]

    def permute(self, *order):
        shape = [self.shape[n] for n in order]
        back = [order.index(n) for n in range(len(order))]
        return Array(shape, [self[tuple(place[n] for n in back)] for place in itertools.product(*map(range, shape))])

    def transpose(self, first, second):
        order = list(range(len(self.shape)))
        order[first], order[second] = order[second], order[first]
        return self.permute(*order)

    def flatten(self, first, last):
        return Array(self.shape[:first] + (math.prod(self.shape[first:last + 1]),) + self.shape[last + 1:], self.values)

    def unsqueeze(self, dimension):
        return Array(self.shape[:dimension] + (1,) + self.shape[dimension:], self.values)

    def scatter_(self, dimension, index, source):
        for place in itertools.product(*map(range, index.shape)):
            to = place[:dimension] + (index[place],) + place[dimension + 1:]
            at = 0
            for size, one in zip(self.shape, to):
                at = at * size + one
            self.values[at] = source[place]
        return self

    def expand(self, *shape):
        padded = Array((1,) * (len(shape) - len(self.shape)) + self.shape, self.values)
        return Array(shape, [padded[tuple(n % size for n, size in zip(place, padded.shape))]
                             for place in itertools.product(*map(range, shape))])


class Jagged:
    """A nested tensor of sequences of different lengths, [B, length, H, D], or after transpose(1, 2) [B, H, length, D]."""

    def __init__(self, packed, offsets, transposed=False):
        self.packed, self.offsets, self.transposed = packed, offsets, transposed

    def transpose(self, first, second):
        assert (first, second) == (1, 2)
        return Jagged(self.packed, self.offsets, not self.transposed)

    def values(self):
        assert not self.transposed
        return self.packed

    def sequence(self, number):
        """[1, H, length, D]"""
        begin, end = self.offsets[number], self.offsets[number + 1]
        rows = math.prod(self.packed.shape[1:])
        part = Array((end - begin,) + self.packed.shape[1:], self.packed.values[begin * rows:end * rows])
        return part.transpose(0, 1).unsqueeze(0)


class BlockMask:
    def __init__(self, mask_mod, B, H, Q_LEN, KV_LEN):
        self.mask_mod, self.shape = mask_mod, (B, H, Q_LEN, KV_LEN)


def create_block_mask(mask_mod, B, H, Q_LEN, KV_LEN, device="cuda", BLOCK_SIZE=128):
    return BlockMask(mask_mod, B, H, Q_LEN, KV_LEN)


def create_nested_block_mask(mask_mod, B, H, q_nt):
    return BlockMask(mask_mod, B, H, None, None)


def noop_mask(b, h, q_idx, kv_idx):
    return True


def and_masks(*masks):
    return lambda b, h, q_idx, kv_idx: all(mask(b, h, q_idx, kv_idx) for mask in masks)


def or_masks(*masks):
    return lambda b, h, q_idx, kv_idx: any(mask(b, h, q_idx, kv_idx) for mask in masks)


def flex_attention(query, key, value, score_mod=None, block_mask=None, scale=None, enable_gqa=False, return_lse=False,
                   kernel_options=None):
    if isinstance(query, Jagged):
        assert not return_lse
        parts = []
        for b in range(len(query.offsets.values) - 1):
            part = attend(query.sequence(b), key.sequence(b), value.sequence(b), score_mod, block_mask, scale, enable_gqa)[0]
            parts += part.permute(0, 2, 1, 3).values
        return Jagged(Array(query.packed.shape[:-1] + value.packed.shape[-1:], parts), query.offsets, True)
    if block_mask:
        B, H, Q_LEN, KV_LEN = block_mask.shape
        assert B in (None, 1, query.size(0)) and H in (None, 1, query.size(1)), "the block mask is for other batches or heads"
        assert Q_LEN == query.size(2) and KV_LEN == key.size(2), "the block mask is for other lengths"
    out, lse = attend(query, key, value, score_mod, block_mask, scale, enable_gqa)
    return (out, lse) if return_lse else out


def attend(query, key, value, score_mod, block_mask, scale, enable_gqa):
    B, H, Q, D = query.shape
    G, K, E = key.size(1), key.size(2), value.size(3)
    assert key.size(0) in (1, B) and value.shape[:3] == key.shape[:3]
    assert H == G or enable_gqa and H % G == 0, "heads that are shared need enable_gqa=True"
    visible = block_mask.mask_mod if block_mask else noop_mask
    scale = 1 / math.sqrt(D) if scale is None else scale
    out, lse = [], []
    for b, h, q_idx in itertools.product(range(B), range(H), range(Q)):
        row, group = query[b, h, q_idx].values, h * G // H
        scores, values = [], []
        for kv_idx in range(K):
            if not visible(b, h, q_idx, kv_idx):
                continue
            score = scale * sum(x * y for x, y in zip(row, key[b % key.size(0), group, kv_idx].values))
            scores.append(score_mod(score, b, h, q_idx, kv_idx) if score_mod else score)
            values.append(value[b % value.size(0), group, kv_idx].values)
        most = max(scores, default=-math.inf)
        weights = [math.exp(score - most) for score in scores] if most > -math.inf else [0.0] * len(scores)
        total = sum(weights)
        lse.append(most + math.log(total) if total else -math.inf)
        out += [sum(w * v[e] for w, v in zip(weights, values)) / total if total else 0.0 for e in range(E)]
    return Array((B, H, Q, E), out), Array((B, H, Q), lse)


def modules():
    """What `import torch` and `from torch.nn.attention.flex_attention import …` find."""
    torch = types.ModuleType("torch")
    torch.tanh, torch.exp2, torch.abs, torch.int32 = math.tanh, lambda x: 2.0 ** x, abs, "int32"
    torch.where = lambda condition, x, y: x if condition else y
    torch.full = lambda shape, value, dtype=None: Array(shape, [value] * math.prod(shape))
    torch.arange = lambda count: Array((count,), list(range(count)))
    torch.compile = lambda function: function
    torch.nested = types.SimpleNamespace(nested_tensor_from_jagged=Jagged)
    flex = types.ModuleType("torch.nn.attention.flex_attention")
    for name in ("flex_attention", "create_block_mask", "create_nested_block_mask", "noop_mask", "and_masks", "or_masks"):
        setattr(flex, name, globals()[name])
    return {"torch": torch, "torch.nn": types.ModuleType("torch.nn"), "torch.nn.attention": types.ModuleType("torch.nn.attention"),
            "torch.nn.attention.flex_attention": flex}


def read_npy(path):
    """A little-endian, row-major array of numbers or bools."""
    with open(path, "rb") as file:
        data = file.read()
    assert data[:8] == b"\x93NUMPY\x01\x00"
    length = struct.unpack("<H", data[8:10])[0]
    header = ast.literal_eval(data[10:10 + length].decode())
    assert not header["fortran_order"]
    code = {"<f4": "f", "<f8": "d", "<i4": "i", "<i8": "q", "|i1": "b", "|u1": "B", "|b1": "?", "<f2": "e"}[header["descr"]]
    count = math.prod(header["shape"])
    return Array(header["shape"], list(struct.unpack(f"<{count}{code}", data[10 + length:])))
