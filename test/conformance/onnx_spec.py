"""The ONNX operator Attention, one case at a time, as a spec in the language.

What a case says (attributes, which inputs it has, their ranks) becomes declarations and lines; sizes stay symbolic, as in
a spec that a person would write. The order of the operator is scale, soft cap, mask, softmax.
"""

TYPES = {
    "float32": "f32", "float16": "f16", "bfloat16": "bf16", "bool": "bool",
    "int64": "i64", "int32": "i32", "int8": "i8", "uint8": "u8",
}


class Unsupported(Exception):
    """The language has no way to say what the case asks for; the text names it."""


class Spec:
    """`text` is the program; `inputs` maps its tensors to (file, shape), `scalars` its parameters to text, `outputs` the
    case's outputs to the program's names."""

    def __init__(self, text, inputs, scalars, outputs):
        self.text, self.inputs, self.scalars, self.outputs = text, inputs, scalars, outputs


def element_type(tensor):
    if tensor["dtype"] not in TYPES:
        raise Unsupported(f"{tensor['dtype']} tensors")
    return TYPES[tensor["dtype"]]


def mask_dimensions(shape, queries, keys):
    """Dimensions and indices of an attn_mask that broadcasts to [B, H, I, keys], aligned at the last dimension.

    A dimension of 1 is read at 0, which the language does by itself for B and H."""
    names = ["B", "H", "I"][4 - len(shape):] if len(shape) > 1 else []
    indices = [name.lower() for name in names]
    if names and shape[-2] == 1 and queries != 1:
        names[-1], indices[-1] = "1", "0"
    last = "J" if shape[-1] == keys else "M"
    return ", ".join(names + [last]), ", ".join(indices + ["j"])


def spec_of(case):
    """The Spec of a parsed case.json; raises Unsupported."""
    attributes = case["attributes"]
    given = {tensor["name"]: tensor for tensor in case["inputs"] if tensor.get("name")}
    wanted = {tensor["name"]: tensor for tensor in case["outputs"] if tensor.get("name")}
    unknown = set(given) - {"Q", "K", "V", "attn_mask", "past_key", "past_value", "nonpad_kv_seqlen"}
    unknown |= set(wanted) - {"Y", "present_key", "present_value", "qk_matmul_output"}
    unknown |= set(attributes) - {"is_causal", "kv_num_heads", "q_num_heads", "qk_matmul_output_mode", "scale", "softcap",
                                  "softmax_precision"}
    if unknown:
        raise Unsupported(", ".join(sorted(unknown)))

    lines, inputs, scalars, visible = [], {}, {}, []

    def declare(name, onnx_name, dimensions, shape=None):
        tensor = given[onnx_name]
        lines.append(f"{name}: {element_type(tensor)}[{dimensions}]")
        inputs[name] = (tensor["file"], shape or tensor["shape"])

    # [B, I, H*D] in memory is [B, I, H, D].
    flat = len(given["Q"]["shape"]) == 3
    heads = {"Q": attributes.get("q_num_heads"), "K": attributes.get("kv_num_heads"), "V": attributes.get("kv_num_heads")}

    def declare_heads(name, onnx_name, letters):
        batch, head, position, feature = letters
        if not flat:
            return declare(name, onnx_name, ", ".join(letters))
        b, length, width = given[onnx_name]["shape"]
        count = heads[onnx_name]
        if not count or width % count:
            raise Unsupported(f"{onnx_name} with {width} features in {count} heads")
        return declare(name, onnx_name, f"{batch}, {position}, {head}, {feature}", [b, length, count, width // count])

    declare_heads("q", "Q", "BHID")
    has_past = "past_key" in given
    if has_past:
        declare("past_k", "past_key", "B, G, P, D")
        declare("past_v", "past_value", "B, G, P, E")
        declare_heads("new_k", "K", "BGND")
        declare_heads("new_v", "V", "BGNE")
        lines.append("J = P + N")
        lines.append("k = past_k[b, g, j, d] if j < P else new_k[b, g, j - P, d]")
        lines.append("v = past_v[b, g, j, e] if j < P else new_v[b, g, j - P, e]")
    else:
        declare_heads("k", "K", "BGJD")
        declare_heads("v", "V", "BGJE")
    queries = given["Q"]["shape"][1 if flat else 2]
    keys = given["K"]["shape"][1 if flat else 2] + (given["past_key"]["shape"][2] if has_past else 0)

    if "scale" in attributes:
        lines.append("scale: float")
        scalars["scale"] = repr(float(attributes["scale"]))
        lines.append("raw = dot(q, k) * scale")
    else:
        lines.append("raw = dot(q, k) / sqrt(D)")
    stages = ["raw", "raw", "score", "weight"]
    if attributes.get("softcap"):
        lines.append("cap: float")
        scalars["cap"] = repr(float(attributes["softcap"]))
        lines.append("capped = softcap(raw, cap)")
        stages[1] = "capped"
    score = stages[1]
    if "attn_mask" in given:
        shape = given["attn_mask"]["shape"]
        dimensions, indices = mask_dimensions(shape, queries, keys)
        declare("attn_mask", "attn_mask", dimensions)
        if shape[-1] != keys:
            visible.append("j < M")
        if given["attn_mask"]["dtype"] == "bool":
            visible.append(f"attn_mask[{indices}]")
        else:
            score += f" + attn_mask[{indices}]"
    lines.append(f"score = {score}")
    if "nonpad_kv_seqlen" in given:
        declare("nonpad", "nonpad_kv_seqlen", "B")
        visible.append("j < nonpad")
    if attributes.get("is_causal"):
        offset = " + P" if has_past else " + nonpad - I" if "nonpad_kv_seqlen" in given else ""
        visible.append(f"j <= i{offset}")
    if visible:
        lines.append("mask = " + " and ".join(visible))

    outputs, typed = {}, []
    for onnx_name, tensor in wanted.items():
        if onnx_name == "Y":
            name, dimensions = "o", "B, I, H, E" if flat else "B, H, I, E"
        elif onnx_name == "qk_matmul_output":
            name, dimensions = stages[attributes.get("qk_matmul_output_mode", 0)], "B, H, I, J"
        else:
            letter = "k" if onnx_name == "present_key" else "v"
            name, dimensions = f"present_{letter}", f"B, G, J, {'D' if letter == 'k' else 'E'}"
            lines.append(f"{name} = {letter}")
        outputs[onnx_name] = name
        typed.append(f"{name}: {element_type(tensor)}[{dimensions}]")
    lines.append("out " + ", ".join(typed))
    body = "\n".join("  " + line for line in lines)
    return Spec(f"attention onnx_attention {{\n{body}\n}}\n", inputs, scalars, outputs)
