# SPDX-License-Identifier: Apache-2.0
"""The Open Inference Protocol, spoken by Triton's own clients and by hand."""
import asyncio
import json

import numpy as np
import pytest
import requests
import torch
import tritonclient.http as triton
import tritonclient.http.aio as triton_aio
from tritonclient.utils import InferenceServerException

random = np.random.default_rng(20261126)
NAMES = {np.dtype("float32"): "FP32", np.dtype("float64"): "FP64", np.dtype("float16"): "FP16"}


def tensor(*shape, dtype="float32"):
    return random.standard_normal(shape).astype(dtype)


def inputs(client, binary=True, **arrays):
    made = []
    for name, array in arrays.items():
        item = client.InferInput(name, list(array.shape), NAMES[array.dtype])
        item.set_data_from_numpy(array, binary_data=binary)
        made.append(item)
    return made


@pytest.fixture(scope="module")
def client(server):
    with triton.InferenceServerClient(f"127.0.0.1:{server.port}") as client:
        yield client


# tritonclient itself sends and reads float16 as bytes only.
WAYS = [(dtype, binary_in, binary_out) for dtype in ("float32", "float64")
        for binary_in in (True, False) for binary_out in (None, True, False)]
WAYS += [("float16", True, None), ("float16", True, True)]


@pytest.mark.parametrize("dtype, binary_in, binary_out", WAYS)
def test_infer(client, dtype, binary_in, binary_out):
    x, w, b = tensor(2, 4, 8, 8, dtype=dtype), tensor(6, 2, 3, 3, dtype=dtype), tensor(6, dtype=dtype)
    wanted = None if binary_out is None else [
        triton.InferRequestedOutput("output", binary_data=binary_out)]
    result = client.infer(
        "conv2d", inputs(triton, binary_in, input=x, weight=w, bias=b), outputs=wanted,
        request_id="my id", parameters={"stride": [2, 2], "padding": "same_upper", "groups": 2})
    reply = result.get_response()
    assert (reply["model_name"], reply["id"]) == ("conv2d", "my id")
    assert reply["parameters"]["algorithm"]
    expected = torch.nn.functional.conv2d(
        torch.nn.functional.pad(torch.from_numpy(x.astype("f8")), (0, 1, 0, 1)),
        torch.from_numpy(w.astype("f8")), torch.from_numpy(b.astype("f8")), stride=2, groups=2)
    output = result.as_numpy("output")
    assert output.dtype == np.dtype(dtype)
    np.testing.assert_allclose(output, expected.numpy(), atol=3e-2 if dtype == "float16" else 1e-4)


def test_parameters_as_strings(client):
    """Gateways that keep to the letter of the protocol pass strings, numbers and booleans only."""
    x, w = tensor(1, 1, 6, 6), tensor(1, 1, 3, 3)
    lists = client.infer("conv2d", inputs(triton, input=x, weight=w), parameters={"stride": [2, 1]})
    words = client.infer("conv2d", inputs(triton, input=x, weight=w),
                         parameters={"stride": "2,1", "flip_kernel": False})
    np.testing.assert_array_equal(lists.as_numpy("output"), words.as_numpy("output"))


def test_some_of_the_outputs(client):
    x, w, g = tensor(1, 2, 5, 5), tensor(3, 2, 3, 3), tensor(1, 3, 3, 3)
    wanted = [triton.InferRequestedOutput("grad_weight"),
              triton.InferRequestedOutput("grad_bias", binary_data=False)]
    result = client.infer("conv2d_backward", inputs(triton, input=x, weight=w, grad_output=g), outputs=wanted)
    np.testing.assert_allclose(result.as_numpy("grad_bias"), g.sum(axis=(0, 2, 3)), rtol=1e-5)
    assert result.as_numpy("grad_weight").shape == w.shape and result.as_numpy("grad_input") is None


@pytest.mark.parametrize("request_coding, reply_coding", [
    ("gzip", "gzip"), ("deflate", "deflate"), (None, "gzip"), ("gzip", None)])
def test_compression(client, request_coding, reply_coding):
    x, w = tensor(1, 1, 100, 100), np.ones((1, 1, 1, 1), "float32")
    result = client.infer(
        "conv2d", inputs(triton, input=x, weight=w), request_compression_algorithm=request_coding,
        response_compression_algorithm=reply_coding)
    np.testing.assert_array_equal(result.as_numpy("output"), x)


