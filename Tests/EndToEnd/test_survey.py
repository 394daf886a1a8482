# SPDX-License-Identifier: Apache-2.0
"""The worked examples of "Awesome Understanding of Convolution and Transpose Convolution".

Its scripts compute each example by PyTorch and by a slow function written out; here the service
takes the place of the slow function. The flags that the scripts print are asserted.
"""
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from wire import SPELLINGS, decode

pytestmark = pytest.mark.parametrize("spelling", SPELLINGS)


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(20220811)


def assert_all_close(output, expected):
    assert torch.allclose(torch.from_numpy(output.copy()), expected, atol=1e-6), (
        f"max difference {np.abs(output - expected.numpy()).max()}")


def test_1_pytorch_api(call, spelling):
    layer = torch.nn.Conv2d(1, 1, 3, bias=False)
    feature_map = torch.randn(1, 1, 8, 8)
    output, _ = call("conv2d", spelling, input=feature_map, weight=layer.weight)
    assert_all_close(output, layer(feature_map))
    assert_all_close(output, F.conv2d(feature_map, layer.weight))


def test_2_sliding_window(call, spelling):
    input, kernel, bias = torch.randn(5, 5), torch.randn(3, 3), torch.randn(1)
    expected = F.conv2d(input[None, None], kernel[None, None], bias=bias, stride=2, padding=1)
    output, _ = call(
        "conv2d", spelling, input=input, weight=kernel, bias=bias, stride=2, padding=1)
    assert_all_close(output, expected[0, 0])


def test_3_sliding_window_with_batch_and_channels(call, spelling):
    input, kernel, bias = torch.randn(2, 2, 5, 5), torch.randn(3, 2, 3, 3), torch.randn(3)
    output, _ = call(
        "conv2d", spelling, input=input, weight=kernel, bias=bias, stride=2, padding=1)
    assert_all_close(output, F.conv2d(input, kernel, bias=bias, padding=1, stride=2))


def test_4_flattened_windows(call, spelling):
    input, kernel, bias = torch.randn(5, 5), torch.randn(3, 3), torch.randn(1)
    columns = F.unfold(input[None, None], 3, stride=2, padding=1)[0]
    output, _ = call(
        "conv2d", spelling, input=input, weight=kernel, bias=bias, stride=2, padding=1)
    assert_all_close(output, (columns.T @ kernel.reshape(9, 1)).reshape(3, 3) + bias)


def kernel_matrix(kernel, input_size):
    """The matrix that convolves a flattened input, row by row the kernel at each place."""
    height, width = (i - k + 1 for i, k in zip(input_size, kernel.shape))
    rows = []
    for i in range(height):
        for j in range(width):
            place = torch.zeros(input_size)
            place[i:i + kernel.shape[0], j:j + kernel.shape[1]] = kernel
            rows.append(place.flatten())
    return torch.stack(rows)


def test_5_kernel_matrix_and_its_transpose(call, spelling):
    input, kernel = torch.randn(4, 4), torch.randn(3, 3)
    matrix = kernel_matrix(kernel, (4, 4))

    convolved, _ = call("conv2d", spelling, input=input, weight=kernel)
    assert_all_close(convolved, (matrix @ input.reshape(-1, 1)).reshape(2, 2))
    assert_all_close(convolved, F.conv2d(input[None, None], kernel[None, None])[0, 0])

    small = torch.from_numpy(convolved.copy())
    transposed, _ = call("conv_transpose2d", spelling, input=small, weight=kernel)
    assert_all_close(transposed, (matrix.T @ small.reshape(-1, 1)).reshape(4, 4))
    assert_all_close(transposed, F.conv_transpose2d(small[None, None], kernel[None, None])[0, 0])


def test_6_dilation_and_groups(call, spelling):
    input, kernel, bias = torch.randn(2, 2, 5, 5), torch.randn(4, 1, 3, 3), torch.randn(4)
    options = dict(padding=1, stride=2, dilation=2, groups=2)
    output, _ = call("conv2d", spelling, input=input, weight=kernel, bias=bias, **options)
    assert_all_close(output, F.conv2d(input, kernel, bias=bias, **options))


@pytest.mark.parametrize("dilation, rows", [(1, [0, 1, 2]), (2, [0, 2, 4]), (3, [0, 3, 6])])
def test_6_what_dilation_sees(call, spelling, dilation, rows):
    """The script prints the window of each dilation; a kernel of one tap picks each element of it."""
    feature_map = torch.randn(7, 7)
    taps = torch.eye(9).reshape(9, 1, 3, 3)
    output, _ = call(
        "conv2d", spelling, input=feature_map[None], weight=taps, dilation=dilation)
    window = feature_map[rows][:, rows]
    assert np.array_equal(output[:, 0, 0].reshape(3, 3), window.numpy())


