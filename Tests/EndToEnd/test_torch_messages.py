# SPDX-License-Identifier: Apache-2.0
"""What PyTorch refuses beside its functional convolutions: modules, unfold, fold, gradients.

Each row is a call that PyTorch raises on with its own words, and the request for the same, which is
answered with 422 and the field, the value, the rule and a cure. (The functional convolutions are in
test_refusals.py.)
"""
import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import wire
from conftest import encode
from test_refusals import CURE

IMAGE = torch.zeros(1, 4, 5, 5)
WEIGHT = torch.zeros(8, 4, 3, 3)
UP = torch.zeros(4, 8, 3, 3)


def module(kind, weight, **options):
    transposed = "Transpose" in kind.__name__
    channels = weight.shape[:2] if transposed else (weight.shape[1], weight.shape[0])
    return kind(*channels, tuple(weight.shape[2:]), **options)


def up(**options):
    return module(torch.nn.ConvTranspose2d, UP, **options)


def gradient(shape):
    """torch.autograd.grad of the convolution at an output gradient of this shape."""
    with torch.enable_grad():
        input = IMAGE.clone().requires_grad_()
        return torch.autograd.grad(F.conv2d(input, WEIGHT), input, torch.zeros(shape))


RAISED = (RuntimeError, ValueError, TypeError, NotImplementedError)
FORWARD = dict(input=IMAGE, weight=WEIGHT)
UPWARD = dict(input=IMAGE, weight=UP)
ROWS = {
    "output_size": (
        lambda: up(stride=2)(IMAGE, output_size=[20, 20]),
        r"an output size of \[20, 20\], but valid sizes range from \[11, 11\] to \[12, 12\]",
        "conv_transpose2d", dict(UPWARD, stride=2, output_size=[20, 20]), "/output_size",
        [r"\[20, 20\]", "11", "12"]),
    "output_size of another length": (
        lambda: up(stride=2)(IMAGE, output_size=[11, 11, 11]), "must have 2 or 4 elements",
        "conv_transpose2d", dict(UPWARD, stride=2, output_size=[11, 11, 11]), "/output_size",
        [r"\[11, 11, 11\]", "2"]),
    "padding_mode of a transposed convolution": (
        lambda: up(padding=1, padding_mode="reflect"),
        'Only "zeros" padding mode is supported for ConvTranspose2d',
        "conv_transpose2d", dict(UPWARD, padding=1, padding_mode="reflect"), "/padding_mode",
        ["reflect", "zeros", "transposed"]),
    "constant around a transposed convolution": (
        lambda: up(padding=1, padding_mode="constant"), "padding_mode must be one of|Only",
        "conv_transpose2d", dict(UPWARD, padding=1, padding_mode="constant"), "/padding_mode",
        ["constant", "zeros", "transposed"]),
    "padding_mode": (
        lambda: module(torch.nn.Conv2d, WEIGHT, padding=1, padding_mode="edge"),
        "padding_mode must be one of", "conv2d", dict(FORWARD, padding=1, padding_mode="edge"),
        "/padding_mode", ["edge", "zeros", "reflect", "replicate", "circular", "constant"]),
    "reflect": (
        lambda: module(torch.nn.Conv2d, WEIGHT, padding=5, padding_mode="reflect")(IMAGE),
        "Padding size should be less than the corresponding input dimension",
        "conv2d", dict(FORWARD, padding=5, padding_mode="reflect"), "/padding",
        ["reflect", "5", "4"]),
    "circular": (
        lambda: module(torch.nn.Conv2d, WEIGHT, padding=6, padding_mode="circular")(IMAGE),
        "wrapping around more than once",
        "conv2d", dict(FORWARD, padding=6, padding_mode="circular"), "/padding",
        ["circular", "6", "5"]),
    "string padding of a transposed convolution": (
        lambda: F.conv_transpose2d(IMAGE, UP, padding="valid_"), "must be tuple of ints",
        "conv_transpose2d", dict(UPWARD, padding="valid_"), "/padding", ["valid_", "same_upper"]),
    "unfold, a kernel larger than the input": (
        lambda: F.unfold(IMAGE, 7),
        r"calculated shape of the array of sliding blocks as \(-1, -1\)",
        "unfold", dict(input=IMAGE, kernel_size=7), "/kernel_size", ["7", "5"]),
    "unfold, a kernel of nothing": (
        lambda: F.unfold(IMAGE, 0), "kernel_size|greater than zero",
        "unfold", dict(input=IMAGE, kernel_size=0), "/kernel_size", ["0", "at least 1"]),
    "unfold, stride 0": (
        lambda: F.unfold(IMAGE, 3, stride=0), "stride|greater than zero",
        "unfold", dict(input=IMAGE, kernel_size=3, stride=0), "/stride", ["0", "at least 1"]),
    "unfold, negative padding": (
        lambda: F.unfold(IMAGE, 3, padding=-1), "padding|non-negative",
        "unfold", dict(input=IMAGE, kernel_size=3, padding=-1), "/padding", ["-1", "at least 0"]),
    "fold, channels": (
        lambda: F.fold(torch.zeros(1, 10, 12), (6, 5), 3),
        "divisible by the product of kernel_size",
        "fold", dict(input=torch.zeros(1, 10, 12), output_size=[6, 5], kernel_size=3), "/input",
        ["10", "9"]),
    "fold, blocks": (
        lambda: F.fold(torch.zeros(1, 9, 9), (6, 5), 3),
        r"match the calculated number of sliding blocks 4 \* 3 = 12, but got input.size\(2\)=9",
        "fold", dict(input=torch.zeros(1, 9, 9), output_size=[6, 5], kernel_size=3), "/input",
        ["12", "9", r"4 [*·×x] 3|\[4, 3\]"]),
    "fold, an output smaller than the kernel": (
        lambda: F.fold(torch.zeros(1, 9, 1), (2, 2), 3), "sliding blocks 0",
        "fold", dict(input=torch.zeros(1, 9, 1), output_size=[2, 2], kernel_size=3), "/",
        ["3", "2"]),
    "shape of the output's gradient": (
        lambda: gradient((1, 8, 3, 4)), "[Mm]ismatch in shape|Expected a tensor",
        "conv2d/backward", dict(FORWARD, grad_output=torch.zeros(1, 8, 3, 4)), "/grad_output",
        [r"\[1, 8, 3, 4\]", r"\[1, 8, 3, 3\]"]),
    "channels of the output's gradient": (
        lambda: gradient((1, 4, 3, 3)), "[Mm]ismatch in shape|Expected",
        "conv2d/backward", dict(FORWARD, grad_output=torch.zeros(1, 4, 3, 3)), "/grad_output",
        [r"\[1, 4, 3, 3\]", r"\[1, 8, 3, 3\]"]),
}


