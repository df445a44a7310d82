#!/usr/bin/env python3
"""Makes data/0.png ... data/9.png: one clear image of each digit, from MNIST's test set.

usage: examples/digits/make_images.py [MNIST_DIRECTORY]      (default: .deps/mnist)

The images are 28x28, 8-bit grey, white on black as in the data. Needs nothing but Python, and gives
the same bytes every time.
"""

import pathlib
import struct
import sys
import zlib

# Digit -> which test image: the first that anybody would read right.
CHOSEN = {0: 3, 1: 2, 2: 1, 3: 18, 4: 4, 5: 15, 6: 11, 7: 0, 8: 61, 9: 7}
SIDE = 28


def read_idx(path, magic):
    """The bytes after the header of an IDX file, and the number of items it announces."""
    data = path.read_bytes()
    found, count = struct.unpack_from(">II", data)
    if found != magic:
        raise SystemExit(f"{path}: magic number {found}, not {magic}")
    return data[16 if magic == 2051 else 8 :], count


def png(pixels):
    def chunk(kind, body):
        checksum = zlib.crc32(kind + body)
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 0, 0, 0, 0)  # 8 bits, grey
    rows = b"".join(b"\0" + pixels[y * SIDE : (y + 1) * SIDE] for y in range(SIDE))
    # Stored, not compressed: compressed bytes differ between versions of zlib.
    body = zlib.compress(rows, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )


def main():
    here = pathlib.Path(__file__).resolve().parent
    mnist = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here.parents[1] / ".deps/mnist"
    images, _ = read_idx(mnist / "t10k-images-idx3-ubyte", 2051)
    labels, _ = read_idx(mnist / "t10k-labels-idx1-ubyte", 2049)
    (here / "data").mkdir(exist_ok=True)
    for digit, index in CHOSEN.items():
        if labels[index] != digit:
            raise SystemExit(f"test image {index} is a {labels[index]}, not a {digit}")
        pixels = images[index * SIDE * SIDE : (index + 1) * SIDE * SIDE]
        (here / "data" / f"{digit}.png").write_bytes(png(pixels))


if __name__ == "__main__":
    main()
