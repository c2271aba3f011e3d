#!/usr/bin/env python3
"""Every similarity, row function and output the compiler takes, on both sides of tile and vector edges, against the oracle.

usage: rows.py ATTNC [NAME ...]

Each spec meets a few of the extents in turn; over all specs each extent is met many times.
"""

import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

QKV = "q: f32[B, H, I, D]; k: f32[B, G, J, D]; v: f32[B, G, J, E]"

# The lines of an attention, and the inputs that random numbers don't suit.
SPECS = {
    # Similarities
    "additive": ("q: f32[B, I, D]; k: f32[B, J, D]; v: f32[B, J, E]; u: f32[D]; score = sum(d: u * tanh(q + k))", []),
    "bilinear": ("q: f32[B, H, I, D]; k: f32[B, G, J, C]; v: f32[B, G, J, E]; w: f32[D, C]\n"
                 "score = dot(q, sum(c: w * k)) / D; mask = causal", []),
    "cosine": ("layout gqa; tau: f32[H]; score = cosine(q, k) * tau; mask = causal; out o, lse", []),
    "rms norm": ("layout gqa; wq: f32[D]; wk: f32[D]; score = dot(rms_norm(q, wq), rms_norm(k, wk)) / sqrt(D)", []),
    "distance": (f"{QKV}; sigma: float = 2.0; score = -sum(d: (q - k) ** 2) / (2 * sigma ** 2); mask = window(40)", []),
    "l1": (f"{QKV}; score = -sum(d: abs(q - k)) / D", []),
    "polynomial": (f"{QKV}; c: f32[H]; weight = normalize((dot(q, k) / D + c) ** 2); mask = causal", []),
    "transformer-xl": ("layout mha; u: f32[H, D]; w: f32[H, D]; r: f32[N, H, D]\n"
                       "score = (dot(q + u, k) + dot(q + w, r[clamp(i - j + J - 1, 0, N - 1)])) / sqrt(D)", []),
    "shaw": ("layout mha; a: f32[N, D]; n_ = N // 2\n"
             "score = dot(q, k + a[clamp(j - i, -n_, N - 1 - n_) + n_]) / sqrt(D)", []),
    "shaw values": ("layout mha; a: f32[N, D]; c: f32[N, D]; r = clamp(j - i + N // 2, 0, N - 1)\n"
                    "score = dot(q, k + a[r]) / sqrt(D); o = sum(j: weight * (v + c[r])); mask = j <= i + 3", []),
    "deberta": ("layout mha; kr: f32[H, N, D]; qr: f32[H, N, D]\n"
                "near = clamp(i - j + N // 2, 0, N - 1); far = clamp(j - i + N // 2, 0, N - 1)\n"
                "score = (dot(q, k) + dot(q, kr[n = near]) + dot(k, qr[n = far])) / sqrt(3 * D)", []),
    "two products": (f"{QKV}; qr: f32[B, H, I, R]; kr: f32[B, J, R]; score = (dot(q, k) + dot(qr, kr)) / sqrt(D + R); mask = causal", []),
    "rotated": ("layout gqa; q = rope(q, i); k = rope(k, j); mask = causal; out o, lse", []),
    "absorbed": ("q: f32[B, H, I, D]; c: f32[B, J, D]; qr: f32[B, H, I, R]; kr: f32[B, J, R]\n"
                 "score = dot(q, c) + dot(qr, kr); o = sum(j: weight * c); mask = causal_end", []),
    "pooling": ("k: f32[B, J, D]; v: f32[B, J, E]; u: f32[D]; score = dot(u, k); out o: f32[B, E], lse", []),
    "decomposed": (f"{QKV}; rh: f32[B, H, I, N]; rw: f32[B, H, I, M]\n"
                   "score = dot(q, k) / sqrt(D) + rh[b, h, i, j // 3 % N] + rw[b, h, i, j % M]", []),
    "talking heads": ("layout mha; p: f32[H, N]; score = sum(n: p * dot(q[h = n % H], k[h = n % H])) / sqrt(D); mask = causal", []),
    "constant score": ("v: f32[B, H, J, E]; x: f32[H, I, J]; score = x; mask = causal; out o: f32[B, H, I, E], lse", []),

    # Row functions
    "sink": ("layout gqa; sink: f32[H]; weight = softmax(score, sink = sink); mask = window(50); out o, lse", []),
    "softmax1": ("layout mha; weight = softmax(score, sink = 0.0); mask = j < i; out o, lse", []),
    "sigmoid": (f"{QKV}; weight = sigmoid(dot(q, k) / sqrt(D) - log(max(J, 1))); mask = causal", []),
    "relu": (f"{QKV}; weight = relu(dot(q, k)) / J; mask = j % 3 != 1", []),
    "squared relu": (f"{QKV}; weight = relu(dot(q, k) / D) ** 2; mask = causal", []),
    "linear": ("layout mha; weight = normalize(dot(elu(q) + 1, elu(k) + 1)); mask = causal", []),
    "retention": ("layout mha; gamma: f32[H]; score = dot(q, k) / sqrt(D) * abs(gamma) ** (i - j); mask = causal\n"
                  "weight = score / max(abs(sum(j: score)), 1)", ["-i", "gamma=[0.9, 0.95]"]),
    "differential": (f"{QKV}; q2: f32[B, H, I, D]; k2: f32[B, G, J, D]; lambda: f32[H]; mask = causal\n"
                     "weight = softmax(dot(q, k) / sqrt(D)) - lambda * softmax(dot(q2, k2) / sqrt(D))", []),
    "stick-breaking": ("layout mha; mask = j < i; weight = sigmoid(score) * exp(sum_after(log_sigmoid(-score)))", []),
    "stick-breaking, all": ("layout mha; weight = sigmoid(score) * exp(sum_after(log_sigmoid(-score)))", []),
    "position by gates": ("layout mha; a: f32[N, D]; mask = causal; gate = sigmoid(dot(q, k) / sqrt(D))\n"
                          "at = min(sum_after(gate) + gate, N - 1.0); low = int(floor(at)); high = min(low + 1, N - 1)\n"
                          "s = (dot(q, k) + dot(q, a[low]) * (1 - (at - floor(at))) + dot(q, a[high]) * (at - floor(at))) / sqrt(D)\n"
                          "weight = softmax(s)", []),
    "squared softmax": ("layout mha; weight = softmax(score); o = sum(j: weight ** 2 * v); mask = causal", []),
    "normalised again": ("layout mha; mask = causal; weight = normalize(softmax(score) ** 1.5)", []),
    "centred": ("layout mha; mask = causal; mean = sum(j: score) / max(sum(j: 1), 1)\n"
                "weight = softmax(score - mean) * sigmoid(score)", []),
    "mixed": ("layout mha; mask = causal; weight = softmax(score) if h % 2 == 0 else sigmoid(score)", []),
    "weights of keys": ("layout gqa; t: f32[J]; u: f32[J, D]; o = sum(j: weight * abs(t) * (v * t + u)); mask = causal; out o, lse", []),
    "weights of later keys": ("layout mha; t: f32[J]; c = sum_after(t[j]); weight = softmax(score) * c", []),
    "weights beside the largest": ("layout mha; t: f32[J]; weight = softmax(score) * (t[j] - max(j: t[j]))", []),
    "two sums": ("layout mha; mask = causal; other = sum(j: sigmoid(score) * v); o = o + other; out o, other, lse", []),
    "largest": ("layout mha; mask = window(9); best = max(j: score); least = min(j: score); seen = sum(j: 1)\n"
                "any7 = any(j: j % 7 == 0); all7 = all(j: j % 7 != 3); last = max(j: j)\n"
                "out o, best, least, seen, any7, all7, last", []),
    "entropy": ("layout mha; mask = causal; h_ = -sum(j: weight * log(max(weight, 1.0e-30))); out o, h_", []),
    "no product": ("v: f32[B, H, J, E]; a: f32[I]; c: f32[J]; mask = causal; o = sum(j: sigmoid(a + c) * v)", []),
    "plain sum": ("v: f32[B, J, E]; n: i32[I]; mask = j <= i + n; o = sum(j: v)", []),
    "weights of 1": (f"{QKV}; x: f32[I, E]; o = sum(j: softmax(dot(q, k) / D) * (v + x)); mask = causal", []),

    # Outputs
    "gated": ("layout gqa; gate: f32[B, H, I, D]; mask = causal; o = o * sigmoid(gate)", []),
    "projected": ("layout mha; w: f32[D, E]; mask = causal; y = sum(d: w * o); out o, y: f32[B, H, I, E]", []),
    "residual": ("layout mha; x: f32[B, H, I, D]; w: f32[D]; mask = causal; o = rms_norm(o + x, w)", []),
    "scores": ("layout gqa; mask = window(5); out o, score, weight, lse", []),
    "counts as floats": ("layout mha; mask = window(9); seen = sum(j: 1); mean = seen / J; slope = 2.0 ** -h; far = i - j; turn = cos(j * 0.1 + d)\n"
                         "out o, seen: f32[B, H, I], mean: f16[B, H, I], slope: bf16[H], far: f32[I, J], turn: f32[J, D]", []),
    "scores only": ("layout gqa; mask = window(5); out score", []),
    "rotated keys": ("layout mha; r = rope(k, j); k = r; out o, r: f32[B, H, J, D]", []),
    "half outputs": ("layout mha(bf16); mask = causal; out o, lse", []),
    "f16 outputs": ("layout mha(f16); mask = causal; out o: f16[B, H, I, D], p: f32[B, H, I, D]; p = o * 2", []),

    # Elements and views
    "bf16": ("layout gqa(bf16); mask = causal; out o: f32[B, H, I, D], lse", []),
    "f16": ("layout gqa(f16); mask = causal; q = rope(q, i); k = rope(k, j); out o: f32[B, H, I, D], lse", []),
    "int8": ("q: f32[B, H, I, D]; k8: i8[B, G, J, D]; v8: i8[B, G, J, E]; sk: f32[B, G, J]; sv: f32[G, E]\n"
             "k = k8 * sk; v = v8 * sv; score = dot(q, k) / (64 * sqrt(D)); mask = causal", []),
    "packed": ("layout packed_qkv; mask = causal", []),
    "halved": ("q: f32[B, H, I, D]; k: f32[B, H, N, D]; v: f32[B, H, N, E]; J = (N + 1) // 2\n"
               "k = k[b, h, 2 * j]; v = v[b, h, 2 * j]", []),
    "last keys": ("q: f32[B, H, I, D]; k: f32[B, H, N, D]; v: f32[B, H, N, E]; J = N // 2\n"
                  "k = k[b, h, j + N - J]; v = v[b, h, N - 1 - j]", []),
    "pages": ("q: f32[B, H, I, D]; kp: f32[P, C, H, D]; vp: f32[P, C, H, E]; page: i32[B, N]; J = N * C\n"
              "k = kp[page[b, j // C], j % C]; v = vp[page[b, j // C], j % C]; mask = causal_end", []),
    "averaged values": ("layout mha; v = (v + v[j = max(j - 1, 0)]) / 2; mask = causal", []),
    "masked by a sum": ("layout mha; mask = sum(d: q) > sum(d: k); out o, lse", []),

    # Keys that a score hides for a whole row
    "no score": ("layout mha; score = -inf", []),
    "hidden rows": ("layout mha; x: f32[I]; score = x[i] if i % 3 == 0 else -inf; mask = causal; out o, lse", []),

    # What the library has beside these
    "sequence first": ("layout mha_bshd; score = dot(rope_pairs(q, i), rope_pairs(k, j)) / sqrt(D); mask = causal; out o, lse", []),
    "groups, sequence first": ("layout gqa_bshd(bf16); mask = causal_end; out o, lse", []),
    "one head of keys": ("layout mqa; score = -squared_distance(q, k) / D; mask = near(20)", []),
    "partly rotated": ("layout gqa; q = rope_partial(q, i, D // 4 * 2); k = rope_partial(k, j, D // 4 * 2); mask = causal", []),
}

