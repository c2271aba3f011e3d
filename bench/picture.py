"""The results as a picture: a bar of each row's share of its ceiling, a mark where its target is, a dot where the best peer is. SVG, written by hand: bars need no
library."""

from xml.sax.saxutils import escape

# Group of rows, what its bars show, and where in a row that stands.
PANELS = (
    ("prefill", "share of the peak of multiply-adds", "share_of_peak", "share_of_peak"),
    ("stored", "16 bits: share of the peak of multiply-adds of floats", "share_of_peak", "share_of_vectors"),
    ("sizes", "share of the peak of multiply-adds", "share_of_peak", "share_of_peak"),
    ("cpu", "share of the peak of that CPU's vectors", "share_of_peak", "share_of_peak"),
    ("scores", "speed, of the plain kernel's", "speed_of_plain", "speed_of_plain"),
    ("functions", "share of the rate of the score's functions in cache", "share_of_functions", "share_of_functions"),
    ("few", "share of the bound by bandwidth or peak", "share_of_bound", "share_of_bound"),
    ("layouts", "speed, of keys one after the other", "speed_of_plain", "speed_of_plain"),
    ("threads", "two threads: share of the scaling of multiply-adds", "scaling", "scaling"),
    ("parts", "two threads, keys in parts: share of the read bandwidth of two", "share_of_bandwidth", "bandwidth"),
    ("long", "I = J = 65,536: share of the peak of multiply-adds", "share_of_peak", "share_of_peak"),
)
LABEL, BAR, VALUE = 390, 420, 60  # widths
LINE, HEAD, MARGIN = 17, 34, 12   # heights, and the space around all
MET, MISSED, PLAIN, PEER = "#2a78b5", "#c8553d", "#9aa7b1", "#20262b"


def value_of(row, what):
    value = row["read_gbs"] / row["bandwidth_gbs"] if what == "share_of_bandwidth" else row.get(what)
    return value["share"] if isinstance(value, dict) else value


def bar(x, y, width, colour):
    return f'<rect x="{x:.1f}" y="{y + 3:.1f}" width="{max(width, 0):.1f}" height="{LINE - 6}" fill="{colour}"/>'


def write(x, y, words, anchor="start", weight="normal", colour="#20262b"):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}" fill="{colour}">{escape(words)}</text>'


def panel(title, rows, what, asked, top, best_peer):
    """The elements of one panel, and where it ends."""
    left, longest = MARGIN + LABEL, max(1.0, *(value_of(row, what) for row in rows))
    scale = BAR / longest
    parts = [write(MARGIN, top + 22, title, weight="bold")]
    bottom = top + HEAD + LINE * len(rows)
    for share in (0.5, 1.0):
        x = left + share * scale
        parts.append(f'<line x1="{x:.1f}" y1="{top + HEAD - 4}" x2="{x:.1f}" y2="{bottom}" stroke="#d5dbe0"/>')
        parts.append(write(x, top + HEAD - 7, f"{100 * share:.0f} %", "middle", colour="#6b7780"))
    for number, row in enumerate(rows):
        y, value, target = top + HEAD + LINE * number, value_of(row, what), row.get("targets", {}).get(asked)
        parts.append(write(left - 8, y + 13, row["text"], "end"))
        parts.append(bar(left, y, value * scale, PLAIN if not target else MET if target["met"] else MISSED))
        if target:
            x = left + target["target"] * scale
            parts.append(f'<line x1="{x:.1f}" y1="{y + 1}" x2="{x:.1f}" y2="{y + LINE - 1}" stroke="#20262b" stroke-width="2"/>')
        if what == "share_of_peak" and row["name"] in best_peer:
            parts.append(f'<circle cx="{left + value / best_peer[row["name"]] * scale:.1f}" cy="{y + LINE / 2:.1f}" r="4" fill="#ffffff" stroke="{PEER}" stroke-width="1.5"/>')
        parts.append(write(left + BAR + 8, y + 13, f"{100 * value:.1f} %"))
    return parts, bottom + MARGIN


def svg(results):
    peers = results["peers"]["rows"] if results["peers"] else {}
    best_peer = {name: entry["times_best"] for name, entry in peers.items() if "times_best" in entry}
    legend = [(MET, "target met"), (MISSED, "target missed"), (PLAIN, "no target")]
    parts, at = [], MARGIN
    for colour, words in legend:
        parts += [bar(at, MARGIN, 14, colour), write(at + 19, MARGIN + 13, words)]
        at += 32 + 7 * len(words)
    parts.append(write(at, MARGIN + 13, "| target" + ("   ○ the best peer" if best_peer else "")))
    top = MARGIN + LINE + 4
    for group, title, what, asked in PANELS:
        rows = [row for row in results["rows"] if row["group"] == group and value_of(row, what) is not None]
        if rows:
            made, top = panel(title, rows, what, asked, top, best_peer)
            parts += made
    width = LABEL + BAR + VALUE + 2 * MARGIN
    machine = results["machine"]
    parts.append(write(MARGIN, top + 12, f"{machine['cpu']}, {machine['attnc']}, revision {machine['revision'] or 'unknown'}, {results['date']}", colour="#6b7780"))
    height = top + 12 + MARGIN
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
                      f'<rect width="{width}" height="{height}" fill="#ffffff"/>', *parts, "</svg>"]) + "\n"
