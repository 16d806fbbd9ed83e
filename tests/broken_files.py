"""Files that are damaged, cut short or something else than their names say, for the tests.

Each function writes one kind of file into a folder and returns paths by what is wrong with them.
"""

import gzip
import hashlib
import io
import json
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

HTML = b"<!doctype html><title>404</title><p>Not found."


def zipped(members, compression=zipfile.ZIP_STORED):
    """The bytes of a zip file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def encoded(kind, pixels=None, **options):
    """The bytes of a picture in a format of Pillow's."""
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (24, 32, 3), "uint8")
    Image.fromarray(noise if pixels is None else pixels).save(buffer, kind, **options)
    return buffer.getvalue()


def written(folder, files):
    """Write bytes by file name, each file in a folder of its own; return the paths."""
    folder, paths = Path(folder), {}
    for number, (what, (name, content)) in enumerate(files.items()):
        paths[what] = folder / str(number) / name
        paths[what].parent.mkdir(parents=True)
        paths[what].write_bytes(content)
    return paths


def png_of(width, height):
    """A PNG that announces a size, and holds one row of pixels."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(1 + 3 * min(width, 100)))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


def images(folder):
    """Files with the suffixes of pictures."""
    png, jpeg = encoded("PNG"), encoded("JPEG")
    flipped = bytearray(png)
    flipped[60] ^= 0xFF  # among the compressed pixels
    floats = np.random.default_rng(0).normal(size=(9, 9)).astype("float32")
    return written(
        folder,
        {
            "cut png": ("a.png", png[: len(png) // 2]),
            "png without pixels": ("a.png", png[:40]),
            "flipped png": ("a.png", bytes(flipped)),
            "png of zeros after its header": ("a.png", png[:45] + bytes(len(png))),
            "cut jpeg": ("a.jpg", jpeg[: len(jpeg) // 3]),
            "jpeg's first bytes": ("a.jpeg", jpeg[:2]),
            "cut gif": ("a.gif", encoded("GIF")[:12]),
            "cut bmp": ("a.bmp", encoded("BMP")[:70]),
            "cut tiff": ("a.tiff", encoded("TIFF")[:50]),
            "cut webp": ("a.webp", encoded("WEBP")[:40]),
            "cut ppm": ("a.ppm", encoded("PPM")[:30]),
            "ppm without a size": ("a.ppm", b"P6\n32"),
            "empty png": ("a.png", b""),
            "empty gif": ("a.gif", b""),
            "html": ("a.png", HTML),
            "text": ("a.bmp", "kein Bild, größer als 16 Zeichen".encode()),
            "zip": ("a.png", zipped({"a.png": png})),
            "zeros": ("a.jpg", bytes(1000)),
            "60,000 x 60,000": ("a.png", png_of(60_000, 60_000)),
            "0 x 0": ("a.png", png_of(0, 0)),
            "ppm of 60,000 x 60,000": ("a.ppm", b"P6 60000 60000 255\n" + bytes(99)),
            "floats": ("a.tif", encoded("TIFF", floats)),
            "levels beyond 16 bits": ("a.tif", encoded("TIFF", np.full((9, 9), 70_000, "int32"))),
            "levels below 0": ("a.tif", encoded("TIFF", np.full((9, 9), -1, "int32"))),
        },
    )


def keras_files(folder, whole):
    """Files named `.keras`, most of them made of a whole one."""
    content = Path(whole).read_bytes()
    with zipfile.ZipFile(whole) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    unknown = {"class_name": "Unknown", "registered_name": "Unknown"}
    config, weights = json.loads(members["config.json"]), members["model.weights.h5"]
    unpacked = zipped(members, zipfile.ZIP_DEFLATED)
    stream = bytearray(unpacked)
    stream[len(stream) // 2 : len(stream) // 2 + 64] = bytes(64)
    encrypted = bytearray(content)
    for start in (b"PK\x03\x04", b"PK\x01\x02"):  # the flags of the first member, said twice
        encrypted[content.index(start) + (6 if start[3] == 4 else 8)] |= 1

    def with_config(part):
        text = part if isinstance(part, bytes) else json.dumps(part).encode()
        return zipped(members | {"config.json": text})

    def with_weights(data):
        return zipped(members | {"model.weights.h5": data})

    files = {
        "cut in the middle": content[: len(content) // 2],
        "cut at its end": content[:-10],
        "empty": b"",
        "text": b"hello",
        "html": HTML,
        "a picture": encoded("PNG"),
        "another zip": zipped({"a.txt": b"hello"}),
        "a zip of nothing": zipped({}),
        "deflated, and zeros in the stream": bytes(stream),
        "said to be encrypted": bytes(encrypted),
        "config cut": with_config(members["config.json"][:-20]),
        "config empty": with_config(b""),
        "config of bytes": with_config(b"\xff\xfe\xfd"),
        "config of null": with_config(None),
        "config of a list": with_config([]),
        "config of a number": with_config(5),
        "config without keys": with_config({}),
        "config of an unknown class": with_config(config | unknown | {"module": None}),
        "config of a module that is none": with_config(config | unknown | {"module": "nothing"}),
        "config without arguments": with_config(config | {"config": {}}),
        "config with other arguments": with_config(config | {"config": {"x": 1}}),
        "weights of text": with_weights(b"hello"),
        "weights empty": with_weights(b""),
        "weights cut": with_weights(weights[: len(weights) // 2]),
        "weights of zeros": with_weights(weights[:600] + bytes(len(weights) - 600)),
    }
    return written(folder, {what: ("broken.keras", data) for what, data in files.items()})


def backups(folder, whole):
    """Files named `backup.gankit`, all made of a whole one: a checksum, a length, JSON, arrays."""
    content = Path(whole).read_bytes()
    digest = hashlib.sha256().digest_size
    length = int.from_bytes(content[digest : digest + 8], "little")
    about = json.loads(content[digest + 8 : digest + 8 + length])
    arrays = content[digest + 8 + length :]
    flipped, moved = bytearray(content), [*about["arrays"]]
    flipped[len(content) // 2] ^= 1
    moved[0], moved[1] = moved[1], moved[0]

    def summed(text, rest=arrays, announced=None):
        """A file whose checksum is right."""
        text = text if isinstance(text, bytes) else json.dumps(text).encode()
        size = len(text) if announced is None else announced
        body = size.to_bytes(8, "little") + text + rest
        return hashlib.sha256(body).digest() + body

    larger = [[kind, [7 * n for n in shape]] for kind, shape in about["arrays"]]
    smaller = [[kind, [1 for _ in shape]] for kind, shape in about["arrays"]]
    objects = [["object", shape] for _, shape in about["arrays"]]
    unknown = [["float33", shape] for _, shape in about["arrays"]]
    below = [[kind, [-n for n in shape]] for kind, shape in about["arrays"]]
    files = {
        "cut": content[:1000],
        "cut by a byte": content[:-1],
        "a byte too long": content + b"\0",
        "empty": b"",
        "another first byte": bytes([content[0] ^ 1]) + content[1:],
        "another kind of file": encoded("PNG"),
        "a flipped bit": bytes(flipped),
        "sizes too large": summed(about | {"arrays": larger}),
        "sizes too small": summed(about | {"arrays": smaller}),
        "sizes below 0": summed(about | {"arrays": below}),
        "sizes exchanged": summed(about | {"arrays": moved}),
        "arrays of objects": summed(about | {"arrays": objects}),
        "arrays of an unknown kind": summed(about | {"arrays": unknown}),
        "fewer arrays": summed(about | {"arrays": about["arrays"][:-1]}),
        "no arrays": summed({k: v for k, v in about.items() if k != "arrays"}),
        "arrays of a number": summed(about | {"arrays": 5}),
        "a description of a list": summed([]),
        "a description of a number": summed(5),
        "a description that is no JSON": summed(b"hello"),
        "a description of bytes": summed(b"\xff\xfe"),
        "a description that ends too early": summed(about, announced=length // 2),
        "a description without an end": summed(about, announced=2**60),
    }
    return written(folder, {what: ("backup.gankit", data) for what, data in files.items()})


def npz_files(folder, whole):
    """Files named `.npz`, most of them made of the arrays of a whole one."""
    content = Path(whole).read_bytes()
    with np.load(whole) as archive:
        arrays = dict(archive)

    def saved(save=np.savez, **changed):
        buffer = io.BytesIO()
        save(buffer, **{k: v for k, v in (arrays | changed).items() if v is not None})
        return buffer.getvalue()

    first = next(iter(arrays))
    one = io.BytesIO()
    np.save(one, arrays[first])
    stream = bytearray(saved(np.savez_compressed))
    stream[len(stream) // 2 : len(stream) // 2 + 64] = bytes(64)
    files = {
        "cut": content[: len(content) // 2],
        "cut at its end": content[:-10],
        "empty": b"",
        "text": b"hello",
        "html": HTML,
        "zeros in the stream": bytes(stream),
        "a pickled object": saved(**{first: np.array([{}], object)}),
        "a missing array": saved(**{first: None}),
        "one array": one.getvalue(),
        "a zip of nothing": zipped({}),
        "a zip of text": zipped({f"{name}.npy": b"hello" for name in arrays}),
    }
    return written(folder, {what: ("broken.npz", data) for what, data in files.items()})


def idx_files():
    """The contents of uncompressed idx files, by what is wrong with them."""
    whole = bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3]) + bytes(range(6))
    return {
        "empty": b"",
        "another magic number": b"\1" + whole[1:],
        "floats": whole[:2] + bytes([13]) + whole[3:],
        "a cut header": whole[:9],
        "a byte too few": whole[:-1],
        "a byte too many": whole + b"\0",
        "another size": whole[:7] + bytes([3]) + whole[8:],
        "more axes": whole[:3] + bytes([4]) + whole[4:],
        "huge axes": bytes([0, 0, 8, 3]) + b"\xff" * 12 + bytes(6),
        "gzip": gzip.compress(whole),
        "text": b"hello",
    }


def idx_archives(folder, name):
    """Archives of idx files under the name of an original one."""
    whole = gzip.compress(bytes([0, 0, 8, 1, 0, 0, 0, 2, 7, 9]))
    files = {
        "cut": whole[:-9],
        "no gzip": bytes([0, 0, 8, 1, 0, 0, 0, 2, 7, 9]),
        "a bad stream": whole[:10] + b"\xff" * 10 + whole[20:],
        "empty": b"",
        "html": HTML,
        "other numbers": whole,
    }
    return written(folder, {what: (name, data) for what, data in files.items()})


def vgg_weights(folder, whole):
    """Files with weights of VGG-19, made of a whole `.npz`."""
    with np.load(whole) as archive:
        arrays = dict(archive)
    paths = npz_files(folder, whole)
    other = {
        "no bias": {name: a for name, a in arrays.items() if "bias" not in name},
        "other shapes": arrays | {"conv1_1_kernel": np.zeros((3, 3, 9, 2))},
        "another number of axes": arrays | {"conv1_1_kernel": np.zeros(2)},
        "text for numbers": arrays | {"conv1_1_kernel": np.full((3, 3, 3, 2), "x")},
        "a number for an array": arrays | {"conv1_1_bias": np.zeros(())},
    }
    for what, changed in other.items():
        paths[what] = Path(folder) / f"{what}.npz"
        np.savez(paths[what], **changed)
    for name in ("text.h5", "text.pt", "text"):
        paths[name] = Path(folder) / name
        paths[name].write_bytes(b"hello")
    return paths