def test_what_the_server_says_of_itself(client):
    assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("conv2d")
    assert client.is_model_ready("conv2d", "1") and not client.is_model_ready("conv9d")
    assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
    metadata = client.get_model_metadata("conv2d")
    assert [item["name"] for item in metadata["inputs"]] == ["input", "weight", "bias", "add"]
    assert metadata["outputs"] == [{"name": "output", "datatype": "FP32", "shape": [-1] * 4}]
    config = client.get_model_config("conv2d")
    assert [item["name"] for item in config["input"] if item.get("optional")] == ["bias", "add"]
    index = client.get_model_repository_index()
    assert {"name": "conv_transpose3d", "version": "1", "state": "READY", "reason": ""} in index


def test_every_model_of_the_index_has_metadata(client):
    for item in client.get_model_repository_index():
        assert client.get_model_metadata(item["name"], "1")["outputs"]
        assert client.get_model_config(item["name"])["input"]


def test_statistics_count(client):
    def successes():
        return client.get_inference_statistics("conv1d")["model_stats"][0]["inference_stats"]["success"]
    before = successes()
    for _ in range(3):
        client.infer("conv1d", inputs(triton, input=tensor(1, 1, 9), weight=tensor(1, 1, 3)))
    after = successes()
    assert after["count"] == before["count"] + 3 and after["ns"] > before["ns"]
    assert len(client.get_inference_statistics()["model_stats"]) > 10


def test_asyncio_client(server):
    async def calls():
        async with triton_aio.InferenceServerClient(f"127.0.0.1:{server.port}") as client:
            assert await client.is_server_ready()
            assert (await client.get_model_metadata("conv1d"))["name"] == "conv1d"
            x = tensor(1, 1, 3000)
            w = np.array([[[1, -1]]], "float32")
            results = await asyncio.gather(*(
                client.infer("conv1d", inputs(triton, binary, input=x, weight=w)) for binary in (True, False)))
            for result in results:
                np.testing.assert_array_equal(result.as_numpy("output"), x[:, :, :-1] - x[:, :, 1:])
    asyncio.run(calls())


def test_errors_reach_the_caller(client):
    with pytest.raises(InferenceServerException, match="stride is 0.*at least 1"):
        client.infer("conv2d", inputs(triton, input=tensor(1, 1, 4, 4), weight=tensor(1, 1, 2, 2)),
                     parameters={"stride": 0})
    with pytest.raises(InferenceServerException, match="did you mean"):
        client.infer("conv2", inputs(triton, input=tensor(1, 1, 4, 4)))


GOOD = {"name": "input", "shape": [1, 1, 2], "datatype": "FP32", "data": [1, 2]}
WEIGHT = {"name": "weight", "shape": [1, 1, 1], "datatype": "FP32", "data": [3]}


def infer(server, header, tail=b"", length=..., model="conv1d"):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    length = len(text) if length is ... else length
    headers = {} if length is None else {"Inference-Header-Content-Length": str(length)}
    return requests.post(f"{server.url}/v2/models/{model}/infer", data=text + tail, headers=headers, timeout=30)


def test_json_only(server):
    response = infer(server, {"inputs": [GOOD, WEIGHT]}, length=None)
    assert response.headers["Content-Type"] == "application/json"
    [output] = response.json()["outputs"]
    assert output == {"name": "output", "shape": [1, 1, 2], "datatype": "FP32", "data": [3.0, 6.0]}


def test_binary_and_json_mixed_in_any_order(server):
    x = np.array([[[1, 2]]], "<f4")
    binary = {"parameters": {"binary_data_size": 8}, "datatype": "FP32", "shape": [1, 1, 2], "name": "input"}
    nested = {"data": [[[3]]], "name": "weight", "datatype": "FP32", "shape": [1, 1, 1]}
    for first, second in [(binary, nested), (nested, binary)]:
        response = infer(server, {"inputs": [first, second], "parameters": {"binary_data_output": True}}, x.tobytes())
        length = int(response.headers["Inference-Header-Content-Length"])
        assert length % 64 == 0
        [output] = json.loads(response.content[:length])["outputs"]
        assert output["parameters"]["binary_data_size"] == 8
        assert np.frombuffer(response.content, "<f4", offset=length).tolist() == [3.0, 6.0]


def test_bfloat16_and_nan(server):
    header = {"inputs": [GOOD | {"datatype": "BF16", "data": [1.5, float("nan")]}, WEIGHT | {"datatype": "BF16"}]}
    output = infer(server, header).json()["outputs"][0]
    assert output["datatype"] == "BF16" and output["data"] == [4.5, "NaN"]


def without(item, name):
    return {key: value for key, value in item.items() if key != name}


