# SPDX-License-Identifier: Apache-2.0
"""Compressed bodies, and replies compressed for those who ask."""
import gzip
import json
import time
import zlib

import numpy as np
import pytest
import requests
import safetensors.numpy
import zstandard

from convserve_process import Convserve

BODY = json.dumps({"input": [[1, 2, 3]], "weight": [[1, -1]]}).encode()
CODINGS = {"gzip": gzip.compress, "x-gzip": gzip.compress, "deflate": zlib.compress,
           "zstd": zstandard.compress}


def send(server, body, coding, path="/v1/conv2d", **headers):
    return requests.post(server.url + path, data=body, timeout=60,
                         headers={"Content-Encoding": coding} | headers)


@pytest.mark.parametrize("coding", CODINGS)
def test_compressed_bodies(server, coding):
    response = send(server, CODINGS[coding](BODY), coding)
    assert response.json()["output"] == [[-1, -1]]
    file = safetensors.numpy.save({"input": np.ones((1, 1, 4, 4), "f4"), "weight": np.ones((1, 1, 2, 2), "f4")})
    response = send(server, CODINGS[coding](file), coding)
    assert safetensors.numpy.load(response.content)["output"].tolist() == [[[[4.0] * 3] * 3]]


def test_faults_point_into_the_expanded_body(server):
    response = send(server, gzip.compress(b'{"input": [[1, 2, 3]], "weight": [[1, null]]}'), "gzip")
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "/weight/0/1"


@pytest.mark.parametrize("coding, body", [
    ("gzip", BODY), ("gzip", gzip.compress(BODY)[:-1]), ("gzip", gzip.compress(BODY) + b"x"),
    ("deflate", b""), ("deflate", zlib.compress(BODY)[:-5]), ("zstd", zstandard.compress(BODY)[:-1]),
    ("zstd", b"\x28\xb5\x2f\xfd"), ("gzip", zlib.compress(BODY))])
def test_what_does_not_expand_is_400(server, coding, body):
    response = send(server, body, coding)
    assert response.status_code == 400, response.text
    assert coding in response.json()["detail"]


def test_unknown_codings_are_415(server):
    response = send(server, BODY, "br")
    assert response.status_code == 415 and "gzip" in response.json()["detail"]
    assert "gzip" in response.headers["Accept-Encoding"]


@pytest.mark.parametrize("coding", ["gzip", "deflate", "zstd"])
def test_bombs_are_413(coding):
    """A gigabyte of blanks takes a megabyte; it is refused without a gigabyte of memory or of time."""
    with Convserve("--max-expanded-bytes", "1000000") as server:
        bomb = CODINGS[coding](b" " * (1 << 28))
        began = time.monotonic()
        response = send(server, bomb, coding)
        assert time.monotonic() - began < 5
        assert response.status_code == 413, response.text
        assert "--max-expanded-bytes" in response.json()["detail"]
        assert send(server, CODINGS[coding](BODY), coding).status_code == 200
        assert server.stop() == 0


@pytest.fixture(scope="module")
def compressing():
    """A server for slow links: by default only the largest replies are compressed."""
    with Convserve("--min-compressed-reply-bytes", "65536") as server:
        yield server
        assert server.stop() == 0


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_large_replies_of_json_are_compressed_on_demand(compressing, coding):
    body = {"input": np.arange(40_000.0).reshape(1, 1, 200, 200).tolist(), "weight": [[[[1]]]]}
    asked = requests.post(compressing.url + "/v1/conv2d", json=body, timeout=60,
                          headers={"Accept-Encoding": coding})
    plain = requests.post(compressing.url + "/v1/conv2d", json=body, timeout=60,
                          headers={"Accept-Encoding": "identity"})
    assert asked.headers["Content-Encoding"] == coding and "Content-Encoding" not in plain.headers
    assert float(asked.headers["Server-Timing"].rpartition("compress;dur=")[2]) > 0
    assert "compress" not in plain.headers["Server-Timing"]
    assert asked.json() == plain.json()
    assert int(asked.headers["Content-Length"]) < int(plain.headers["Content-Length"]) / 2


def test_zstd_replies(compressing):
    body = {"input": np.arange(40_000.0).reshape(1, 1, 200, 200).tolist(), "weight": [[[[1]]]]}
    with requests.post(compressing.url + "/v1/conv2d", json=body, timeout=60, stream=True,
                       headers={"Accept-Encoding": "gzip;q=0.5, zstd"}) as response:
        assert response.headers["Content-Encoding"] == "zstd"
        raw = response.raw.read(decode_content=False)
    text = zstandard.ZstdDecompressor().decompressobj().decompress(raw)
    assert json.loads(text)["output"][0][0][0][:2] == [0.0, 1.0]


def test_small_replies_and_tensors_are_not_compressed(compressing):
    accept = {"Accept-Encoding": "gzip, deflate, zstd"}
    small = requests.post(compressing.url + "/v1/conv2d", data=BODY, headers=accept, timeout=60)
    file = safetensors.numpy.save({"input": np.ones((1, 1, 300, 300), "f4"), "weight": np.ones((1, 1, 1, 1), "f4")})
    large = requests.post(compressing.url + "/v1/conv2d", data=file, headers=accept, timeout=60)
    assert "Content-Encoding" not in small.headers and "Content-Encoding" not in large.headers
