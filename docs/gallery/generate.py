#!/usr/bin/env python3
"""Writes docs/gallery.md and its pictures from examples/.

usage: generate.py ATTNC [--check]

For each example: its title, formula and paper from the head comment, the mask at the size of its first `# try:` line as a picture, its lines,
what `attnc explain` says of them at the size of its second one, for a CPU with AVX-512, and its speed beside the plain kernel's from docs/gallery/speed.json, which `bench/gallery` writes. With --check nothing is written: it
says what is out of date, and fails.
"""

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
KINDS = [("Masks", "Who sees whom."), ("Scores", "How alike a query and a key are."),
         ("Weights and outputs", "What becomes of the scores of a row."),
         ("Heads and memory", "Where queries, keys and values lie, and how they are stored.")]


class Example:
    def __init__(self, path):
        self.name = os.path.splitext(os.path.basename(path))[0]
        with open(path, encoding="utf-8") as file:
            lines = file.read().rstrip("\n").split("\n")
        head = 0
        while lines[head].startswith("#"):
            head += 1
        self.lines = lines[head:]
        self.tries = [shlex.split(line[len("# try:"):]) for line in lines[:head] if line.startswith("# try:")]
        self.text = self.comment([line for line in lines[:head] if not line.startswith("# try:")])
        code = "\n".join(line.split("#")[0] for line in self.lines)
        mask = re.search(r"^\s*mask\s*=\s*(.*?)\s*$", code, re.M)
        self.masked = mask is not None
        stored = not re.search(r"^\s*layout mha\s*$", code, re.M) or re.search(r"^\s*[qkv]\s*=", code, re.M)
        plain = mask is None or mask.group(1) in ("causal", "causal_end")
        self.kind = (2 if re.search(r"^\s*(weight|o)\s*=", code, re.M) else 1 if re.search(r"^\s*score\s*=", code, re.M)
                     else 3 if stored and plain else 0 if mask else 3)

    @staticmethod
    def comment(lines):
        """Paragraphs; formulas are the lines that are set in."""
        parts, paragraph = [], []
        for line in lines:
            text = line[1:].rstrip()
            if text.startswith("   "):
                if paragraph:
                    parts.append(" ".join(paragraph))
                    paragraph = []
                parts.append(f"`{text.strip()}`")
            else:
                paragraph.append(text.strip())
        if paragraph:
            parts.append(" ".join(paragraph))
        return [re.sub(r"arXiv:(\d{4}\.\d{5}v?\d*)", r"[arXiv:\1](https://arxiv.org/abs/\1)", part) for part in parts]

    def picture(self, attnc):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "picture.svg")
            command = [attnc, "show", os.path.join(ROOT, "examples", self.name + ".attn"), "--random", *self.tries[0], "--width", "260", "-o", path]
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                sys.exit(f"{shlex.join(command)}\n{done.stderr}")
            with open(path, encoding="utf-8") as file:
                return file.read()

    def becomes(self, attnc):
        """What is a product of matrices, what is done for every pair, what is compared with limits, and which tiles are skipped."""
        command = [attnc, "explain", os.path.join("examples", self.name + ".attn"), "--cpu", "x86-64-v4", "--no-tuned", *self.tries[1]]
        done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"{shlex.join(command)}\n{done.stderr}")

        def listed(title):
            found = re.search(rf"^{title}.*\n((?:  .*\n)+)", done.stdout, re.M)
            return [re.sub(r" at examples/\S+$", "", line.strip()) for line in found[1].splitlines()] if found else []

        products = [line for line in listed("matrix products") if line != "none"]
        text = [f"products: {'; '.join(f'`{line}`' if ';' not in line else self.quoted(line) for line in products)}" if products else "no products of matrices"]
        if pairs := listed("for every pair of query and key"):
            text.append(f"for every pair: {'; '.join(pairs)}")
        if close := listed("for pairs of a query and a key so close"):
            text.append(f"where a query and a key nearly meet: {'; '.join(close)}")
        guarded = re.search(r"(\d+) compared with their limits", done.stdout)
        text.append("no load or division needs a test" if guarded[1] == "0" else f"{guarded[1]} loads or divisions compared with their limits")
        text.append(re.search(r"^  ((?:one|\d+) pass(?:es)? over the keys[^;]*)", done.stdout, re.M)[1])
        if shares := re.findall(r"^  (empty|full|mixed) +\d+ +([\d.]+) %", done.stdout, re.M):
            text.append("tiles: " + ", ".join(f"{share} % {kind}" for kind, share in shares))
        sentence = "; ".join(text)
        return f"*{sentence[0].upper()}{sentence[1:]}.*"

    @staticmethod
    def quoted(line):
        product, rest = line.split(";", 1)
        return f"`{product}`,{rest}"

    def section(self, speeds, becomes):
        speed = speeds.get(self.name)
        text = [f"### {self.name}", "", *[line for part in self.text for line in (part, "")]]
        if self.masked:
            text += [f"![mask of {self.name}](gallery/{self.name}.svg)", ""]
        text += ["```attn", *self.lines, "```", "", becomes, "", f"[`examples/{self.name}.attn`](../examples/{self.name}.attn)"]
        if speed:
            text[-1] += f" · {100 * speed['relative']:.0f} % of the plain kernel's speed at {speed['size']}"
        return "\n".join(text) + "\n"