QUERIES = [1, 33, 17, 7, 129, 16, 0, 64]
KEYS = [17, 1, 129, 33, 7, 64, 300, 0, 65]
FEATURES = [3, 17, 40, 1, 72, 16, 8]
VALUES = [16, 1, 17, 40, 5, 33]
LAYOUTS = {"mha_bshd": "BHIJD", "gqa_bshd": "BHGIJD", "mqa": "BHIJD", "gqa": "BHGIJD", "mha": "BHIJD", "packed_qkv": "BHID"}
RUNS = 4  # of each spec


def extents_of(text, number):
    """Different extents for each run, the same in each run of the tests; only those that inputs bind."""
    extents = {"B": 1 + number % 2, "H": 2, "G": 1 + number // 2 % 2, "I": QUERIES[number % 8], "J": KEYS[number * 2 % 9],
               "D": FEATURES[number % 7], "E": VALUES[number % 6], "N": 3 + number % 5, "M": 3, "R": 4 + number % 3,
               "C": 5, "P": 7}
    if "rope" in text:
        extents["D"] *= 2
    if "; J = (N" in text or "; J = N //" in text:
        extents["N"] = extents["J"]
    bound = set()
    for line in text.replace("\n", ";").split(";"):
        head = line.split("=")[0].strip()
        if head.startswith("layout"):
            bound |= set(LAYOUTS[head.split()[1].split("(")[0]])
        elif ":" in head and "[" in head and not head.startswith("out"):
            bound |= {name.strip() for name in head.split("[", 1)[1].rstrip("] ").split(",")}
    if "; J = " in text:
        bound.discard("J")
    return {name: extent for name, extent in extents.items() if name in bound}