@pytest.mark.filterwarnings("ignore:Using a non-tuple")
@pytest.mark.parametrize("name", ROWS)
def test_refused_as_pytorch_refuses(server, name):
    call, torch_says, operation, fields, pointer, says = ROWS[name]
    with pytest.raises(RAISED, match=torch_says):
        call()
    response = server.post(operation, encode(fields, "flat"))
    assert response.status_code == 422, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = response.json()
    [error] = problem["errors"]
    assert error["pointer"].startswith(pointer), problem
    for pattern in [pointer[1:], *says]:
        assert re.search(pattern, problem["detail"]), f"no {pattern!r} in: {problem['detail']}"
    assert CURE.search(problem["detail"]), f"no cure in: {problem['detail']}"


# What PyTorch refuses and we do not, and why.
MORE = {
    "full padding is a word here": (
        "Invalid padding string", lambda: F.conv2d(IMAGE, WEIGHT, padding="full"),
        "conv2d", dict(FORWARD, padding="full"), [1, 8, 7, 7]),
    "same_upper has any stride": (
        "Invalid padding string", lambda: F.conv2d(IMAGE, WEIGHT, padding="same_upper", stride=2),
        "conv2d", dict(FORWARD, padding="same_upper", stride=2), [1, 8, 3, 3]),
    "transposed convolutions have words too": (
        "must be tuple of ints", lambda: F.conv_transpose2d(IMAGE, UP, padding="same_upper"),
        "conv_transpose2d", dict(UPWARD, padding="same_upper"), [1, 8, 5, 5]),
    "unfold has one to three dimensions": (
        "Expected 3D or 4D", lambda: F.unfold(torch.zeros(1, 4, 5, 5, 5), 2),
        "unfold", dict(input=torch.zeros(1, 4, 5, 5, 5), kernel_size=[2, 2, 2]), [1, 32, 64]),
    "an input of one plane and a kernel need no channels": (
        "Expected 3D|weight should have", lambda: F.conv2d(torch.zeros(5, 5), torch.zeros(3, 3)),
        "conv2d", dict(input=torch.zeros(5, 5), weight=torch.zeros(3, 3)), [3, 3]),
}


@pytest.mark.parametrize("name", MORE)
def test_accepted_though_pytorch_refuses(server, name):
    torch_says, call, operation, fields, shape = MORE[name]
    with pytest.raises(RAISED, match=torch_says):
        call()
    response = server.post(operation, encode(fields, "flat"))
    assert response.status_code == 200, response.text
    output = wire.decode(response.json()["output"])
    assert list(output.shape) == shape and not np.any(output)
