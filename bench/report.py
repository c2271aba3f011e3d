"""The results as Markdown."""

BEGIN, END = "<!-- bench: begin, written by bench/run --markdown -->", "<!-- bench: end -->"
BUSY = 0.02


def percent(share, digits=1):
    return f"{100 * share:.{digits}f} %"


def kibibytes(count):
    return f"{count / 1024:.0f} KiB"


def verdict(entry, what, text=percent, at_most=False):
    """Two cells: the target, and whether it is met."""
    target = entry.get("targets", {}).get(what)
    if target is None:
        return ["", ""]
    return [f"{'≤' if at_most else '≥'} {text(target['target'])}", "yes" if target["met"] else "**no**"]


def error(row):
    return "not finite" if row["max_error"] is None else f"{row['max_error']:.1e}"


def rounded(share):
    return percent(share, 0)


def table(head, lines):
    numeric = ["---"] + ["---:"] * (len(head) - 1)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [head, numeric] + lines) + "\n"


def machine_text(results):
    machine = results["machine"]
    caches = ", ".join(f"{level} {size}" for level, size in machine["caches"].items())
    text = f"{machine['cpu']}, {machine['cpus']} CPUs{' of a virtual machine' if machine['virtual'] else ''}"
    text += f" ({', '.join(machine['vectors'])}{'; ' if caches else ''}{caches}), {machine['system']}. "
    text += f"{machine['attnc']}, revision {machine['revision'] or 'unknown'}; {'LLVM ' + machine['llvm'] if machine['llvm'] else 'LLVM unknown'}. "
    text += f"{results['date']}, {results['rounds']} round{'' if results['rounds'] == 1 else 's'}."
    other = results["other_work"]
    if other:
        text += f" While it ran, other processes used {percent(other['other_processes'])} of the CPUs and {percent(other['stolen'])} were stolen."
        if other["other_processes"] + other["stolen"] > BUSY:
            text += "\n\n**The machine was not quiet: take minima and ratios for what they are worth, and medians for less.**"
    if results["is_smoke"]:
        text += "\n\n**A smoke run: the sizes are tiny, no figure means anything.**"
    return text + "\n"


def single(title):
    """Rows of one thread, with what is asked of their share of the peak and of the plain kernel's speed."""

    def make(rows):
        compared, narrow = any("speed_of_plain" in row for row in rows), any("share_of_matrix" in row for row in rows)
        head = [title, "share of peak", "at minimum", "GFLOP/s", "ms", "target", "met"]
        head += ["of the matrix unit"] * narrow + ["of the plain kernel", "at minimum", "which", "target", "met"] * compared + ["search", "error"]
        lines = []
        for row in rows:
            asked = "share_of_vectors" if "share_of_vectors" in row else "share_of_peak"
            line = [row["text"], percent(row["share_of_peak"]), percent(row["share_of_peak_at_min"]), f"{row['visible_gflops']:.0f}",
                    f"{row['median_ms']:.{2 if row['median_ms'] >= 0.1 else 4}f}", *verdict(row, asked, rounded)]
            if narrow:
                line.append(percent(row["share_of_matrix"]) if "share_of_matrix" in row else "")
            if compared:
                line += [percent(row["speed_of_plain"]), percent(row["speed_of_plain_at_min"]), row["plain"]] if "speed_of_plain" in row else [""] * 3
                line += verdict(row, "speed_of_plain", rounded)
            lines.append(line + [percent(row["share_of_classification"], 2), error(row)])
        return table(head, lines)

    return make


def threads(rows):
    head = ["two threads", "times as fast as one", "multiply-adds alone", "share", "target", "met", "share of peak", "error"]
    return table(head, [[row["text"], f"{row['scaling']['kernel']:.2f}", f"{row['scaling']['fma']:.2f}",
                         percent(row["scaling"]["share"]), *verdict(row, "scaling", rounded), percent(row["share_of_peak"]), error(row)]
                        for row in rows])


def parts(rows):
    head = ["two threads, one query of one head, D = 128", "times as fast as one", "target", "met", "GB/s", "of the read bandwidth of two", "target", "met", "ms", "error"]
    return table(head, [[row["text"], f"{row['scaling']['kernel']:.2f}", *verdict(row, "speedup", "{:.1f}".format), f"{row['read_gbs']:.1f}",
                         percent(row["read_gbs"] / row["bandwidth_gbs"]), *verdict(row, "bandwidth", rounded), f"{row['median_ms']:.2f}", error(row)]
                        for row in rows])


