"""Reading and writing .npy files without NumPy, which a test machine need not have."""

import ast
import math
import struct

# NumPy's type code: struct's code, bytes per element.
CODES = {
    "<f2": ("e", 2), "<f4": ("f", 4), "<f8": ("d", 8), "|b1": ("?", 1), "|i1": ("b", 1), "|u1": ("B", 1),
    "<i2": ("h", 2), "<u2": ("H", 2), "<i4": ("i", 4), "<u4": ("I", 4), "<i8": ("q", 8), "<u8": ("Q", 8),
}


class Array:
    """A dense array in C order: `descr` is NumPy's type code, `data` the raw bytes."""

    def __init__(self, descr, shape, data):
        self.descr, self.shape, self.data = descr, tuple(shape), data

    def values(self):
        code, width = CODES[self.descr]
        return struct.unpack(f"<{len(self.data) // width}{code}", self.data)

    def reshaped(self, shape):
        if math.prod(shape) != math.prod(self.shape):
            raise ValueError(f"{self.shape} does not hold as many elements as {tuple(shape)}")
        return Array(self.descr, shape, self.data)


def read(path):
    with open(path, "rb") as file:
        content = file.read()
    if content[:6] != b"\x93NUMPY":
        raise ValueError(f"{path}: not an .npy file")
    size, start = (struct.unpack_from("<H", content, 8)[0], 10) if content[6] == 1 else (
        struct.unpack_from("<I", content, 8)[0], 12)
    header = ast.literal_eval(content[start:start + size].decode("latin-1"))
    descr, shape, data = header["descr"], header["shape"], content[start + size:]
    if descr not in CODES:
        raise ValueError(f"{path}: element type {descr} is not known")
    if header["fortran_order"] and len(shape) > 1:
        raise ValueError(f"{path}: Fortran order is not known")
    width = CODES[descr][1]
    if len(data) != width * math.prod(shape):
        raise ValueError(f"{path}: {len(data)} bytes of data for shape {shape}")
    return Array(descr, shape, data)


def write(path, array):
    shape = "(" + "".join(f"{extent}, " for extent in array.shape) + ")"
    header = f"{{'descr': '{array.descr}', 'fortran_order': False, 'shape': {shape}, }}"
    header += " " * (-(10 + len(header) + 1) % 64) + "\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode("latin-1") + array.data)
