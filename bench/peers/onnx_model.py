"""ONNX models of one node, written as the protocol buffers they are (https://onnx.ai/onnx/repo-docs/IR.html; onnx.proto gives the field numbers)."""

import struct

FLOAT, INT32, BOOL = 1, 6, 9  # TensorProto.DataType
ATTRIBUTE_FLOAT, ATTRIBUTE_INT = 1, 2  # AttributeProto.AttributeType
IR_VERSION, OPSET, MICROSOFT = 10, 23, "com.microsoft"


def varint(value):
    value &= 2**64 - 1
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def number(field, value):
    return varint(field << 3) + varint(value)


def real(field, value):
    return varint(field << 3 | 5) + struct.pack("<f", value)


def message(field, *parts):
    content = b"".join(parts)
    return varint(field << 3 | 2) + varint(len(content)) + content


def text(field, value):
    return message(field, value.encode())


def attribute(name, value):
    if isinstance(value, float):
        return message(5, text(1, name), real(2, value), number(20, ATTRIBUTE_FLOAT))
    return message(5, text(1, name), number(3, value), number(20, ATTRIBUTE_INT))


def value_info(field, name, element, shape):
    dimensions = [message(1, number(1, size)) for size in shape]
    return message(field, text(1, name), message(2, message(1, number(1, element), message(2, *dimensions))))


def model(operator, domain, inputs, output_shape, attributes):
    """`inputs` is a list of (name, element, shape), or None for one that is left out; the node has one output, y."""
    names = [text(1, entry[0] if entry else "") for entry in inputs]
    node = message(1, *names, text(2, "y"), text(4, operator), *(attribute(*entry) for entry in attributes.items()), text(7, domain))
    graph = [node, text(2, "attention"), *(value_info(11, *entry) for entry in inputs if entry), value_info(12, "y", FLOAT, output_shape)]
    opsets = [message(8, text(1, ""), number(2, OPSET)), message(8, text(1, MICROSOFT), number(2, 1))]
    return number(1, IR_VERSION) + message(7, *graph) + b"".join(opsets)


def standard(job):
    """`Attention` of the standard: any shape, masks and biases as tensors, a soft cap."""
    b, h, g, i, j, d = (job["sizes"][name] for name in "BHGIJD")
    inputs = [("q", FLOAT, (b, h, i, d)), ("k", FLOAT, (b, g, j, d)), ("v", FLOAT, (b, g, j, d))]
    attributes = {"is_causal": 1} if job["mask"] == "causal" else {}
    if job["score"] == "softcap":
        attributes["softcap"] = float(job["scalars"]["cap"])
    elif job["score"] != "none":
        inputs.append(("bias", FLOAT, (1, h, i, j)))
    if job["mask"] not in ("none", "causal"):
        inputs.append(("mask", BOOL, (1, 1, i, j)))
    return {"model": model("Attention", "", inputs, (b, h, i, d), attributes), "inputs": inputs, "heads_first": True}


def several_heads(job):
    """Microsoft's `MultiHeadAttention`: sequence before heads, as many heads of keys as of queries."""
    b, h, g, i, j, d = (job["sizes"][name] for name in "BHGIJD")
    if h != g or job["mask"] not in ("none", "causal") or job["score"] == "softcap":
        return None
    inputs = [("q", FLOAT, (b, i, h * d)), ("k", FLOAT, (b, j, h * d)), ("v", FLOAT, (b, j, h * d))]
    if job["score"] != "none":
        inputs += [None, None, ("bias", FLOAT, (1, h, i, j))]
    attributes = {"num_heads": h, "unidirectional": int(job["mask"] == "causal")}
    return {"model": model("MultiHeadAttention", MICROSOFT, inputs, (b, i, h * d), attributes), "inputs": inputs, "heads_first": False}


def grouped(job):
    """Microsoft's `GroupQueryAttention`: causal, with a window and a soft cap."""
    b, h, g, i, j, d = (job["sizes"][name] for name in "BHGIJD")
    if i != j or job["mask"] not in ("causal", "window") or job["score"] not in ("none", "softcap"):
        return None
    inputs = [("q", FLOAT, (b, i, h * d)), ("k", FLOAT, (b, j, g * d)), ("v", FLOAT, (b, j, g * d)), None, None, ("last", INT32, (b,)), ("total", INT32, ())]
    attributes = {"num_heads": h, "kv_num_heads": g}
    if job["mask"] == "window":
        attributes["local_window_size"] = job["scalars"]["w"]
    if job["score"] == "softcap":
        attributes["softcap"] = float(job["scalars"]["cap"])
    return {"model": model("GroupQueryAttention", MICROSOFT, inputs, (b, i, h * d), attributes), "inputs": inputs, "heads_first": False}


OPERATORS = {"Attention": standard, "MultiHeadAttention": several_heads, "GroupQueryAttention": grouped}


def models_of(job):
    """{operator: model} of all that can do a job; ONNX Runtime computes attention on a CPU in f32 alone."""
    if job["element"] != "f32":
        return {}
    found = {name: make(job) for name, make in OPERATORS.items()}
    return {name: made for name, made in found.items() if made}
