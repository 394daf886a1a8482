# SPDX-License-Identifier: Apache-2.0
"""Files that numpy, safetensors, zipfile, zlib and zstd write; makes tensor_files.json beside itself.

Each row has a file and what is in it, both in base64: tensors row-major and little-endian. Needs
numpy, safetensors, ml_dtypes and the command zstd (made with 2.4, 0.8, 0.6 and 1.5.4).
"""

import base64
import gzip
import io
import json
import pathlib
import subprocess
import zipfile
import zlib

import ml_dtypes
import numpy as np
import safetensors.numpy
from numpy.lib import format as npy

RNG = np.random.default_rng(26)
DTYPES = {"float16": np.float16, "float32": np.float32, "float64": np.float64,
          "bfloat16": ml_dtypes.bfloat16}
BITS = {2: np.uint16, 4: np.uint32, 8: np.uint64}
rows = []


def text(data):
    return base64.b64encode(data).decode()


def array(shape, dtype):
    """Random bits: NaNs of every payload, infinities and subnormals are among them."""
    dtype = np.dtype(DTYPES[dtype])
    bits = np.array(RNG.integers(0, 256, (*shape, dtype.itemsize), dtype=np.uint8))
    return bits.view(dtype).reshape(shape)


def described(name, x):
    plain = np.ascontiguousarray(x).reshape(x.shape)
    dtype = x.dtype.newbyteorder("<") if x.dtype.kind != "V" or x.dtype.name != "bfloat16" else x.dtype
    if x.dtype.byteorder == ">":
        plain = plain.byteswap().view(dtype)
    return {"name": name, "dtype": plain.dtype.name, "shape": list(x.shape), "bytes": text(plain.tobytes())}


def row(name, kind, data, arrays=(), **more):
    rows.append({"name": name, "format": kind, "file": text(data),
                 "tensors": [described(*pair) for pair in arrays], **more})


def saved(x, version=None):
    file = io.BytesIO()
    npy.write_array(file, x, version=version)
    return file.getvalue()


def by_hand(header, data, version=(1, 0)):
    size = len(header).to_bytes(2 if version == (1, 0) else 4, "little")
    return b"\x93NUMPY" + bytes(version) + size + header.encode() + data


def npy_rows():
    for dtype in ["float16", "float32", "float64", "bfloat16"]:
        for order in "CF":
            x = np.asarray(array((2, 3, 5), dtype), order=order)
            row(f"{dtype} in order {order}", "npy", saved(x), [("", x)], bfloat16=dtype == "bfloat16")
    for dtype in [">f2", ">f4", ">f8"]:
        for order in "CF":
            native = array((3, 4), np.dtype(dtype).newbyteorder("<").name)
            x = np.asarray(native.astype(dtype), order=order)
            row(f"{dtype} in order {order}", "npy", saved(x), [("", x)])
    for version in [(1, 0), (2, 0), (3, 0)]:
        x = array((7,), "float32")
        row(f"version {version}", "npy", saved(x, version), [("", x)])
    for shape in [(), (1,), (0,), (0, 3), (3, 0, 2), (1, 1, 1), (1, 5, 1, 3, 1), (2,) * 12, (19, 2, 21)]:
        x = np.asarray(array(shape, "float32"), order="F")
        row(f"shape {shape}", "npy", saved(x), [("", x)])
    x = array((2, 3), "float32")
    data = x.tobytes()
    for name, header in {
        "another order of keys": "{'shape': (2, 3), 'fortran_order': False, 'descr': '<f4'}",
        "blanks": "{ 'descr' : '<f4' ,\t'fortran_order':False , 'shape' : ( 2 ,3 , ) , }  \n",
        "whole numbers of Python 2": "{'descr': '<f4', 'fortran_order': False, 'shape': (2L, 3L), }\n",
        "strings of Python 2": "{u'descr': u'<f4', 'fortran_order': False, 'shape': (2, 3), }\n",
        "double quotes": '{"descr": "<f4", "fortran_order": False, "shape": (2, 3)}\n',
        "no order of bytes": "{'descr': 'f4', 'fortran_order': False, 'shape': (2, 3), }\n",
        "native order of bytes": "{'descr': '=f4', 'fortran_order': False, 'shape': (2, 3), }\n",
        "a header that is not padded": "{'descr':'<f4','fortran_order':False,'shape':(2,3)}",
    }.items():
        row(name, "npy", by_hand(header, data), [("", x)])
    b = array((2, 2), "bfloat16")
    row("bfloat16 as |V2", "npy",
        by_hand("{'descr': '|V2', 'fortran_order': False, 'shape': (2, 2), }\n", b.tobytes()), [("", b)],
        bfloat16=True)


class Pipe(io.RawIOBase):
    """Cannot seek, so that zipfile writes sizes behind the data."""

    def __init__(self):
        self.data = b""

    def writable(self):
        return True

    def write(self, more):
        self.data += bytes(more)
        return len(more)


