#!/usr/bin/env python3
"""Writes the seeds of every fuzzer into Corpora/: small whole files, and the ideas of known attacks.

Only the standard library is needed. The seeds are kept in the repository; this says what they are.
"""

import base64
import gzip
import io
import json
import pathlib
import struct
import tarfile
import zipfile
import zlib

ROOT = pathlib.Path(__file__).parent / "Corpora"


def write(fuzzer: str, name: str, content: bytes) -> None:
    folder = ROOT / fuzzer
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def png(
    height: int, width: int, depth: int = 8, colour: int = 0, claimed: tuple[int, int] | None = None,
    transparency: bytes = b"", values: bytes | None = None,
) -> bytes:
    samples = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    row = (width * samples * depth + 7) // 8
    values = values or bytes((y * 7 + x) & 255 for y in range(height) for x in range(row))
    rows = b"".join(b"\0" + values[y * row:][:row] for y in range(height))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    said = claimed or (height, width)
    palette = chunk(b"PLTE", bytes(range(48))) if colour == 3 else b""
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", said[1], said[0], depth, colour, 0, 0, 0))
        + palette
        + (chunk(b"tRNS", transparency) if transparency else b"")
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


JPEG = bytes.fromhex(
    "ffd8ffe000104a46494600010100000100010000ffdb004300" + "10" * 64
    + "ffc0000b080010001001011100ffc4001500010100000000000000000000000000000405"
    + "ffc40014100100000000000000000000000000000000ffda0008010100003f00" + "00" * 8 + "ffd9"
)


# A progressive JPEG of 7 x 9 pixels.
PROGRESSIVE = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8UHRofHh0aHBwgJC4nICIsIxwcKDcpLDAxNDQ0Hyc5PT"
    "gyPC4zNDL/2wBDAQkJCQwLDBgNDRgyIRwhMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjL/wgARCAAH"
    "AAkDASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAb/xAAUAQEAAAAAAAAAAAAAAAAAAAAE/9oADAMBAAIQAxAAAAGeBWf/xAAUEAEAAA"
    "AAAAAAAAAAAAAAAAAQ/9oACAEBAAEFAj//xAAUEQEAAAAAAAAAAAAAAAAAAAAA/9oACAEDAQE/AX//xAAUEQEAAAAAAAAAAAAAAAAAAAAA/9oA"
    "CAECAQE/AX//xAAUEAEAAAAAAAAAAAAAAAAAAAAQ/9oACAEBAAY/Aj//xAAUEAEAAAAAAAAAAAAAAAAAAAAQ/9oACAEBAAE/IT//2gAMAwEAAg"
    "ADAAAAEAP/xAAUEQEAAAAAAAAAAAAAAAAAAAAA/9oACAEDAQE/EH//xAAUEQEAAAAAAAAAAAAAAAAAAAAA/9oACAECAQE/EH//xAAUEAEAAAAA"
    "AAAAAAAAAAAAAAAQ/9oACAEBAAE/ED//2Q=="
)


