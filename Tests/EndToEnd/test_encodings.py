# SPDX-License-Identifier: Apache-2.0
"""safetensors, npz, npy and plain bytes, written and read by the libraries that people have."""
import io
import json

import numpy as np
import pytest
import requests
import safetensors.numpy
import safetensors.torch
import torch

import wire

SAFETENSORS = "application/vnd.safetensors"
NPZ, NPY, BYTES = "application/x-npz", "application/x-npy", "application/octet-stream"
DTYPES = ["float32", "float64", "float16", "bfloat16"]
random = np.random.default_rng(20261126)


def tensor(*shape, dtype="float32"):
    return random.standard_normal(shape).astype(dtype)


def as_npz(compressed=False, **arrays):
    file = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(file, **arrays)
    return file.getvalue()


def as_npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def post(server, path, data, content_type=None, accept=None, **options):
    headers = {"Content-Type": content_type, "Accept": accept}
    headers = {name: value for name, value in headers.items() if value}
    return requests.post(server.url + path, data=data, headers=headers, timeout=60, **options)


def as_numpy(tensor):
    """NumPy's own array, bit for bit; it has no bfloat16 without ml_dtypes."""
    if tensor.dtype == torch.bfloat16:
        return tensor.view(torch.int16).numpy().view("bfloat16")
    return tensor.numpy()


def as_safetensors(**arrays):
    def as_torch(array):
        if array.dtype == "bfloat16":
            return torch.from_numpy(array.view("int16")).view(torch.bfloat16)
        return torch.from_numpy(array)
    return safetensors.torch.save({name: as_torch(array) for name, array in arrays.items()})


def read(response):
    """The reply's tensors by name, whatever it is written in."""
    assert response.status_code == 200, response.text[:2000]
    kind, body = response.headers["Content-Type"], response.content
    if kind == SAFETENSORS:
        return {name: as_numpy(value) for name, value in safetensors.torch.load(body).items()}
    if kind == NPZ:
        return dict(np.load(io.BytesIO(body)))
    if kind == NPY:
        return {"output": np.load(io.BytesIO(body))}
    if kind == BYTES:
        dtype, shape = response.headers["Convserve-Dtype"], response.headers["Convserve-Shape"]
        return {"output": np.frombuffer(body, dtype).reshape(json.loads(shape))}
    return {name: wire.decode(value) for name, value in response.json().items()
            if isinstance(value, list)}


def expected(x, w, b=None, **options):
    x, w, b = (None if a is None else torch.from_numpy(a.astype("float64")) for a in (x, w, b))
    return torch.nn.functional.conv2d(x, w, b, **options).numpy()


@pytest.mark.parametrize("content_type", [SAFETENSORS, NPZ, None])
@pytest.mark.parametrize("accept", [None, SAFETENSORS, NPZ, NPY, BYTES, "application/json"])
def test_every_encoding_in_and_out(server, content_type, accept):
    x, w, b = tensor(2, 4, 9, 7), tensor(6, 2, 3, 3), tensor(6)
    body = as_npz(input=x, weight=w, bias=b) if content_type == NPZ else \
        safetensors.numpy.save({"input": x, "weight": w, "bias": b})

    response = post(server, "/v1/conv2d?stride=2&padding=[1,2]&groups=2", body, content_type, accept)

    assert response.headers["Content-Type"] == (accept or content_type or SAFETENSORS)
    output = read(response)["output"]
    assert output.dtype == np.float32
    np.testing.assert_allclose(
        output, expected(x, w, b, stride=2, padding=(1, 2), groups=2), atol=1e-4)


def test_parameters_in_the_metadata(server):
    x, w = tensor(1, 2, 8, 8), tensor(2, 1, 3, 3)
    parameters = {"stride": "2", "padding": "same_upper", "groups": "2", "explain": "true",
                  "format": "pt"}  # the last is what PyTorch's users find in every file
    body = safetensors.numpy.save({"input": x, "weight": w}, metadata=parameters)
    response = post(server, "/v1/conv2d", body, SAFETENSORS)
    assert read(response)["output"].shape == (1, 2, 4, 4)
    length = int.from_bytes(response.content[:8], "little")
    metadata = json.loads(response.content[8:8 + length])["__metadata__"]
    assert metadata["algorithm"] and json.loads(metadata["explain"])["padding"] == [[0, 1], [0, 1]]


@pytest.mark.parametrize("query", [
    "stride=2&padding=1,2", "stride=[2,2]&padding=[1,2]", "strides=2&pads=[1,2,1,2]",
    "stride=2&padding=[[1,1],[2,2]]&flip_kernel=False&bias=", "stride=%5B2%5D&padding=1%2C2"])
def test_spellings_of_parameters(server, query):
    x, w = tensor(1, 2, 8, 8), tensor(3, 2, 3, 3)
    response = post(server, "/v1/conv2d?" + query, as_npz(input=x, weight=w))
    np.testing.assert_allclose(
        read(response)["output"], expected(x, w, stride=2, padding=(1, 2)), atol=1e-4)