@pytest.mark.parametrize("header, tail, length, words", [
    (b"{", b"", ..., ["JSON"]),
    (b"", b"", None, ["JSON"]),
    ({"inputs": []}, b"", ..., ["inputs"]),
    ({"input": [GOOD]}, b"", ..., ["did you mean"]),
    ({"inputs": GOOD}, b"", ..., ["list"]),
    ({"inputs": [1]}, b"", ..., ["object"]),
    ({"inputs": [without(GOOD, "name"), WEIGHT]}, b"", ..., ["name"]),
    ({"inputs": [without(GOOD, "shape"), WEIGHT]}, b"", ..., ["shape"]),
    ({"inputs": [without(GOOD, "datatype"), WEIGHT]}, b"", ..., ["datatype"]),
    ({"inputs": [without(GOOD, "data"), WEIGHT]}, b"", ..., ["8 bytes", "0"]),
    ({"inputs": [GOOD | {"datatype": "INT8"}, WEIGHT]}, b"", ..., ["INT8", "FP32"]),
    ({"inputs": [GOOD | {"data": [1, 2, 3]}, WEIGHT]}, b"", ..., ["3 numbers"]),
    ({"inputs": [GOOD | {"data": [[1], [2]]}, WEIGHT]}, b"", ..., ["nested"]),
    ({"inputs": [GOOD | {"data": [1e39, 1]}, WEIGHT]}, b"", ..., ["float32", "every input", "FP64"]),
    ({"inputs": [GOOD | {"datatype": "FP16", "data": [1e5, 1]}, WEIGHT]}, b"", ..., ["float16", "FP64"]),
    ({"inputs": [GOOD | {"data": "x"}, WEIGHT]}, b"", ..., ["list of numbers"]),
    ({"inputs": [GOOD | {"shape": [1, 1, -2]}, WEIGHT]}, b"", ..., ["-2"]),
    ({"inputs": [GOOD | {"shape": [1 << 40, 1 << 40, 2]}, WEIGHT]}, b"", ..., ["memory"]),
    ({"inputs": [GOOD, GOOD, WEIGHT]}, b"", ..., ["twice"]),
    ({"inputs": [GOOD, WEIGHT | {"name": "weights"}]}, b"", ..., ["weight"]),
    ({"inputs": [GOOD | {"parameters": {"binary_data_size": 8}}, WEIGHT]}, b"12345678", ..., ["both"]),
    ({"inputs": [without(GOOD, "data") | {"parameters": {"binary_data_size": 9}}, WEIGHT]}, b"123456789", ..., ["9", "8"]),
    ({"inputs": [without(GOOD, "data") | {"parameters": {"binary_data_size": -8}}, WEIGHT]}, b"", ..., ["-8"]),
    ({"inputs": [without(GOOD, "data") | {"parameters": {"binary_data_size": 8}}, WEIGHT]}, b"1234567", ..., ["8 bytes", "7"]),
    ({"inputs": [GOOD, WEIGHT]}, b"spare", ..., ["5 bytes"]),
    ({"inputs": [GOOD, WEIGHT]}, b"", 10_000, ["Inference-Header-Content-Length"]),
    ({"inputs": [GOOD, WEIGHT]}, b"", "-1", ["Inference-Header-Content-Length"]),
    ({"inputs": [GOOD, WEIGHT]}, b"", "1e3", ["Inference-Header-Content-Length"]),
    ({"inputs": [GOOD, WEIGHT]}, b"", "9" * 30, ["Inference-Header-Content-Length"]),
    ({"inputs": [GOOD, WEIGHT], "outputs": [{"name": "out"}]}, b"", ..., ["output"]),
    ({"inputs": [GOOD, WEIGHT], "parameters": {"stride": 0}}, b"", ..., ["stride"]),
    ({"inputs": [GOOD, WEIGHT], "parameters": {"strid": 1}}, b"", ..., ["did you mean"]),
    ({"inputs": [GOOD, WEIGHT], "parameters": 3}, b"", ..., ["object"]),
])
def test_refusals(server, header, tail, length, words):
    response = infer(server, header, tail, length)
    assert response.status_code == 400, response.text
    assert list(response.json()) == ["error"]
    for word in words:
        assert word in response.json()["error"], response.text


def test_unknown_paths_below_v2_speak_the_protocol(server):
    for path, status in [("/v2/nothing", 404), ("/v2/models/conv9d", 404), ("/v2/models/conv2d/versions/2", 404)]:
        response = requests.get(server.url + path, timeout=30)
        assert response.status_code == status and response.json()["error"]
    response = requests.get(server.url + "/v2/models/conv2d/infer", timeout=30)
    assert response.status_code == 405 and "POST" in response.headers["Allow"] and response.json()["error"]


def test_health_bodies_for_kserve(server):
    for path, body in [("/v2/health/live", {"live": True}), ("/v2/health/ready", {"ready": True}),
                       ("/v2/models/fold/ready", {"name": "fold", "ready": True})]:
        assert requests.get(server.url + path, timeout=30).json() == body