def npz_rows():
    arrays = {"input": array((1, 2, 4, 3), "float32"), "weight": array((2, 2, 3, 3), "float32"),
              "bias": array((2,), "float32")}
    mixed = {"a": np.asfortranarray(array((3, 4), "float64")), "b": array((5,), "float16").astype(">f2"),
             "nothing": array((0, 2), "float32"), "scalar": array((), "float32"),
             "gewicht_ä": array((2, 2), "float32")}
    zeros = {"zeros": np.zeros((64, 64), np.float32)}
    for name, some in {"": arrays, " of many kinds": mixed, " of zeros": zeros}.items():
        for save in [np.savez, np.savez_compressed]:
            file = io.BytesIO()
            save(file, **some)
            row(f"{save.__name__}{name}", "npz", file.getvalue(), some.items())
    some = {"x": array((2, 2), "bfloat16")}
    file = io.BytesIO()
    np.savez(file, **some)
    row("savez of bfloat16", "npz", file.getvalue(), some.items(), bfloat16=True)
    for method in [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]:
        pipe = Pipe()
        with zipfile.ZipFile(pipe, "w", method) as archive:
            for name, x in arrays.items():
                with archive.open(name + ".npy", "w") as entry:
                    entry.write(saved(x))
        row(f"sizes behind the data, method {method}", "npz", pipe.data, arrays.items())
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.comment = b"a comment, PK\5\6 in it"
        archive.writestr("x.npy", saved(arrays["bias"]))
    row("a comment", "npz", file.getvalue(), [("x", arrays["bias"])])
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w"):
        pass
    row("no arrays", "npz", file.getvalue())


def safetensors_rows():
    for dtype in DTYPES:
        some = {"x": array((2, 3), dtype)}
        row(dtype, "safetensors", safetensors.numpy.save(some), some.items())
    some = {"input": array((1, 2, 4, 3), "float32"), "weight": array((3, 2, 1, 1), "float64"),
            "bias": array((3,), "float16"), "scalar": array((), "float32"), "nothing": array((0, 7), "float32"),
            "ein \"Name\"\\ mit\n\t Ümläut 😀": array((2,), "bfloat16")}
    file = safetensors.numpy.save(some, metadata={"stride": "2", "padding": "[1, 1]", "ü": "\u2028\0"})
    row("many kinds", "safetensors", file, some.items(),
        metadata={"stride": "2", "padding": "[1, 1]", "ü": "\u2028\0"})
    row("no tensors", "safetensors", safetensors.numpy.save({}))

    def by_hand(header, data):
        return len(header).to_bytes(8, "little") + header + data

    x, y = array((2,), "float32"), array((1,), "float32")
    row("blanks and another order", "safetensors", by_hand(
        b'{ "y" : { "shape" : [ 1 ] , "data_offsets" : [ 8 , 12 ] , "dtype" : "F32" } ,\r\n\t"x":'
        b'{"data_offsets":[0,8],"dtype":"F32","shape":[2]}} \n  ', x.tobytes() + y.tobytes()),
        [("x", x), ("y", y)])
    row("escapes", "safetensors", by_hand(
        b'{"\\u0061\\/\\b\\f\\n\\r\\t\\"\\\\\\uD83D\\uDE00":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}',
        x.tobytes()), [("a/\b\f\n\r\t\"\\😀", x)])


def compression_rows():
    plain = json.dumps({"input": RNG.standard_normal(40).tolist()}).encode()

    def zstd(data, *options):
        return subprocess.run(["zstd", "-q", "-c", *options], input=data, capture_output=True, check=True).stdout

    def bare(data):
        encoder = zlib.compressobj(6, zlib.DEFLATED, -15)
        return encoder.compress(data) + encoder.flush()

    named = io.BytesIO()
    with gzip.GzipFile("a name", "wb", fileobj=named, mtime=0) as file:
        file.write(plain)
    for name, kind, data, expected in [
        ("gzip", "gzip", gzip.compress(plain, mtime=0), plain),
        ("gzip with a name", "gzip", named.getvalue(), plain),
        ("gzip of nothing", "gzip", gzip.compress(b"", mtime=0), b""),
        ("gzip of three members", "gzip", b"".join(gzip.compress(x, mtime=0) for x in [plain, b"", b"x"]),
         plain + b"x"),
        ("zlib", "deflate", zlib.compress(plain), plain),
        ("zlib, stored", "deflate", zlib.compress(plain, 0), plain),
        ("bare deflate", "deflate", bare(plain), plain),
        ("bare deflate of nothing", "deflate", bare(b""), b""),
        ("zstd", "zstd", zstd(plain), plain),
        ("zstd without a checksum", "zstd", zstd(plain, "--no-check"), plain),
        ("zstd at level 19", "zstd", zstd(plain, "-19"), plain),
        ("zstd of nothing", "zstd", zstd(b""), b""),
        ("zstd of two frames and a skippable one", "zstd",
         zstd(plain) + bytes.fromhex("502a4d18 03000000 616263") + zstd(b"x"), plain + b"x"),
        ("only a skippable frame", "zstd", bytes.fromhex("5f2a4d18 00000000"), b""),
    ]:
        row(name, kind, data, expected=text(expected))
    encoder = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = encoder.compress(bytes(1 << 20)) + encoder.flush(zlib.Z_FULL_FLUSH)
    row("a million zeros, to be repeated", "block", block)


npy_rows()
npz_rows()
safetensors_rows()
compression_rows()
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text("[\n" + ",\n".join(json.dumps(r, ensure_ascii=False) for r in rows) + "\n]\n")
print(f"{len(rows)} rows, {path.stat().st_size} bytes")