def arguments_of(name, number):
    text, inputs = SPECS[name]
    extents = extents_of(text, number)
    arguments = ["--dims", ",".join(f"{name}={extent}" for name, extent in extents.items())]
    if "page: i32[B, N]" in text:
        pages = [[(3 * (b * extents["N"] + n) + number) % extents["P"] for n in range(extents["N"])] for b in range(extents["B"])]
        arguments += ["-i", f"page={pages}"]
    features = ",".join(f"{name}={extents[name]}" for name in "DE" if name in extents)
    if number % 2 and features:
        arguments += ["--set", features]
    return arguments + inputs


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    attnc, chosen = os.path.abspath(sys.argv[1]), sys.argv[2:] or list(SPECS)
    with tempfile.TemporaryDirectory() as folder:
        commands = []
        for number, name in enumerate(SPECS):
            if name not in chosen:
                continue
            path = os.path.join(folder, name.replace(" ", "-").replace(",", "") + ".attn")
            with open(path, "w", encoding="utf-8") as file:
                file.write("attention a {\n" + SPECS[name][0] + "\n}\n")
            commands += [[attnc, "run", path, "--random", "--check", *arguments_of(name, number * 5 + run * 3)] for run in range(RUNS)]

        def start(command):
            return subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)

        failures = 0
        with ThreadPoolExecutor(2) as pool:
            for command, done in zip(commands, pool.map(start, commands)):
                if done.returncode != 0:
                    failures += 1
                    with open(command[2], encoding="utf-8") as file:
                        print(f"{file.read()}$ {' '.join(command[1:])}\nexit status {done.returncode}\n{done.stdout}{done.stderr}",
                              flush=True)
    print(f"{len(commands)} runs, {failures} failures")
    return 1 if failures or not commands else 0


if __name__ == "__main__":
    sys.exit(main())
