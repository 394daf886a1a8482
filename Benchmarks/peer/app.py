# SPDX-License-Identifier: Apache-2.0
"""The service that a user would write instead of this one: FastAPI, orjson, PyTorch.

Answers the same bodies for conv2d and conv_transpose2d: JSON nested and flat, and safetensors.
compare_service.py starts it; by hand: uvicorn --app-dir Benchmarks/peer app:app --port 8100
"""
import orjson
import safetensors.torch
import torch
import torch.nn.functional as F
from fastapi import FastAPI, Request, Response

torch.set_grad_enabled(False)
app = FastAPI()

SAFETENSORS = "application/vnd.safetensors"
OPTIONS = ("stride", "padding", "dilation", "groups", "output_padding")


def tensor(value):
    if value is None:
        return None
    if isinstance(value, dict):
        return torch.tensor(value["data"], dtype=torch.float32).reshape(value["shape"])
    return torch.tensor(value, dtype=torch.float32)


def spelled(output, like):
    if not isinstance(like, dict):
        return output.tolist()
    return {"shape": list(output.shape), "dtype": "float32", "data": output.reshape(-1).tolist()}


async def answer(function, request):
    if request.headers.get("content-type") == SAFETENSORS:
        tensors = safetensors.torch.load(await request.body())
        options = {name: orjson.loads(value) for name, value in request.query_params.items()}
        output = function(tensors["input"], tensors["weight"], tensors.get("bias"), **options)
        return Response(safetensors.torch.save({"output": output}), media_type=SAFETENSORS)
    body = orjson.loads(await request.body())
    options = {name: body[name] for name in OPTIONS if name in body}
    output = function(
        tensor(body["input"]), tensor(body["weight"]), tensor(body.get("bias")), **options)
    reply = {"output": spelled(output, body["input"])}
    return Response(orjson.dumps(reply), media_type="application/json")


@app.post("/v1/conv2d")
async def conv2d(request: Request):
    return await answer(F.conv2d, request)


@app.post("/v1/conv_transpose2d")
async def conv_transpose2d(request: Request):
    return await answer(F.conv_transpose2d, request)