def test_a_body_of_one_tensor(server):
    x = tensor(1, 1, 4, 5)
    blocks = torch.nn.functional.unfold(torch.from_numpy(x), 2).numpy()
    for body, kind, query in [(as_npy(x), NPY, ""), (as_npy(np.asfortranarray(x)), None, ""),
                              (as_npy(x.astype(">f4")), BYTES, ""),
                              (x.tobytes(), BYTES, "&shape=[1,1,4,5]&dtype=float32")]:
        response = post(server, f"/v1/unfold?kernel_size=2{query}", body, kind)
        np.testing.assert_array_equal(read(response)["output"], blocks)
    response = post(server, "/v1/conv2d?weight=[[[[1,0],[0,-1]]]]&shape=1,1,4,5", x.tobytes(), BYTES)
    np.testing.assert_array_equal(
        read(response)["output"], x[:, :, :-1, :-1] - x[:, :, 1:, 1:])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("content_type", [SAFETENSORS, NPZ, NPY, BYTES])
def test_every_bit_survives(server, dtype, content_type):
    """unfold of 1x1 blocks moves elements and computes nothing; a NaN's payload is bits like others."""
    size = np.dtype(dtype).itemsize
    patterns = random.integers(0, 256, 5000 * size, np.uint8).view(f"u{size}")
    x = patterns.view(dtype).reshape(1, 1, 50, 100)
    query = "?kernel_size=1"
    if content_type == SAFETENSORS:
        body = as_safetensors(input=x)
    elif content_type == BYTES:
        body, query = x.tobytes(), query + f"&shape=1,1,50,100&dtype={dtype}"
    else:
        body = as_npz(input=x) if content_type == NPZ else as_npy(x)
        query += f"&dtype={dtype}"
    output = read(post(server, "/v1/unfold" + query, body, content_type))["output"]
    assert output.shape == (1, 1, 5000)
    np.testing.assert_array_equal(output.view(f"u{size}").reshape(-1), patterns)


@pytest.mark.parametrize("dtype", DTYPES)
def test_dtypes(server, dtype):
    x, w = tensor(1, 3, 6, 6, dtype=dtype), tensor(2, 3, 3, 3, dtype=dtype)
    output = read(post(server, "/v1/conv2d", as_safetensors(input=x, weight=w)))["output"]
    assert output.dtype == np.dtype(dtype)
    tolerance = {"float64": 1e-12, "float32": 1e-4, "float16": 2e-2, "bfloat16": 0.1}[dtype]
    np.testing.assert_allclose(
        output.astype("float64"), expected(x, w), atol=tolerance, rtol=tolerance)


def test_gradients(server):
    x, w, g = tensor(1, 2, 5, 5), tensor(3, 2, 3, 3), tensor(1, 3, 3, 3)
    body = safetensors.numpy.save({"input": x, "weight": w, "grad_output": g})
    gradients = read(post(server, "/v1/conv2d/backward", body))
    assert set(gradients) == {"grad_input", "grad_weight", "grad_bias"}
    with torch.enable_grad():
        leaves = [torch.from_numpy(a).requires_grad_() for a in (x, w)]
        torch.nn.functional.conv2d(*leaves).backward(torch.from_numpy(g))
    for name, leaf in zip(["grad_input", "grad_weight"], leaves):
        np.testing.assert_allclose(gradients[name], leaf.grad.numpy(), atol=1e-4)
    one = post(server, '/v1/conv2d/backward?needs=["weight"]', body, accept=NPY)
    np.testing.assert_array_equal(read(one)["output"], gradients["grad_weight"])
    refused = post(server, "/v1/conv2d/backward", body, accept=NPY)
    assert refused.status_code == 406 and SAFETENSORS in refused.json()["detail"]


def test_names_with_dots_lead_into_objects(server):
    w = tensor(4, 2, 3, 3)
    norm = {"bn.running_mean": tensor(4), "bn.running_var": np.abs(tensor(4)) + 1}
    fused = read(post(server, "/v1/fuse/conv_bn?bn.eps=1e-3",
                      safetensors.numpy.save({"weight": w} | norm)))
    scale = 1 / np.sqrt(norm["bn.running_var"] + 1e-3)
    np.testing.assert_allclose(fused["weight"], w * scale[:, None, None, None], rtol=1e-6)
    small = tensor(2, 2, 1, 1)
    body = safetensors.numpy.save({"branches.0.weight": tensor(2, 2, 3, 3), "branches.1.weight": small})
    block = post(server, "/v1/fuse/repvgg?branches.0.kind=conv&branches.1.kind=conv&verify=true", body)
    assert read(block)["weight"].shape == (2, 2, 3, 3)


