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


def prefill(rows):
    head = ["one thread, f32 where not said, B = 1, H = 8, D = 64", "share of peak", "at minimum", "GFLOP/s", "ms", "target", "met", "search", "error"]
    lines = [[row["text"], percent(row["share_of_peak"]), percent(row["share_of_peak_at_min"]), f"{row['visible_gflops']:.0f}",
              f"{row['median_ms']:.2f}", *verdict(row, "share_of_peak", rounded), percent(row["share_of_classification"], 2),
              error(row)] for row in rows]
    return table(head, lines)


def against_plain(rows):
    head = ["of the plain kernel's speed, same shape, per useful flop", "median", "at minimum", "target", "met"]
    return table(head, [[f"{row['text']} / {row['plain']}", percent(row["speed_of_plain"]), percent(row["speed_of_plain_at_min"]),
                         *verdict(row, "speed_of_plain", rounded)] for row in rows])


def threads(rows):
    head = ["two threads", "times as fast as one", "multiply-adds alone", "share", "target", "met", "share of peak", "error"]
    return table(head, [[row["text"], f"{row['scaling']['kernel']:.2f}", f"{row['scaling']['fma']:.2f}",
                         percent(row["scaling"]["share"]), *verdict(row, "scaling", rounded), percent(row["share_of_peak"]), error(row)]
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
    head = ["I = J = 65,536, H = 1, D = 64", "search", "of the run time", "target", "met", "run, s", "share of peak", "error"]
    return table(head, [[row["text"], f"{row['classification_ms']:.2f} ms", percent(row["share_of_classification"], 2),
                         *verdict(row, "classification", rounded, at_most=True), f"{row['median_ms'] / 1e3:.2f}",
                         percent(row["share_of_peak"]), error(row)] for row in rows])


def compiling(compile_results):
    kernels = compile_results["kernels"]
    head = ["ms, median (minimum)", "JIT", "target", "met", "`attnc spec.attn -o k.o`", "of which CPU", "target", "met", "`attnc check`"]

    def milliseconds(target):
        return f"{target} ms"

    lines = [[kernel["spec"], f"{kernel['jit_ms']:.0f} ({kernel['min_jit_ms']:.0f})", *verdict(kernel, "jit", milliseconds, True),
              f"{kernel['object_ms']:.0f} ({kernel['min_object_ms']:.0f})", f"{kernel['object_cpu_ms']:.0f}",
              *verdict(kernel, "object", milliseconds, True), f"{kernel['check_ms']:.0f} ({kernel['min_check_ms']:.0f})"]
             for kernel in kernels]
    text = table(head, lines)
    stages = list(dict.fromkeys(stage for kernel in kernels for stage in kernel["stages_ms"]))
    text += "\n" + table(["JIT by stage, ms"] + stages,
                         [[kernel["spec"]] + [f"{kernel['stages_ms'].get(stage, 0):.1f}" for stage in stages] for kernel in kernels])
    return text + f"\nStarting the program and nothing else (`attnc --version`): {compile_results['start_ms']:.0f} ms.\n"


def memory_text(memory):
    target = memory["targets"]["memory"]
    return (f"Memory of a thread beside the tensors, largest of all rows ({memory['row']}): {kibibytes(memory['allocated_bytes'])} "
            f"through the caller's allocator and {kibibytes(memory['stack_bytes'])} of stack; "
            f"target ≤ {kibibytes(target['target'])}: {'met' if target['met'] else '**not met**'}.\n")


def markdown(results):
    rows = results["rows"]
    few = [row for row in rows if "share_of_bound" in row]
    single = [row for row in rows if row["threads"] == 1 and not row["is_long"] and not row["is_layout"] and row not in few]
    parts = [machine_text(results)]
    for make, chosen in ((prefill, single), (against_plain, [row for row in single if "speed_of_plain" in row]),
                         (few_queries, few), (layouts, [row for row in rows if row["is_layout"]]), (threads, [row for row in rows if row["threads"] > 1]), (long_rows, [row for row in rows if row["is_long"]])):
        if chosen:
            parts.append(make(chosen))
    if results["memory"]:
        parts.append(memory_text(results["memory"]))
    if results["compile"]:
        parts.append(compiling(results["compile"]))
    return "\n".join(parts)


def placed(document, text):
    """The document with the text between its markers; the text alone where it has none."""
    begin, end = document.find(BEGIN), document.find(END)
    if begin < 0 or end < begin:
        return None
    return document[:begin + len(BEGIN)] + "\n" + text + document[end:]