def npy(kind: str, shape: str, values: bytes, version: int = 1) -> bytes:
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    length = struct.pack("<H" if version == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes([version, 0]) + length + text + values


def archive(members: dict[str, bytes], method: int) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as file:
        for name, content in members.items():
            # As numpy.savez does.
            with file.open(name, "w", force_zip64=True) as member:
                member.write(content)
    return stream.getvalue()


def tar(members: list[tuple[str, bytes]], form: int, kind: bytes = tarfile.REGTYPE) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=form) as file:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size, info.type, info.linkname = len(content), kind, "x" if kind != tarfile.REGTYPE else ""
            file.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def safetensors(header: object, data: bytes = b"", length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def main() -> None:
    images = struct.pack(">IIII", 0x803, 2, 4, 4) + bytes(range(32))
    write("IDX", "whole", images)
    write("IDX", "gzip", gzip.compress(images, mtime=0))
    write("IDX", "two-members", gzip.compress(images[:20], mtime=0) + gzip.compress(images[20:], mtime=0))
    write("IDX", "overflow", struct.pack(">IIII", 0x803, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF))
    write("IDX", "zero", struct.pack(">IIII", 0x803, 0, 28, 28))
    write("IDX", "bomb", gzip.compress(struct.pack(">IIII", 0x803, 1 << 14, 64, 64) + bytes(1 << 22), mtime=0))

    write("IDX", "labels", struct.pack(">II", 0x801, 2) + bytes([3, 9]))
    write("IDX", "labels-gzip", gzip.compress(struct.pack(">II", 0x801, 2) + bytes([3, 10]), mtime=0))
    write("IDX", "labels-many", struct.pack(">II", 0x801, 0x7FFFFFFF) + bytes(2))

    write("CIFAR", "ten", bytes([3]) + bytes(3072))
    write("CIFAR", "hundred", bytes([19, 9]) + bytes(range(256)) * 12)
    write("CIFAR", "label", bytes([255]) + bytes(3072))

    write("Images", "grey", png(2, 2))
    for depth, colour in [(1, 0), (16, 0), (8, 2), (16, 2), (4, 3), (8, 4), (8, 6), (16, 6)]:
        write("Images", f"png-{depth}-{colour}", png(3, 5, depth, colour))
    # What is less than half opaque is unknown.
    alphas = [255, 0, 128, 127]
    write("Images", "alpha", png(2, 2, 8, 6, values=bytes(v for a in alphas for v in (9, 99, 199, a))))
    write("Images", "alpha-grey", png(2, 2, 8, 4, values=bytes(v for a in alphas for v in (99, a))))
    write("Images", "alpha-16", png(2, 2, 16, 6, values=bytes(v for a in alphas for v in (9, 9, 99, 9, 199, 9, a, 128))))
    write("Images", "clear", png(2, 2, 8, 6, values=bytes(16)))
    write("Images", "clear-grey", png(2, 2, 8, 0, transparency=bytes([0, 7])))
    write("Images", "clear-palette", png(2, 2, 8, 3, transparency=bytes([255, 0, 128, 127]), values=bytes([0, 1, 2, 3])))
    write("Images", "huge", png(2, 2, claimed=(30000, 30000)))
    write("Images", "overflow", png(2, 2, claimed=(0xFFFFFFFF, 0xFFFFFFFF)))
    write("Images", "jpeg", JPEG)
    orientation = b"II*\0" + struct.pack("<IHHHII", 8, 1, 0x112, 3, 1, 6) + bytes(4)
    exif = b"Exif\0\0" + orientation
    write("Images", "jpeg-turned", JPEG[:2] + b"\xff\xe1" + struct.pack(">H", 2 + len(exif)) + exif + JPEG[2:])
    write("Images", "jpeg-progressive", PROGRESSIVE)
    write("Images", "jpeg-huge", JPEG.replace(bytes.fromhex("0800100010"), bytes.fromhex("08ffffffff")))

    write("NumPy", "uint8", npy("|u1", "(2, 3, 3)", bytes(18)))
    write("NumPy", "planar", npy("<f4", "(1, 3, 2, 2)", struct.pack("<12f", *[0.5] * 12)))
    write("NumPy", "version-2", npy("|u1", "(1, 2, 2, 1)", bytes(4), version=2))
    write("NumPy", "32-gib", npy("<f4", "(8589934592,)", b""))
    write("NumPy", "2-to-64", npy("|u1", "(18446744073709551616, 1, 1)", b"\0"))
    write("NumPy", "fortran", npy("|u1", "(1, 2, 2)", bytes(4)).replace(b"False", b" True"))
    members = {"images.npy": npy("|u1", "(2, 2, 2)", bytes(8)), "labels.npy": npy("<i8", "(2,)", bytes(16))}
    write("NumPy", "stored", archive(members, zipfile.ZIP_STORED))
    write("NumPy", "deflated", archive(members, zipfile.ZIP_DEFLATED))
    write("NumPy", "bomb", archive({"x.npy": npy("|u1", "(4096, 32, 32)", bytes(1 << 22))}, zipfile.ZIP_DEFLATED))
    write("NumPy", "names", archive({"../../images.npy": members["images.npy"]}, zipfile.ZIP_STORED))

    write("NumPy", "points", npy("<f4", "(3, 2)", struct.pack("<6f", 1, -2.5, 0, 7, 0, 0)))
    write("NumPy", "volumes", npy("|b1", "(2, 5, 5, 5)", bytes([0, 1] * 125)))
    write("NumPy", "volumes-thin", npy("<f4", "(2, 2, 3, 2, 1)", struct.pack("<24f", *[-1, 0.5] * 12)))
    write("NumPy", "volumes-long", npy("|u1", "(1, 66, 6, 5)", bytes(v & 255 for v in range(66 * 30))))
    write("NumPy", "volumes-boxes", npy("|u1", "(1, 32, 6, 4, 1)", bytes([0, 1, 1, 1] * 192)))
    members = {"volumes.npy": npy("|u1", "(2, 5, 5, 5)", bytes(250)), "labels.npy": npy("|u1", "(2,)", bytes([9, 0]))}
    write("NumPy", "volumes-labelled", archive(members, zipfile.ZIP_STORED))
    write("NumPy", "partial-many", archive({"x.npy": npy("|u1", "(45000, 2, 2, 3)", bytes(540000))}, zipfile.ZIP_DEFLATED))
    unknown = [0.5, float("nan"), 1, 0]
    write("NumPy", "partial", npy("<f4", "(1, 2, 2, 3)", struct.pack("<12f", *unknown * 3)))
    write("NumPy", "partial-planar", npy("<f4", "(2, 3, 2, 2)", struct.pack("<24f", *unknown * 6)))
    write("NumPy", "partial-grey", npy("<f8", "(2, 2)", struct.pack("<4d", *unknown)))
    write("NumPy", "partial-volumes", npy("<f4", "(1, 1, 2, 2, 2)", struct.pack("<8f", *unknown * 2)))
    write("NumPy", "partial-bytes", npy("|u1", "(4, 4, 4)", bytes([0, 1] * 32)))
    write("NumPy", "partial-none", npy("<f4", "(2, 2, 2)", struct.pack("<8f", *unknown, *[unknown[1]] * 4)))

    sample = [("0.png", png(2, 2)), ("0.cls", b"3"), ("1.png", png(2, 2)), ("1.cls", b"4")]
    for name, form in [("ustar", tarfile.USTAR_FORMAT), ("gnu", tarfile.GNU_FORMAT), ("pax", tarfile.PAX_FORMAT)]:
        write("Tar", name, tar(sample, form))
        if form != tarfile.USTAR_FORMAT:
            write("Tar", f"{name}-long", tar([("d" * 200 + "/0.png", png(2, 2))], form))
    write("Tar", "traversal", tar([("../../etc/0.png", png(2, 2))], tarfile.GNU_FORMAT))
    write("Tar", "absolute", tar([("/etc/0.png", png(2, 2))], tarfile.GNU_FORMAT))
    write("Tar", "link", tar([("0.png", b"")], tarfile.GNU_FORMAT, tarfile.SYMTYPE))
    write("Tar", "device", tar([("0.png", b"")], tarfile.GNU_FORMAT, tarfile.BLKTYPE))

    words = "Twelve windows of sixteen characters, ".encode() * 5
    write("Text", "words", words)
    write("Text", "few", b"abcd\r\n" * 8)
    write("Text", "mark", b"\xef\xbb\xbf" + words)
    write("Text", "wide", "a\u00fc\u20ac\U0001f600".encode() * 8)
    write("Text", "overlong", b"a" * 16 + b"\xc0\x80")
    write("Text", "surrogate", b"a" * 16 + b"\xed\xa0\x80")
    write("Text", "beyond", b"a" * 16 + b"\xf4\x90\x80\x80")
    write("Text", "cut", b"a" * 16 + b"\xf0\x9f\x98")
    write("Text", "many", "".join(map(chr, range(0x4E00, 0x4E00 + 5000))).encode())

    cube = b"#binvox 1\ndim 4 4 4\ntranslate 0 0 0\nscale 1\ndata\n"
    write("Binvox", "whole", cube + bytes([0, 30, 1, 30, 0, 4]))
    for side in [1, 5, 32, 66]:
        voxels = side**3
        pairs = bytes(v for n in range(voxels // 255) for v in (n & 1, 255)) + bytes([1, voxels % 255])
        write("Binvox", f"side-{side}", cube.replace(b"4 4 4", f"{side} {side} {side}".encode()) + pairs)
    write("Binvox", "more", cube + bytes([1, 255]))
    write("Binvox", "cut", cube + bytes([0, 30, 1]))
    write("Binvox", "overflow", cube.replace(b"4 4 4", b"9223372036854775807 " * 3) + bytes([0, 64]))
    write("Binvox", "huge", cube.replace(b"4 4 4", b"440 440 440") + bytes([1, 255]) * 16)
    write("Binvox", "lines", cube.replace(b"scale 1", b"dim 4 4 4\n" * 3 + b"\xff\x1b[31m"))

    lines = "lockstep shards 1\nlabels 10\n0.tar 512 2 " + "0" * 64 + "\n"
    write("Index", "whole", lines.encode())
    write("Index", "twice", (lines + lines.splitlines()[2] + "\n").encode())
    write("Index", "traversal", lines.replace("0.tar", "../../0.tar").encode())
    write("Index", "overflow", lines.replace("512", "9" * 40).encode())
    write("Index", "unlabelled", lines.replace("labels 10", "labels 0").encode())

    for file in sorted((pathlib.Path(__file__).parent.parent.parent / "hostfiles").iterdir()):
        write("Hostfile", file.name, file.read_bytes())
    write("Hostfile", "twice", b"node1 slots=2 slots=4\nnode1\n")
    write("Hostfile", "wrong", b"node1 slot=1\r\nnode1:1\n-n slots=-1 slots=abc\n[::1] slots=99999999999999999999\n")
    write("Hostfile", "escapes", b"node\x1b[31m slots=2\n\xff\xfe\n")

    tensor = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
    kinds = {
        "whole": safetensors({"__metadata__": {"a": "b"}, "w": tensor}, bytes(8)),
        "overlap": safetensors({"a": tensor, "b": tensor}, bytes(8)),
        "gap": safetensors({"a": tensor | {"data_offsets": [4, 12]}}, bytes(12)),
        "2-to-64": safetensors({"a": tensor | {"shape": [1 << 32, 1 << 32]}}, bytes(8)),
        "long-header": safetensors(b"{}", length=(1 << 64) - 1),
        "many": safetensors({str(n): {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]} for n in range(500)}),
        "deep": safetensors(b"[" * 200),
        "planes": safetensors(
            {"__metadata__": {"lockstep.encoding": "planes"}, "a": {"dtype": "U8", "shape": [4, 2], "data_offsets": [0, 8]}},
            bytes(8)),
        "difference": safetensors(
            {"__metadata__": {"lockstep.encoding": "planes", "lockstep.difference_from": "base"},
             "a": {"dtype": "U8", "shape": [4, 2], "data_offsets": [0, 8]}}, bytes(8)),
    }
    for name, content in kinds.items():
        write("Checkpoint", f"safetensors-{name}", b"\x01" + content)
    # zstd frames of raw and of repeated blocks, with their content's size in a byte.
    magic = bytes.fromhex("28b52ffd")
    write("Checkpoint", "zstd-raw", b"\x02\x01" + magic + bytes([0x20, 64]) + struct.pack("<I", 64 << 3 | 1)[:3] + bytes(64))
    write("Checkpoint", "zstd-repeated", b"\x02\x01" + magic + bytes([0x20, 64]) + struct.pack("<I", 64 << 3 | 3)[:3] + b"a")
    write("Checkpoint", "zstd-window", b"\x02\x01" + magic + bytes([0x00, 0xFF]) + b"\x01\0\0")
    # Of a run of two steps; the fuzzer puts the digest behind it.
    manifest = pathlib.Path(__file__).parent / "manifest.json"
    write("Checkpoint", "manifest", b"\0" + manifest.read_bytes())

    recipes = pathlib.Path(__file__).parent.parent.parent / "Sources/Training/Recipes"
    for recipe in sorted(recipes.glob("*.yaml")):
        write("Recipe", recipe.stem, recipe.read_bytes())
    write("Recipe", "anchors", b"a: &a [1,1]\nb: &b [*a,*a]\nc: [*b,*b]\n")
    write("Recipe", "infinite", b"model:\n  family: dcgan\nbatch: 1e999\nseed: .nan\nsteps: 0x7fffffffffffffff\n")
    write("Recipe", "escapes", b'model:\n  family: dcgan\ntitle: "\\e[31m\\u202e\\0"\nsteps: 1\n')
    write("Recipe", "deep", b"[" * 300)


if __name__ == "__main__":
    main()
