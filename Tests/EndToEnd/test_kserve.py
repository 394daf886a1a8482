# SPDX-License-Identifier: Apache-2.0
"""KServe's own client, as it is installed."""
import asyncio

import httpx
import numpy as np
import pytest
import torch
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig
from kserve.protocol.infer_type import RequestedOutput

random = np.random.default_rng(20261126)
NAMES = {np.dtype("float32"): "FP32", np.dtype("float64"): "FP64", np.dtype("float16"): "FP16"}


def tensor(*shape, dtype="float32"):
    return random.standard_normal(shape).astype(dtype)


def request(model, binary=True, wanted=None, parameters=None, **arrays):
    """Outputs are wanted as bytes (True), as numbers (False), or as the server likes (None)."""
    inputs = []
    for name, array in arrays.items():
        item = InferInput(name, list(array.shape), NAMES[array.dtype])
        item.set_data_from_numpy(array, binary_data=binary)
        inputs.append(item)
    outputs = None if wanted is None else [RequestedOutput("output", {"binary_data": wanted})]
    return InferRequest(
        model, inputs, request_id="my id", parameters=parameters, request_outputs=outputs)


@pytest.fixture
def kserve(server):
    """kserve("infer", request, model_name="conv2d"): a call of the client, waited for."""
    def call(method, *arguments, **options):
        async def answer():
            client = InferenceRESTClient(RESTConfig(protocol="v2"))
            try:
                return await getattr(client, method)(server.url, *arguments, **options)
            finally:
                await client.close()
        return asyncio.run(answer())
    return call


def test_health(kserve):
    assert kserve("is_server_live") is True
    assert kserve("is_server_ready") is True
    assert kserve("is_model_ready", "conv2d") is True
    assert kserve("is_model_ready", "conv9d") is False


# The client itself sends float16 as bytes only.
WAYS = [(dtype, binary, wanted) for dtype in ("float32", "float64")
        for binary in (True, False) for wanted in (None, True, False)]
WAYS += [("float16", True, True), ("float16", True, None)]


@pytest.mark.parametrize("dtype, binary, wanted", WAYS)
def test_infer(kserve, dtype, binary, wanted):
    x, w, b = tensor(2, 4, 8, 8, dtype=dtype), tensor(6, 2, 3, 3, dtype=dtype), tensor(6, dtype=dtype)
    sent = request("conv2d", binary, wanted, {"stride": 2, "padding": "1,1", "groups": 2},
                   input=x, weight=w, bias=b)
    reply = kserve("infer", sent, model_name="conv2d")
    assert (reply.id, reply.model_name) == ("my id", "conv2d")
    assert reply.parameters["algorithm"]
    expected = torch.nn.functional.conv2d(
        *(torch.from_numpy(a.astype("f8")) for a in (x, w, b)), stride=2, padding=1, groups=2)
    output = reply.outputs[0].as_numpy()
    assert output.dtype == np.dtype(dtype)
    np.testing.assert_allclose(output, expected.numpy(), atol=3e-2 if dtype == "float16" else 1e-4)


def test_a_request_by_hand(kserve):
    reply = kserve("infer", {"inputs": [
        {"name": "input", "shape": [2, 2], "datatype": "FP32", "data": [1, 2, 3, 4]},
        {"name": "weight", "shape": [1, 1], "datatype": "FP32", "data": [2]},
    ]}, model_name="conv2d")
    np.testing.assert_array_equal(reply.outputs[0].as_numpy(), [[2, 4], [6, 8]])


@pytest.mark.parametrize("model, said, parameters, status, words", [
    ("conv2d", "conv2d", {"stride": 0}, 400, "stride is 0; it must be at least 1"),
    ("conv9d", "conv9d", None, 404, 'did you mean "conv1d"'),
    ("conv2d", "conv1d", None, 400, 'model_name is "conv1d", but the path has "conv2d"'),
])
def test_errors_reach_the_caller(kserve, model, said, parameters, status, words):
    sent = request(said, parameters=parameters, input=tensor(1, 1, 4, 4), weight=tensor(1, 1, 2, 2))
    with pytest.raises(httpx.HTTPStatusError) as refusal:
        kserve("infer", sent, model_name=model)
    assert refusal.value.response.status_code == status
    assert words in str(refusal.value)