def functions(rows):
    head = ["scores that are no products: D = 64", "of the rate of their functions", "target", "met", "ms", "error"]
    return table(head, [[row["text"], percent(row["share_of_functions"]), *verdict(row, "share_of_functions", rounded), f"{row['median_ms']:.2f}", error(row)]
                        for row in rows])


def few_queries(rows):
    head = ["queries, 32 heads, 8 of keys, J = 4096, D = 128", "share of the bound", "target", "met", "GB/s", "of the read bandwidth", "share of peak", "ms",
            "error"]
    return table(head, [[row["text"], percent(row["share_of_bound"]), *verdict(row, "share_of_bound", rounded), f"{row['read_gbs']:.1f}",
                         percent(row["read_gbs"] / row["bandwidth_gbs"]), percent(row["share_of_peak"]), f"{row['median_ms']:.2f}", error(row)]
                        for row in rows])


def layouts(rows):
    head = ["where keys and values lie", "of the speed one after the other", "at minimum", "target", "met", "ms", "share of peak", "error"]
    return table(head, [[row["text"], *([percent(row["speed_of_plain"]), percent(row["speed_of_plain_at_min"])] if "speed_of_plain" in row else ["", ""]),
                         *verdict(row, "speed_of_plain", rounded), f"{row['median_ms']:.2f}", percent(row["share_of_peak"]), error(row)]
                        for row in rows])


def long_rows(rows):
    head = ["I = J = 65,536, H = 1, D = 64", "search", "of the run time", "target", "met", "run, s", "share of peak", "of that at 4096", "target", "met", "error"]
    return table(head, [[row["text"], f"{row['classification_ms']:.2f} ms", percent(row["share_of_classification"], 2),
                         *verdict(row, "classification", rounded, at_most=True), f"{row['median_ms'] / 1e3:.2f}",
                         percent(row["share_of_peak"]), percent(row["speed_of_plain"]) if "speed_of_plain" in row else "",
                         *verdict(row, "speed_of_plain", rounded), error(row)] for row in rows])


# The tables, in their order: group of rows, and how its table is made.
TABLES = (
    ("prefill", single("one thread, f32, B = 1, H = 8, D = 64 where not said")),
    ("scores", single("scores, and masks that spare nothing: D = 64")),
    ("functions", functions),
    ("stored", single("stored in 16 bits")),
    ("sizes", single("sizes that no tile divides")),
    ("cpu", single("code for another CPU, beside the peak of its vectors")),
    ("few", few_queries),
    ("layouts", layouts),
    ("threads", threads),
    ("parts", parts),
    ("long", long_rows),
)


def compiling(results):
    def milliseconds(target):
        return f"{target} ms"

    head = ["ms, median (minimum)", "JIT", "target", "met", "from the cache", "target", "met", "`attnc spec.attn -o k.o`", "of which CPU", "target", "met", "`attnc check`", "target", "met"]
    lines = []
    for kernel in results["kernels"]:
        line = [kernel["spec"]]
        for what, digits in (("jit", 0), ("cached", 1), ("object", 0), ("check", 0)):
            line.append(f"{kernel[f'{what}_ms']:.{digits}f} ({kernel[f'min_{what}_ms']:.{digits}f})")
            if what == "object":
                line.append(f"{kernel['object_cpu_ms']:.0f}")
            line += verdict(kernel, what, milliseconds, True)
        lines.append(line)
    text = table(head, lines)
    stages = list(dict.fromkeys(stage for kernel in results["kernels"] for stage in kernel["stages_ms"]))
    text += "\n" + table(["JIT by stage, ms"] + stages,
                         [[kernel["spec"]] + [f"{kernel['stages_ms'].get(stage, 0):.1f}" for stage in stages] for kernel in results["kernels"]])
    slowest = results["slowest"]
    target, met = verdict(slowest, "jit", milliseconds, True)
    text += f"\nThe slowest JIT of the {slowest['examples']} examples: {slowest['jit_ms']:.0f} ms, `{slowest['example']}` (target {target}: {'met' if met == 'yes' else '**not met**'}). "
    return text + f"Starting the program and nothing else (`attnc --version`): {results['start_ms']:.0f} ms.\n"


