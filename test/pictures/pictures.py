#!/usr/bin/env python3
"""Reads the files that `attnc show` writes with parsers that know nothing of it: PNG is decoded and its pixels compared with the mask, SVG
and pages must be well-formed and refer to nothing outside themselves.

usage: pictures.py ATTNC EXAMPLES
"""

import os
import re
import struct
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml
import zlib

ATTNC, EXAMPLES = map(os.path.abspath, sys.argv[1:])
DIMS = ["--dims", "B=1,H=2,I=64,J=64,D=16"]
VISIBLE, HIDDEN = {"light": (0, 95, 158), "dark": (51, 132, 204)}, {"light": (238, 241, 245), "dark": (35, 41, 53)}


def show(spec, output, *options, status=0):
    done = subprocess.run([ATTNC, "show", os.path.join(EXAMPLES, spec), "-o", output, *options], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    assert done.returncode == status, f"{done.args}: exit status {done.returncode}\n{done.stderr}"
    assert not done.stdout
    return done.stderr


def decode(path):
    """Width, height and rows of (red, green, blue) of an RGB PNG."""
    data = open(path, "rb").read()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, chunks = 8, []
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + size]
        assert struct.unpack(">I", data[at + 8 + size:at + 12 + size])[0] == zlib.crc32(kind + body)
        chunks.append((kind, body))
        at += 12 + size
    assert chunks[0][0] == b"IHDR" and chunks[-1][0] == b"IEND"
    width, height, depth, color = struct.unpack(">IIBB", chunks[0][1][:10])
    assert (depth, color) == (8, 2)
    raw = zlib.decompress(b"".join(body for kind, body in chunks if kind == b"IDAT"))
    rows, above, stride = [], bytearray(width * 3), width * 3
    for y in range(height):
        mode, line = raw[y * (stride + 1)], bytearray(raw[y * (stride + 1) + 1:(y + 1) * (stride + 1)])
        for x in range(stride if mode else 0):
            left, up, corner = line[x - 3] if x >= 3 else 0, above[x], above[x - 3] if x >= 3 else 0
            if mode == 4:
                from_left, from_up, from_corner = abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)
                near = (left if from_left <= from_up and from_left <= from_corner
                        else up if from_up <= from_corner else corner)
            else:
                near = (0, left, up, (left + up) // 2)[mode]
            line[x] = (line[x] + near) & 255
        rows.append([tuple(line[x:x + 3]) for x in range(0, stride, 3)])
        above = line
    return width, height, rows


def plot_of(rows, colors):
    """The largest rectangle's corner and size: where most pixels have one of the colours."""
    lines = [y for y, row in enumerate(rows) if sum(pixel in colors for pixel in row) > len(row) // 3]
    row = rows[lines[0]]
    columns = [x for x, pixel in enumerate(row) if pixel in colors]
    return columns[0], lines[0], columns[-1] - columns[0] + 1, lines[-1] - lines[0] + 1


def test_png(folder):
    for theme in ("light", "dark"):
        path = os.path.join(folder, theme + ".png")
        show("causal.attn", path, *DIMS, "--theme", theme, "--width", "240")
        _, _, rows = decode(path)
        left, top, width, height = plot_of(rows, {VISIBLE[theme], HIDDEN[theme]})
        assert width > 250 and abs(width - height) <= 2, (width, height)
        for i in range(64):
            for j in range(64):
                pixel = rows[top + (2 * i + 1) * height // 128][left + (2 * j + 1) * width // 128]
                assert pixel == (VISIBLE if j <= i else HIDDEN)[theme], (i, j, pixel)


def test_svg(folder):
    path = os.path.join(folder, "all.svg")
    for theme in ("auto", "light", "dark"):
        show("alibi.attn", path, *DIMS, "--random", "--what", "mask,tiles,score,weights", "--head", "all", "--theme", theme)
        text = open(path, encoding="utf-8").read()
        root = xml.fromstring(text)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert ("prefers-color-scheme" in text) == (theme == "auto")
        plots = root.findall("{http://www.w3.org/2000/svg}svg")
        assert len(plots) == 2 + 2 * 2 and all(plot.get("viewBox") == "0 0 64 64" for plot in plots)
        assert not re.search(r"href|url\(|@import|<script", text)
        classes = set(re.findall(r'class="(\w+)"', text))
        assert classes <= set(re.findall(r"^\.(\w+)\{fill", text, re.M)), "a class has no colour"
        # Each pair of a causal mask is covered once.
        area = 0
        for shape in plots[0]:
            for wide, high in re.findall(r"h(\d+)v(\d+)h", shape.get("d")):
                area += int(wide) * int(high)
        assert area == 64 * 65 // 2, area


def test_page(folder):
    path = os.path.join(folder, "page.html")
    show("soft-cap.attn", path, "--dims", "B=1,H=4,G=2,I=64,J=64,D=16", "-p", "w=20", "--random")
    text = open(path, encoding="utf-8").read()
    root = xml.fromstring(text.replace("<!DOCTYPE html>", ""))
    assert not re.search(r"https?:|//\w+\.\w|\bsrc=|href|url\(|@import|<script|<link|<iframe", text)
    assert len(root.findall(".//math")) == 4 and len(root.findall(".//section")) == 1
    source = "".join(root.find(".//main/pre").itertext())
    assert source == open(os.path.join(EXAMPLES, "soft-cap.attn"), encoding="utf-8").read()
    assert "schedule" in text and "never visited" in text and "prefers-color-scheme" in text
    # What the compiler doesn't compile has a page all the same.
    hostile = os.path.join(folder, "hostile.attn")
    with open(hostile, "w", encoding="utf-8") as file:
        file.write("# <script>alert(1)</script> & \"quotes\"\nattention a { layout mha; weight = sparsemax(score) }\n")
    show(hostile, path, *DIMS)
    text = open(path, encoding="utf-8").read()
    xml.fromstring(text.replace("<!DOCTYPE html>", ""))
    assert "<script" not in text


def test_whole_or_not(folder):
    path = os.path.join(folder, "kept.svg")
    with open(path, "w", encoding="utf-8") as file:
        file.write("before")
    show("documents.attn", path, "--dims", "B=1,I=8,J=8,N=4", "-i", "doc=[[0,0,0,0]]", status=1)
    assert open(path, encoding="utf-8").read() == "before"
    broken = os.path.join(folder, "doc.npy")
    with open(broken, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00\xff\xff")
    assert "doc" in show("documents.attn", path, "--dims", "B=1,I=8,J=8", "-i", "doc=" + broken, status=1)
    assert "no directory" in show("causal.attn", os.path.join(folder, "no", "x.png"), *DIMS, status=1)
    assert "usage" not in show("causal.attn", os.path.join(folder, "x.bmp"), *DIMS, status=2)
    assert sorted(os.listdir(folder)) == ["doc.npy", "kept.svg"], os.listdir(folder)


def main():
    for test in (test_png, test_svg, test_page, test_whole_or_not):
        with tempfile.TemporaryDirectory() as folder:
            test(folder)
            print(test.__name__, "passed")


main()