def test_compare_replies_with_json(server):
    body = safetensors.numpy.save({"input": tensor(1, 1, 8, 8), "weight": tensor(1, 1, 3, 3)})
    reply = post(server, "/v1/compare?operation=conv2d", body, SAFETENSORS).json()
    assert reply["auto"] in [row["algorithm"] for row in reply["results"]]


PAIR = {"input": tensor(1, 1, 4, 4), "weight": tensor(1, 1, 2, 2)}
FILE = safetensors.numpy.save(PAIR)
HEADER_LENGTH = int.from_bytes(FILE[:8], "little")


@pytest.mark.parametrize("path, body, content_type, status, pointer, words", [
    ("/v1/conv2d?stride=0", FILE, None, 422, "/stride", ["at least 1"]),
    ("/v1/conv2d?strid=2", FILE, None, 422, "/strid", ['did you mean "stride"']),
    ("/v1/conv2d?stride=2&stride=3", FILE, None, 422, "/stride", ["twice"]),
    ("/v1/conv2d?stride=two", FILE, None, 422, "/stride", ["integer"]),
    ("/v1/conv2d?stride=1.5", FILE, None, 422, "/stride", ["not an integer"]),
    ("/v1/conv2d?format=flat", FILE, None, 422, "/format", ["Accept: application/json"]),
    ("/v1/conv2d?input=[[1]]", FILE, None, 422, "/input", ["twice"]),
    ("/v1/conv2d?stride=%FF", FILE, None, 400, None, ["UTF-8"]),
    ("/v1/conv2d?stride=2", b'{"input": [[1]], "weight": [[1]]}', None, 422, "", ["stride"]),
    ("/v1/conv2d", safetensors.numpy.save({"input": PAIR["input"]}), None, 422, "/weight", ["required"]),
    ("/v1/conv2d", safetensors.numpy.save(PAIR | {"stride": tensor(2)}), None, 422, "/stride",
     ["not a tensor"]),
    ("/v1/conv2d", safetensors.numpy.save(PAIR | {"weight": np.ones((1, 1, 2, 2), "int32")}), None,
     422, "/weight", ["I32", "float32"]),
    ("/v1/conv2d", FILE[:-1], None, 400, None, ["safetensors"]),
    ("/v1/conv2d", (1 << 40).to_bytes(8, "little") + FILE[8:], SAFETENSORS, 400, None, ["header"]),
    ("/v1/conv2d", as_npz(**PAIR)[:-30], None, 400, None, ["npz"]),
    ("/v1/conv2d", as_npz(**PAIR, stride=np.array(2)), None, 422, "/stride", ["?stride=..."]),
    ("/v1/conv2d", as_npz(**PAIR | {"weight": np.ones((1, 1, 2, 2), int)}), None, 422, "/weight", ["float32"]),
    ("/v1/conv2d", as_npy(np.array([object()])), None, 422, "/input", ["pickle"]),
    ("/v1/conv2d", b"\x89PNG\r\n", None, 415, None, ["application/json"]),
    ("/v1/conv2d", b"<x/>", "text/xml", 415, None, ["text/xml", SAFETENSORS]),
    ("/v1/unfold?kernel_size=1", b"\0" * 16, BYTES, 422, "/shape", ["?shape="]),
    ("/v1/unfold?kernel_size=1&shape=1,1,2,2", b"\0" * 15, BYTES, 422, "/shape", ["15 bytes", "16 bytes"]),
    ("/v1/unfold?kernel_size=1&shape=[9223372036854775807,2]", b"\0" * 16, BYTES, 422, "/shape/0", ["larger"]),
    ("/v1/shape", FILE, SAFETENSORS, 415, None, ["application/json"]),
])
def test_refusals(server, path, body, content_type, status, pointer, words):
    response = post(server, path, body, content_type)
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = response.json()
    for word in words:
        assert word in problem["detail"], problem
    if pointer is not None:
        assert [error["pointer"] for error in problem["errors"]] == [pointer]


def test_curl_needs_no_content_type(server):
    """curl -d claims a form whatever it sends."""
    response = post(server, "/v1/conv2d", '{"input": [[1, 2]], "weight": [[3]]}',
                    "application/x-www-form-urlencoded")
    assert response.json()["output"] == [[3, 6]]


@pytest.mark.parametrize("accept, kind", [
    (f"{NPZ};q=0.5, {SAFETENSORS}", SAFETENSORS), (f"{NPZ}, {SAFETENSORS};q=0", NPZ),
    ("text/html, */*;q=0.1", SAFETENSORS), ("application/*", SAFETENSORS),
    ("application/json, application/x-npy", "application/json")])
def test_accept(server, accept, kind):
    response = post(server, "/v1/conv2d", FILE, SAFETENSORS, accept)
    assert response.status_code == 200 and response.headers["Content-Type"] == kind


def test_what_nobody_can_write_is_406(server):
    response = post(server, "/v1/conv2d", FILE, SAFETENSORS, "image/png")
    assert response.status_code == 406 and NPZ in response.json()["detail"]