def accuracy(results):
    magnitudes = [entry["S"] for entry in results[0]["by_magnitude"]]

    def cell(entry, output):
        if output not in entry["outputs"]:
            return ""
        found = entry["outputs"][output]
        text = f"{found['error']:.1e}" if found["error"] is not None else "not finite"
        return f"{text} of {found['bound']:.1e}" if entry["met"] else f"**{text} of {found['bound']:.1e}**"

    text = ""
    for output, what in (("o", "error of `o` and its bound, relative to the largest abs(v) of the row"), ("lse", "error of `lse` and its bound")):
        lines = [[row["text"], *(cell(entry, output) for entry in row["by_magnitude"]), "yes" if all(entry["met"] for entry in row["by_magnitude"]) else "**no**"]
                 for row in results if any(output in entry["outputs"] for entry in row["by_magnitude"])]
        if lines:
            text += ("\n" if text else "") + table([what] + [f"S = {magnitude:,}" for magnitude in magnitudes] + ["met"], lines)
    return text


def milliseconds(answer):
    if answer is None:
        return ""
    if "failure" in answer:
        return "fails"
    return f"{answer['median_ms']:.{1 if answer['median_ms'] >= 10 else 2}f}"


def times(ratio):
    return f"{ratio:.2f}"


def peer_rows(results, rows):
    """Rows that a peer ran: its times beside ours, and how many times as fast ours is."""
    ways = list(dict.fromkeys(way for entry in results["rows"].values() for way in entry["ways"]))
    head = ["ms, one thread", "attn", *ways, "times as fast as the best", "target", "met", "as FlexAttention", "target", "met"]
    lines, failures = [], []
    for row in rows:
        entry = results["rows"].get(row["name"])
        if not entry:
            continue
        failures += [f"{row['text']}, {way}: {answer['failure']}" for way, answer in entry["ways"].items() if "failure" in answer]
        line = [row["text"], milliseconds(entry), *(milliseconds(entry["ways"].get(way)) for way in ways)]
        for ratio in ("times_best", "times_flex"):
            line += [times(entry[ratio]) if ratio in entry else "", *verdict(entry, ratio, times)]
        lines.append(line)
    text = table(head, lines)
    if failures:
        text += "\n" + "\n".join(f"- {failure}" for failure in failures) + "\n"
    return text


def peer_shares(results, rows):
    """Rows that no peer ran here, beside the shares that peers reached on another machine."""
    head = ["beside shares reached on " + results["reference_machine"], "share here", "the best peer's", "which", "times the best", "target", "met", "times FlexAttention", "target", "met"]
    lines = []
    for row in rows:
        entry = results["by_shares"].get(row["name"])
        if not entry:
            continue
        line = [row["text"], *([percent(entry["share"]), rounded(entry["reference"]), entry["peer"]] if "share" in entry else [""] * 3)]
        for ratio in ("times_best", "times_flex"):
            line += [times(entry[ratio]) if ratio in entry else "", *verdict(entry, ratio, times)]
        lines.append(line)
    return table(head, lines)


def peers(results, rows):
    parts = []
    for name, about in results["about"].items():
        if "missing" in about:
            parts.append(f"{name} isn't compared with: {about['missing']}.\n")
        else:
            parts.append(f"{name} {about['version']}." + (f" It ended {about['ended']}." if "ended" in about else "") + "\n")
    if any(entry["ways"] for entry in results["rows"].values()):
        parts.append(peer_rows(results, rows))
    if results["by_shares"]:
        parts.append(peer_shares(results, rows))
    return "\n".join(parts)


def memory_text(memory):
    target = memory["targets"]["memory"]
    return (f"Memory of a thread beside the tensors, largest of all rows ({memory['row']}): {kibibytes(memory['allocated_bytes'])} "
            f"through the caller's allocator and {kibibytes(memory['stack_bytes'])} of stack; "
            f"target ≤ {kibibytes(target['target'])}: {'met' if target['met'] else '**not met**'}.\n")


def markdown(results):
    rows = results["rows"]
    parts = [machine_text(results)]
    for group, make in TABLES:
        chosen = [row for row in rows if row["group"] == group]
        if chosen:
            parts.append(make(chosen))
    if results["memory"]:
        parts.append(memory_text(results["memory"]))
    if results["compile"]:
        parts.append(compiling(results["compile"]))
    if results["peers"]:
        parts.append(peers(results["peers"], rows))
    if results["accuracy"]:
        parts.append(accuracy(results["accuracy"]))
    return "\n".join(parts)


def placed(document, text):
    """The document with the text between its markers; the text alone where it has none."""
    begin, end = document.find(BEGIN), document.find(END)
    if begin < 0 or end < begin:
        return None
    return document[:begin + len(BEGIN)] + "\n" + text + document[end:]
