# SPDX-License-Identifier: Apache-2.0
"""Real bodies of every encoding, damaged at random: answered, never with 5xx, and the server goes on.

The readers are fuzzed in process (FuzzTests); here whole requests go over a socket. CONVSERVE_FUZZ_SECONDS=600 goes on for
so long with each; CONVSERVE_SEED=... repeats a run.
"""
import io
import json
import os
import random
import time

import numpy as np
import pytest
import requests
import safetensors.numpy

from convserve_process import Convserve

SECONDS = float(os.environ.get("CONVSERVE_FUZZ_SECONDS", 0))
X = np.arange(2 * 3 * 5 * 5, dtype=np.float32).reshape(2, 3, 5, 5)
W = np.linspace(-1, 1, 4 * 3 * 3 * 3, dtype=np.float32).reshape(4, 3, 3, 3)
BN = {"weight": np.ones(4, np.float32), "bias": np.zeros(4, np.float32), "running_mean": np.zeros(4, np.float32),
      "running_var": np.ones(4, np.float32)}
# What mutants are made with: the words of the formats, and numbers at the edges of what they hold.
WORDS = [b"null", b"NaN", b"-Infinity", b"[", b"]", b"{", b"}", b'"', b",", b":", b"\\u0000", b"1e999", b"-0", b"0.1e-400",
         b"18446744073709551616", b"F32", b"I64", b"data_offsets", b"PK\x01\x02", b"PK\x05\x06", b"\x93NUMPY", b"'descr'",
         b"\xff" * 8, b"\x00" * 8, b"\x00" * 7 + b"\x80", b"binary_data_size", b"\xf0\x9f\x92\xa9"]


def archive(save, **arrays):
    body = io.BytesIO()
    save(body, **arrays)
    return body.getvalue()


def infer():
    head = json.dumps({
        "inputs": [{"name": name, "datatype": "FP32", "shape": list(a.shape), "parameters": {"binary_data_size": a.nbytes}}
                   for name, a in [("input", X), ("weight", W)]],
        "parameters": {"padding": 1, "binary_data_output": True}}).encode()
    return head + X.tobytes() + W.tobytes(), {"Inference-Header-Content-Length": str(len(head))}


def checkpoint():
    """Blocks of all families, the way trained networks have them."""
    layers = {"conv1.weight": W, **{f"bn1.{name}": value for name, value in BN.items()}, "counter": np.ones(1, np.int64)}
    for block, conv, norm in [("a.rbr_dense", ".conv", ".bn"), ("a.rbr_1x1", ".conv", ".bn"), ("m.rbr_conv.0", ".conv", ".bn"),
                              ("c.square", "_conv", "_bn"), ("d.dbb_origin", ".conv", ".bn"), ("l.lkb_origin", ".conv", ".bn")]:
        layers[f"{block}{conv}.weight"] = W[..., 1:2, 1:2].copy() if "1x1" in block else W
        layers |= {f"{block}{norm}.{name}": value for name, value in BN.items()}
    return safetensors.numpy.save(layers, metadata={"format": "pt"})


def buffer(array):
    body = io.BytesIO()
    np.save(body, array)
    return body.getvalue()


TENSORS = {"input": X, "weight": W}
MIXED = json.dumps({"input": X.tolist(), "weight": {"shape": list(W.shape), "dtype": "float32", "data": W.flatten().tolist()},
                    "bias": [1, 2, 3, 4], "padding": [[1, 0], [0, 1]], "activation": "relu", "explain": True}).encode()
CORPUS = {
    "json": ("/v1/conv2d", MIXED, {"Content-Type": "application/json"}),
    "fusion": ("/v1/fuse/repvgg", json.dumps({"branches": [
        {"kind": "conv", "weight": W.tolist(), "bn": {name: value.tolist() for name, value in BN.items()}},
        {"kind": "conv", "weight": W[..., 1:2, 1:2].tolist(), "dilation": 1}], "verify": True, "input_size": 6}).encode(),
        {"Content-Type": "application/json"}),
    "safetensors": ("/v1/conv2d?padding=1", safetensors.numpy.save(TENSORS), {"Content-Type": "application/vnd.safetensors"}),
    "npz": ("/v1/conv2d?padding=1", archive(np.savez, **TENSORS), {"Content-Type": "application/x-npz"}),
    "deflated npz": ("/v1/conv2d", archive(np.savez_compressed, **TENSORS), {"Content-Type": "application/x-npz"}),
    "npy": ("/v1/unfold?kernel_size=3", buffer(X), {"Content-Type": "application/x-npy"}),
    "inference": ("/v2/models/conv2d/infer", *infer()),
    "checkpoint": ("/v1/fuse/checkpoint", checkpoint(), {"Content-Type": "application/vnd.safetensors"}),
    "sniffed": ("/v1/conv2d", safetensors.numpy.save(TENSORS), {}),
}


def mutant(body, rng):
    """One to four changes: bytes set, cut out, repeated, or words of the formats put in."""
    body = bytearray(body)
    for _ in range(rng.randint(1, 4)):
        # Headers are where damage is interesting: half of the changes are near the beginning.
        place = rng.randrange(min(len(body), 400)) if rng.random() < 0.5 else rng.randrange(len(body))
        kind = rng.randrange(6)
        if kind == 0:
            body[place] = rng.randrange(256)
        elif kind == 1:
            body[place] ^= 1 << rng.randrange(8)
        elif kind == 2:
            del body[place:place + rng.randint(1, 16)]
        elif kind == 3:
            body[place:place] = rng.choice(WORDS)
        elif kind == 4:
            word = rng.choice(WORDS)
            body[place:place + len(word)] = word
        else:
            body[place:place] = body[place:place + rng.randint(1, 64)]
        if not body:
            body = bytearray(b"\0")
    return bytes(body) if rng.random() < 0.9 else bytes(body[:rng.randrange(len(body))])


@pytest.fixture(scope="module")
def fuzzed():
    """A server of its own, which must end as well as any."""
    process = Convserve()
    yield process
    assert process.stop() == 0


@pytest.mark.parametrize("name", CORPUS)
def test_mutants(fuzzed, name, pytestconfig):
    seed = os.environ.get("CONVSERVE_SEED", pytestconfig.option.hypothesis_seed)
    rng = random.Random(f"{seed} {name}")
    path, body, headers = CORPUS[name]
    session = requests.Session()
    assert session.post(fuzzed.url + path, data=body, headers=headers, timeout=30).status_code == 200
    seen, end, count = {}, time.monotonic() + SECONDS, 0
    while count < 300 or time.monotonic() < end:
        count += 1
        changed = mutant(body, rng)
        answer = session.post(fuzzed.url + path, data=changed, headers=headers, timeout=30)
        seen[answer.status_code] = seen.get(answer.status_code, 0) + 1
        assert answer.status_code < 500, f"{answer.status_code} for mutant {count} of {name}: {changed[:200]!r}\n{answer.text}"
        if answer.status_code != 200 and not path.startswith("/v2"):
            assert answer.headers["Content-Type"] == "application/problem+json" and answer.json()["detail"]
    assert session.post(fuzzed.url + path, data=body, headers=headers, timeout=30).status_code == 200
    print(f"{name}: {count} mutants, {dict(sorted(seen.items()))}")