def page(attnc, examples, speeds):
    text = ["# Gallery", "",
            "Every attention of [`examples/`](../examples), with the mask at a small size, the formula and where it is from. Dark is visible. What the",
            "compiler makes of it is what `attnc explain` says, at a larger size, for a CPU with AVX-512. Speeds are useful multiplications a second, over visible pairs, beside those of plain attention of the same extents on the same machine;",
            "`bench/gallery` measures them, and `docs/gallery/generate.py` makes this page.", ""]
    if speeds:
        text += [f"Measured on {speeds['machine']}.", ""]
    for number, (kind, about) in enumerate(KINDS):
        members = [example for example in examples if example.kind == number]
        text += [f"## {kind}", "", about, ""]
        text += [" · ".join(f"[{example.name}](#{example.name})" for example in members), ""]
        text += [example.section(speeds.get("examples", {}), example.becomes(attnc)) for example in members]
    return "\n".join(text).rstrip("\n") + "\n"


def main():
    arguments = sys.argv[1:]
    check = "--check" in arguments
    if len(arguments) != 1 + check:
        sys.exit(__doc__)
    attnc = os.path.abspath(arguments[0])
    folder = os.path.join(ROOT, "examples")
    examples = [Example(os.path.join(folder, name)) for name in sorted(os.listdir(folder)) if name.endswith(".attn")]
    speeds = {}
    measured = os.path.join(ROOT, "docs", "gallery", "speed.json")
    if os.path.exists(measured):
        with open(measured, encoding="utf-8") as file:
            speeds = json.load(file)
    files = {"docs/gallery.md": page(attnc, examples, speeds)}
    for example in examples:
        if example.masked:
            files[f"docs/gallery/{example.name}.svg"] = example.picture(attnc)
    stale = []
    for name in os.listdir(os.path.join(ROOT, "docs", "gallery")):
        if name.endswith(".svg") and f"docs/gallery/{name}" not in files:
            stale.append(f"docs/gallery/{name} belongs to no example with a mask")
            if not check:
                os.remove(os.path.join(ROOT, "docs", "gallery", name))
    for name, text in files.items():
        path = os.path.join(ROOT, name)
        old = None
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                old = file.read()
        if old != text:
            stale.append(f"{name} is out of date")
            if not check:
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text)
    if check:
        print("\n".join(stale) if stale else f"{len(files)} files are up to date")
        if stale:
            sys.exit("run: ninja gallery")
    return 0


if __name__ == "__main__":
    sys.exit(main())