@pytest.mark.parametrize("channels, out_channels, groups", [(2, 4, 2), (64, 64, 64)])
def test_6_depthwise_then_pointwise(call, spelling, channels, out_channels, groups):
    input = torch.randn(1, channels, 9, 9)
    depthwise = torch.randn(out_channels, channels // groups, 3, 3)
    pointwise = torch.randn(8, out_channels, 1, 1)
    middle, _ = call("conv2d", spelling, input=input, weight=depthwise, groups=groups)
    assert_all_close(middle, F.conv2d(input, depthwise, groups=groups))
    output, _ = call("conv2d", spelling, input=torch.from_numpy(middle.copy()), weight=pointwise)
    expected = F.conv2d(torch.from_numpy(middle.copy()), pointwise)
    assert torch.allclose(torch.from_numpy(output.copy()), expected, atol=1e-4)


def test_7_repvgg(call, spelling, capsys):
    feature_map = torch.ones(1, 2, 64, 64)
    conv, pointwise = torch.nn.Conv2d(2, 2, 3, padding=1), torch.nn.Conv2d(2, 2, 1)
    result_1 = conv(feature_map) + pointwise(feature_map) + feature_map

    _, fused = call(
        "fuse/repvgg", spelling,
        branches=[
            {"kind": "conv", "weight": conv.weight, "bias": conv.bias},
            {"kind": "conv", "weight": pointwise.weight, "bias": pointwise.bias},
            {"kind": "identity"},
        ],
        verify=True, input=feature_map)

    padded = F.pad(pointwise.weight, [1, 1, 1, 1])
    identity = torch.zeros(2, 2, 3, 3)
    identity[0, 0, 1, 1] = identity[1, 1, 1, 1] = 1
    assert_all_close(decode(fused["weight"]), conv.weight + padded + identity)
    assert_all_close(decode(fused["bias"]), conv.bias + pointwise.bias)

    result_3, _ = call(
        "conv2d", spelling, input=feature_map, weight=decode(fused["weight"]),
        bias=decode(fused["bias"]), padding=1)
    assert result_3.shape == (1, 2, 64, 64)
    assert_all_close(result_3, result_1)

    verify = fused["verify"]
    assert verify["all_close"] is True
    assert 0 <= verify["max_abs_diff"] <= 1e-5 and 0 <= verify["max_rel_diff"] <= 1e-5
    assert verify["unfused_ms"] > 0 and verify["fused_ms"] > 0
    with capsys.disabled():
        print(f"\nthe time of origin ResNet: {verify['unfused_ms'] / 1e3}")
        print(f"the shape of output: {list(result_1.shape)}")
        print(f"the time of fusion operators: {verify['fused_ms'] / 1e3}")
        print(f"the shape of output: {list(result_3.shape)}")
        print(f"all close equal of the output: {verify['all_close']}")


@pytest.mark.parametrize("groups", [1, 2])
def test_7_repvgg_with_batch_norm(call, spelling, groups):
    """The block as the paper trains it: a batch norm behind every branch."""
    channels = 4
    feature_map = torch.randn(2, channels, 9, 9)
    norms = [torch.nn.BatchNorm2d(channels, eps=1e-3).eval() for _ in range(3)]
    for norm in norms:
        for parameter in (norm.weight, norm.bias, norm.running_mean):
            parameter.copy_(torch.randn(channels))
        norm.running_var.copy_(torch.rand(channels) + 0.5)
    dense = torch.randn(channels, channels // groups, 3, 3)
    point = torch.randn(channels, channels // groups, 1, 1)
    expected = (
        norms[0](F.conv2d(feature_map, dense, padding=1, groups=groups))
        + norms[1](F.conv2d(feature_map, point, groups=groups))
        + norms[2](feature_map))

    def fields(norm):
        return dict(
            weight=norm.weight, bias=norm.bias, running_mean=norm.running_mean,
            running_var=norm.running_var, eps=norm.eps)

    _, fused = call(
        "fuse/repvgg", spelling, groups=groups, verify=True, input_size=[16, 12],
        branches=[
            {"kind": "conv", "weight": dense, "bn": fields(norms[0])},
            {"kind": "conv", "weight": point, "bn": fields(norms[1])},
            {"kind": "identity", "bn": fields(norms[2])},
        ])
    assert fused["verify"]["all_close"] is True
    output, _ = call(
        "conv2d", input=feature_map, weight=torch_of(fused["weight"]),
        bias=torch_of(fused["bias"]), padding=1, groups=groups)
    assert torch.allclose(torch.from_numpy(output.copy()), expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("transposed, groups", [(False, 1), (False, 2), (True, 1), (True, 2)])
def test_7_conv_bn(call, spelling, transposed, groups):
    kind = torch.nn.ConvTranspose2d if transposed else torch.nn.Conv2d
    layer = kind(4, 6, 3, stride=2, padding=1, groups=groups)
    norm = torch.nn.BatchNorm2d(6).eval()
    for parameter in (norm.weight, norm.bias, norm.running_mean):
        parameter.copy_(torch.randn(6))
    norm.running_var.copy_(torch.rand(6) + 0.5)
    feature_map = torch.randn(1, 4, 8, 8)

    _, fused = call(
        "fuse/conv_bn", spelling, weight=layer.weight, bias=layer.bias, transposed=transposed,
        groups=groups, verify=True,
        bn=dict(
            weight=norm.weight, bias=norm.bias, running_mean=norm.running_mean,
            running_var=norm.running_var))
    assert fused["verify"]["all_close"] is True
    output, _ = call(
        "conv_transpose2d" if transposed else "conv2d", input=feature_map,
        weight=torch_of(fused["weight"]), bias=torch_of(fused["bias"]), stride=2, padding=1,
        groups=groups)
    assert torch.allclose(
        torch.from_numpy(output.copy()), norm(layer(feature_map)), atol=1e-4, rtol=1e-4)


def torch_of(value):
    return torch.from_numpy(decode(value).copy())
