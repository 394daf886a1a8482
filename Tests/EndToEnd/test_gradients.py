# SPDX-License-Identifier: Apache-2.0
"""`<operation>/backward` beside `torch.autograd.grad`, through the live service."""
import numpy as np
import pytest
import torch
import torch.nn.functional as F

import wire

ACTIVATIONS = {"relu": F.relu, "relu6": F.relu6, "silu": F.silu, "gelu": F.gelu,
               "hardswish": F.hardswish, "sigmoid": torch.sigmoid, "tanh": torch.tanh}


def forward(operation, x, w, b, add, options):
    """The operation by PyTorch, with what its functions lack written out."""
    options = dict(options)
    rank = w.dim() - 2
    activation = options.pop("activation", None)
    mode = options.pop("padding_mode", "zeros")
    if options.pop("flip_kernel", False):
        w = w.flip(list(range(2, w.dim())))
    padding = options.get("padding", 0)
    if mode != "zeros" or (isinstance(padding, list) and isinstance(padding[0], list)):
        values = padding if isinstance(padding, list) else [padding] * rank
        pairs = [value if isinstance(value, list) else [value, value] for value in values]
        flat = [p for pair in reversed(pairs) for p in pair]
        x = F.pad(x, flat, mode="constant" if mode == "zeros" else mode)
        options["padding"] = 0
    y = getattr(F, operation)(x, w, b, **options)
    if add is not None:
        y = y + add
    return ACTIVATIONS[activation](y) if activation else y


ROWS = [
    ("conv1d", (2, 3, 13), (4, 3, 3), {"stride": 2, "padding": 1}),
    ("conv1d", (2, 4, 17), (6, 2, 4), {"groups": 2, "dilation": 3, "padding": 5}),
    ("conv1d", (1, 5, 40), (5, 1, 3), {"groups": 5, "padding": [[2, 0]]}),
    ("conv2d", (2, 3, 8, 9), (5, 3, 3, 2), {"stride": [2, 1], "padding": [1, 0]}),
    ("conv2d", (3, 16, 10, 11), (24, 16, 3, 3), {"padding": "same"}),
    ("conv2d", (2, 8, 9, 9), (8, 1, 3, 3), {"groups": 8, "stride": 2, "padding": 1}),
    ("conv2d", (1, 6, 7, 7), (9, 2, 1, 1), {"groups": 3}),
    ("conv2d", (6, 7, 5), (4, 6, 3, 3), {}),
    ("conv2d", (1, 3, 6, 7), (4, 3, 3, 3), {"padding": [[2, 1], [0, 3]]}),
    *[("conv2d", (2, 3, 6, 7), (4, 3, 3, 3), {"padding": [2, 1], "padding_mode": mode})
      for mode in ("reflect", "replicate", "circular")],
    ("conv3d", (1, 2, 4, 5, 4), (3, 2, 2, 3, 2), {"padding": 1, "padding_mode": "replicate"}),
    ("conv2d", (2, 3, 6, 7), (4, 3, 3, 2), {"flip_kernel": True, "stride": 2}),
    *[("conv2d", (2, 3, 6, 7), (4, 3, 3, 3), {"padding": 1, "activation": name})
      for name in ACTIVATIONS],
    ("conv3d", (2, 4, 5, 6, 4), (6, 2, 2, 3, 2), {"groups": 2, "padding": 1, "stride": [1, 2, 2]}),
    ("conv_transpose1d", (2, 3, 9), (3, 4, 4), {"stride": 3, "padding": 1, "output_padding": 2}),
    ("conv_transpose1d", (1, 2, 6), (2, 3, 3), {"dilation": 4, "output_padding": 3}),
    ("conv_transpose2d", (2, 4, 5, 6), (4, 3, 3, 2), {"stride": 2, "padding": 1}),
    ("conv_transpose2d", (2, 6, 5, 4), (6, 2, 3, 3), {"groups": 3, "stride": 2, "flip_kernel": True}),
    ("conv_transpose2d", (1, 5, 5, 4), (5, 1, 4, 4),
     {"groups": 5, "stride": 2, "padding": 1, "activation": "silu"}),
    ("conv_transpose3d", (1, 3, 3, 4, 3), (3, 2, 2, 3, 2), {"stride": 2, "output_padding": 1}),
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("operation, shape, kernel, options", ROWS)
def test_as_autograd(server, operation, shape, kernel, options, dtype):
    random = np.random.default_rng(5)
    outputs = kernel[1] * options.get("groups", 1) if "transpose" in operation else kernel[0]
    draw = lambda s: random.uniform(-1, 1, s).astype(dtype)
    x, w, b = draw(shape), draw(kernel), draw(outputs)
    with torch.enable_grad():
        tensors = [torch.tensor(t, dtype=torch.float64, requires_grad=True) for t in (x, w, b)]
        y = forward(operation, *tensors, None, options)
        add = draw(y.shape)
        tensors.append(torch.tensor(add, dtype=torch.float64, requires_grad=True))
        y = forward(operation, *tensors, options)
        g = draw(y.shape)
        expected = torch.autograd.grad(y, tensors, torch.tensor(g, dtype=torch.float64))
    body = dict(input=wire.encode(x, "flat"), weight=wire.encode(w, "flat"), bias=wire.encode(b, "flat"),
                add=wire.encode(add, "flat"), grad_output=wire.encode(g, "flat"),
                needs=["input", "weight", "bias", "add"], **options)
    response = server.post(f"{operation}/backward", body)
    assert response.status_code == 200, response.text
    for name, gradient in zip(("input", "weight", "bias", "add"), expected):
        found = wire.decode(response.json()[f"grad_{name}"])
        assert found.dtype == dtype and found.shape == tuple(gradient.shape)
        scale = max(1.0, float(gradient.square().mean().sqrt()))
        error = np.abs(found - gradient.numpy()).max() / scale
        assert error < (1e-5 if dtype == np.float32 else 1e-13), f"grad_{name}: {error}"


def test_needs(server):
    body = dict(input=[1.0, 2, 3], weight=[1.0, 10], grad_output=[1.0, 1])
    reply = server.post("conv1d/backward", body).json()
    assert reply == {"grad_input": [1, 11, 10], "grad_weight": [3, 5], "grad_bias": [2]}
    for name, gradient in reply.items():
        one = server.post("conv1d/backward", dict(body, needs=[name.removeprefix("grad_")])).json()
        assert one == {name: gradient}


@pytest.mark.parametrize("fields, pointer, words", [
    (dict(grad_output=[1.0]), "/grad_output", ["[1]", "[2]"]),
    (dict(), "/grad_output", ["required"]),
    (dict(grad_output=[1.0, 1], needs=["weights"]), "/needs/0", ["weights", '"weight"']),
    (dict(grad_output=[1.0, 1], needs=[]), "/needs", ["no gradient"]),
    (dict(grad_output=[1.0, 1], needs="input"), "/needs", ["list"]),
    (dict(grad_output=[1.0, 1], stride=0), "/stride", ["stride is 0"]),
    (dict(grad_output=[1.0, 1], explain=True), "/explain", ["unknown field"]),
    (dict(grad_output={"shape": [2], "dtype": "float64", "data": [1, 1]}), "/grad_output", ["float64"]),
])
def test_refusals(server, fields, pointer, words):
    response = server.post("conv1d/backward", dict(input=[1.0, 2, 3], weight=[1.0, 10], **fields))
    assert response.status_code == 422, response.text
    problem = response.json()
    assert problem["errors"][0]["pointer"] == pointer
    for word in words:
        assert word in problem["detail"]
