# SPDX-License-Identifier: Apache-2.0
"""Layers into one convolution, beside PyTorch's modules in evaluation mode, with statistics that are none of the defaults."""
import io
import json

import numpy as np
import pytest
import requests
import safetensors.numpy
import torch
from torch import nn

from convserve_process import Convserve

CONV = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
BATCH_NORM = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d}
AVERAGE_POOL = {1: nn.AvgPool1d, 2: nn.AvgPool2d, 3: nn.AvgPool3d}
FUNCTION = {1: nn.functional.conv1d, 2: nn.functional.conv2d, 3: nn.functional.conv3d}
LIMIT = {"float64": 1e-12, "float32": 2e-6}


def wire(tensor):
    return {"shape": list(tensor.shape), "dtype": str(tensor.dtype)[6:], "data": tensor.detach().flatten().tolist()}


def tensor(sent):
    if isinstance(sent, dict):
        return torch.tensor(sent["data"], dtype=getattr(torch, sent["dtype"])).reshape(sent["shape"])
    return torch.tensor(sent)


def batch_norm(rank, channels, dtype, seed=0):
    generator = torch.Generator().manual_seed(seed)
    bn = BATCH_NORM[rank](channels, eps=1e-3, dtype=dtype).eval()
    with torch.no_grad():
        for parameter, low, high in [(bn.weight, 0.5, 2), (bn.bias, -1, 1), (bn.running_mean, -1, 1), (bn.running_var, 0.3, 3)]:
            parameter.copy_(torch.rand(channels, generator=generator) * (high - low) + low)
    return bn


def as_sent(bn):
    fields = {name: getattr(bn, name).detach() for name in ["weight", "bias", "running_mean", "running_var"]}
    return {name: wire(value) for name, value in fields.items()} | {"eps": bn.eps}


def fuse(server, operation, **fields):
    response = requests.post(f"{server.url}/v1/fuse/{operation}", json=fields, timeout=60)
    assert response.status_code == 200, response.text[:1000]
    return response.json()


def refused(server, operation, **fields):
    response = requests.post(f"{server.url}/v1/fuse/{operation}", json=fields, timeout=60)
    assert response.status_code == 422, response.text[:1000]
    [problem] = response.json()["errors"]
    return problem


def run(fused, x, **options):
    weight = tensor(fused["weight"])
    return FUNCTION[weight.dim() - 2](x, weight, tensor(fused["bias"]), **options)


def assert_close(got, expected):
    scale = expected.abs().max()
    assert got.shape == expected.shape and got.dtype == expected.dtype
    assert (got - expected).abs().max() <= LIMIT[str(expected.dtype)[6:]] * scale


def assert_verified(fused, unfused_macs, fused_macs):
    verify = fused["verify"]
    assert verify["all_close"] and verify["max_abs_diff"] < 1e-3
    assert (verify["unfused_macs"], verify["fused_macs"]) == (unfused_macs, fused_macs)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("groups", [1, 2, 4, 8])
def test_a_batch_norm_before_a_convolution(server, rank, groups, dtype):
    for stride, padding in [(1, 0), (2, 1)]:
        conv = CONV[rank](8, 16, 3, stride=stride, padding=padding, groups=groups, dtype=dtype).eval()
        bn = batch_norm(rank, 8, dtype)
        x = torch.randn([2, 8] + [7] * rank, dtype=dtype)
        with torch.no_grad():
            expected = conv(bn(x))
        fused = fuse(server, "bn_conv", weight=wire(conv.weight), bias=wire(conv.bias), bn=as_sent(bn), groups=groups,
                     padding=padding, border="padding_value", verify=True)
        if padding:
            values = tensor(fused["padding_value"]).reshape([1, 8] + [1] * rank)
            padded = values.expand([2, 8] + [9] * rank).clone()
            padded[(...,) + (slice(1, -1),) * rank] = x
            x = padded
        else:
            assert "padding_value" not in fused
        with torch.no_grad():
            assert_close(run(fused, x, stride=stride, groups=groups), expected)
        assert fused["verify"]["all_close"], fused["verify"]


def test_zeros_around_a_batch_norm_are_refused(server):
    bn = as_sent(batch_norm(2, 2, torch.float32))
    weight = wire(torch.randn(3, 2, 3, 3))
    problem = refused(server, "bn_conv", weight=weight, bn=bn, padding=[0, 1])
    assert problem["pointer"] == "/padding" and "padding_value" in problem["detail"]
    # A batch norm that leaves 0 where it is needs no other padding.
    kept = bn | {"running_mean": [0, 0], "bias": [0, 0]}
    assert "padding_value" not in fuse(server, "bn_conv", weight=weight, bn=kept, padding=1)
    # One that maps everything to its shift maps nothing to 0.
    flat = bn | {"weight": [1, 0], "bias": [0, 1]}
    problem = refused(server, "bn_conv", weight=weight, bn=flat, padding=1, border="padding_value")
    assert problem["pointer"] == "/bn/weight" and "[1]" in problem["detail"]
    problem = refused(server, "bn_conv", weight=weight, bn=bn | {"bias": [0, 0, 0]})
    assert problem["pointer"] == "/bn/bias" and "input channel" in problem["detail"]


def test_the_wrong_answer_of_a_zero_border_is_told_apart(server):
    """What other tools give for a batch norm before a padded convolution: right inside, wrong at the border."""
    conv = nn.Conv2d(2, 3, 3, padding=1, dtype=torch.float64).eval()
    bn = batch_norm(2, 2, torch.float64)
    x = torch.randn(1, 2, 8, 8, dtype=torch.float64)
    fused = fuse(server, "bn_conv", weight=wire(conv.weight), bias=wire(conv.bias), bn=as_sent(bn))
    with torch.no_grad():
        gap = (run(fused, x, padding=1) - conv(bn(x))).abs()
    assert gap[..., 1:-1, 1:-1].max() < 1e-12 and gap.max() > 1e-2


@pytest.mark.parametrize("rank, dilation", [(1, 3), (2, 2), (2, [3, 1]), (3, 2)])
@pytest.mark.parametrize("groups", [1, 2])
def test_dilated_kernels_without_gaps(server, rank, dilation, groups):
    weight, bias = torch.randn([4, 4 // groups] + [3] * rank), torch.randn(4)
    fused = fuse(server, "dilate_to_dense", weight=wire(weight), bias=wire(bias), dilation=dilation, groups=groups, verify=True)
    x = torch.randn([1, 4] + [9] * rank)
    expected = FUNCTION[rank](x, weight, bias, dilation=dilation, groups=groups)
    assert_close(run(fused, x, groups=groups), expected)
    taps = np.prod(tensor(fused["weight"]).shape[2:])
    size = {1: 256, 2: 32, 3: 12}[rank] ** rank
    assert_verified(fused, 4 * 4 // groups * 3 ** rank * size, int(4 * 4 // groups * taps * size))


@pytest.mark.parametrize("shape, size", [([4, 2, 1], 5), ([4, 4, 1, 3], [3, 3]), ([2, 2, 2, 2], 4), ([2, 1, 1, 1, 1], [1, 3, 5])])
def test_kernels_in_the_middle_of_larger_ones(server, shape, size):
    weight = torch.randn(shape, dtype=torch.float64)
    groups = 4 // shape[1]
    if shape[0] % groups:
        groups = 1
    fused = fuse(server, "pad_kernel", weight=wire(weight), kernel_size=size, groups=groups, verify=True)
    larger = tensor(fused["weight"])
    sizes = [size] * (len(shape) - 2) if isinstance(size, int) else size
    pads = [p for big, small in zip(reversed(sizes), reversed(shape[2:])) for p in [(big - small) // 2] * 2]
    assert torch.equal(larger, nn.functional.pad(weight, pads)) and fused["verify"]["all_close"]


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_the_identity_is_a_convolution(server, groups):
    for size, rank in [(1, 2), (3, 2), ([5], 1), ([3, 1, 5], 3)]:
        fused = fuse(server, "identity_to_conv", channels=4, groups=groups, kernel_size=size, dtype="float64", verify=True)
        weight = tensor(fused["weight"])
        assert weight.dim() == rank + 2 and weight.sum() == 4 and fused["verify"]["max_abs_diff"] == 0
        x = torch.randn([2, 4] + [6] * rank, dtype=torch.float64)
        padding = [s // 2 for s in weight.shape[2:]]
        assert torch.equal(FUNCTION[rank](x, weight.double(), padding=padding, groups=groups), x)


@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize("size", [2, 3, [5], [2, 3, 1]])
def test_average_pooling_is_a_convolution(server, size, groups):
    rank = 2 if isinstance(size, int) else len(size)
    fused = fuse(server, "avg_pool_to_conv", channels=4, groups=groups, kernel_size=size, count_include_pad=True,
                 format="flat", dtype="float64", verify=True)
    x = torch.randn([2, 4] + [7] * rank, dtype=torch.float64)
    expected = AVERAGE_POOL[rank](size, stride=2, padding=1 if rank < 3 else 0)(x)
    assert_close(run(fused, x, stride=2, padding=1 if rank < 3 else 0, groups=groups), expected)
    assert fused["verify"]["all_close"]


def test_means_that_are_no_convolutions_are_refused(server):
    problem = refused(server, "avg_pool_to_conv", channels=2, kernel_size=3, count_include_pad=False)
    assert problem["pointer"] == "/count_include_pad" and "border" in problem["detail"]
    problem = refused(server, "avg_pool_to_conv", channels=2, kernel_size=3, ceil_mode=True)
    assert problem["pointer"] == "/ceil_mode"
    divided = fuse(server, "avg_pool_to_conv", channels=1, kernel_size=2, divisor_override=2)
    assert divided["weight"] == [[[[0.5, 0.5], [0.5, 0.5]]]]


@pytest.mark.parametrize("operation, fields, pointer, word", [
    ("pad_kernel", {"weight": [[[[1]]]], "kernel_size": 2}, "/kernel_size", "even number"),
    ("pad_kernel", {"weight": [[[[1, 2, 3]]]], "kernel_size": 1}, "/kernel_size", "larger"),
    ("pad_kernel", {"weight": [[[[1]]]], "kernel_size": 100_001}, "/kernel_size", "elements"),
    ("pad_kernel", {"weight": [[[[1]]]]}, "/kernel_size", "3"),
    ("dilate_to_dense", {"weight": [[[1, 2]]], "dilation": 0}, "/dilation", "at least 1"),
    ("dilate_to_dense", {"weight": [[[1, 2]]], "dilation": 1 << 38}, "/dilation", "smaller"),
    ("dilate_to_dense", {"weight": [[[1, 2]]], "dilation": [1, 2]}, "/dilation", "one number"),
    ("dilate_to_dense", {"weight": [[[1, 2]]]}, "/dilation", "2"),
    ("identity_to_conv", {"channels": 2, "kernel_size": 2}, "/kernel_size", "centred"),
    ("identity_to_conv", {"channels": 0, "kernel_size": 1}, "/channels", "at least 1"),
    ("identity_to_conv", {"channels": 3, "groups": 2, "kernel_size": 1}, "/groups", "divide"),
    ("identity_to_conv", {"channels": 1 << 40, "kernel_size": 1}, "/kernel_size", "elements"),
    ("avg_pool_to_conv", {"channels": 2, "kernel_size": [1, 1, 1, 1]}, "/kernel_size", "1 to 3"),
    ("avg_pool_to_conv", {"channels": 2, "kernel_size": 2, "divisor_override": 0}, "/divisor_override", "at least 1"),
    ("bn_conv", {"weight": [[[1]]], "bn": {"running_mean": [0], "running_var": [1]}, "padding": -1}, "/padding", "at least 0"),
    ("bn_conv", {"weight": [[[1]]], "bn": {"running_mean": [0], "running_var": [1]}, "border": "zeros"}, "/border", "padding_value"),
    ("bn_conv", {"weight": [[[1]]], "bn": {"running_mean": [0], "running_var": [1]}, "stride": 1}, "/stride", "padding"),
])
def test_refusals(server, operation, fields, pointer, word):
    problem = refused(server, operation, **fields)
    assert problem["pointer"] == pointer and word in problem["detail"], problem


@pytest.mark.parametrize("groups", [1, 4])
def test_branches_with_dilated_kernels(server, groups):
    """UniRepLKNet: a large kernel beside small ones that are far apart, each with its batch norm."""
    x = torch.randn(1, 4, 17, 17, dtype=torch.float64)
    expected, branches = 0, []
    for seed, (size, dilation) in enumerate([(9, 1), (5, 2), (3, 4), (3, 3)]):
        conv = nn.Conv2d(4, 4, size, padding=dilation * (size - 1) // 2, dilation=dilation, groups=groups, bias=False,
                         dtype=torch.float64)
        bn = batch_norm(2, 4, torch.float64, seed)
        with torch.no_grad():
            expected = expected + bn(conv(x))
        branches.append({"kind": "conv", "weight": wire(conv.weight), "dilation": dilation, "bn": as_sent(bn)})
    fused = fuse(server, "repvgg", branches=branches, groups=groups, verify=True)
    assert_close(run(fused, x, padding=4, groups=groups), expected)
    per = 4 * 4 // groups * 32 * 32
    assert_verified(fused, per * (81 + 25 + 9 + 9), per * 81)
    problem = refused(server, "repvgg", branches=[{"kind": "identity", "dilation": 2}] + branches)
    assert problem["pointer"] == "/branches/0/dilation"


def module(rank, conv, bn):
    return nn.Sequential(conv, bn) if bn else conv


def layer(conv, bn=None):
    sent = {"weight": wire(conv.weight), "stride": list(conv.stride), "padding": list(conv.padding),
            "dilation": list(conv.dilation), "groups": conv.groups}
    return sent | ({"bias": wire(conv.bias)} if conv.bias is not None else {}) | ({"bn": as_sent(bn)} if bn else {})


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("rank, first, second", [
    (2, dict(kernel_size=1), dict(kernel_size=3)),
    (2, dict(kernel_size=3, padding=1), dict(kernel_size=1)),
    (2, dict(kernel_size=1, stride=2, padding=1), dict(kernel_size=3, stride=2)),
    (2, dict(kernel_size=(3, 1), padding=(1, 0), stride=(2, 1)), dict(kernel_size=(1, 3), dilation=(1, 2))),
    (2, dict(kernel_size=3, dilation=2, padding=2, groups=8), dict(kernel_size=1)),
    (2, dict(kernel_size=3, groups=4, padding=1), dict(kernel_size=3, groups=2)),
    (2, dict(kernel_size=1, groups=2), dict(kernel_size=3, groups=4)),
    (1, dict(kernel_size=5, stride=3), dict(kernel_size=4, dilation=2, groups=2)),
    (3, dict(kernel_size=1, groups=2), dict(kernel_size=2, groups=2)),
])
def test_convolutions_behind_each_other(server, rank, first, second, dtype):
    a = CONV[rank](8, 8, dtype=dtype, **first).eval()
    b = CONV[rank](8, 12, dtype=dtype, bias=rank == 2, **second).eval()
    norms = [batch_norm(rank, 8, dtype, 1), batch_norm(rank, 12, dtype, 2)]
    for bns in [(None, None), norms]:
        fused = fuse(server, "sequential", layers=[layer(a, bns[0]), layer(b, bns[1])], verify=True)
        assert fused["verify"]["all_close"], fused["verify"]
        x = torch.randn([2, 8] + [33 if rank == 1 else 17] * rank, dtype=dtype)
        with torch.no_grad():
            expected = module(rank, b, bns[1])(module(rank, a, bns[0])(x))
        assert_close(run(fused, x, stride=fused["stride"], padding=fused["padding"], groups=fused["groups"]), expected)


class BNAndPad(nn.Module):
    """Of Diverse Branch Blocks: the border is what the batch norm makes of zeros."""
    def __init__(self, bn, width):
        super().__init__()
        self.bn, self.width = bn, width

    def forward(self, x):
        bn, width = self.bn, self.width
        value = bn.bias - bn.running_mean * bn.weight / torch.sqrt(bn.running_var + bn.eps)
        y = bn(x)
        padded = value.reshape(1, -1, 1, 1).expand(y.shape[0], -1, y.shape[2] + 2 * width, y.shape[3] + 2 * width).clone()
        padded[..., width:-width, width:-width] = y
        return padded


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_the_third_transform_of_diverse_branch_blocks(server, groups):
    a = nn.Conv2d(4, 8, 1, groups=groups, bias=False, dtype=torch.float64)
    b = nn.Conv2d(8, 8, 3, padding=1, groups=groups, bias=False, dtype=torch.float64)
    norms = [batch_norm(2, 8, torch.float64, seed) for seed in (1, 2)]
    x = torch.randn(2, 4, 9, 9, dtype=torch.float64)
    layers = [layer(a, norms[0]), layer(b, norms[1])]
    problem = refused(server, "sequential", layers=layers)
    assert problem["pointer"] == "/layers/1/padding" and "bias" in problem["detail"]
    fused = fuse(server, "sequential", layers=layers, border="bias", verify=True)
    with torch.no_grad():
        expected = norms[1](nn.functional.conv2d(BNAndPad(norms[0], 1)(a(x)), b.weight, groups=groups))
        assert_close(run(fused, x, padding=1, groups=groups), expected)
        # With the zeros of a plain padding it would have been wrong, at the border only.
        gap = (run(fused, x, padding=1, groups=groups) - norms[1](b(norms[0](a(x))))).abs()
    assert gap[..., 1:-1, 1:-1].max() < 1e-12 and gap.max() > 1e-2
    assert fused["padding"] == [1, 1] and fused["verify"]["max_rel_diff"] < 1e-12
    # Without a bias zeros stay zeros.
    plain = fuse(server, "sequential", layers=[layer(a), layer(b)], verify=True)
    with torch.no_grad():
        assert_close(run(plain, x, padding=1, groups=groups), b(a(x)))


def test_three_layers_and_what_they_must_be(server):
    convs = [nn.Conv1d(3, 5, 3, padding=2, dtype=torch.float64), nn.Conv1d(5, 4, 2, stride=2, dtype=torch.float64),
             nn.Conv1d(4, 6, 3, dilation=2, dtype=torch.float64)]
    fused = fuse(server, "sequential", layers=[layer(conv) for conv in convs], verify=True)
    x = torch.randn(2, 3, 40, dtype=torch.float64)
    with torch.no_grad():
        assert_close(run(fused, x, stride=fused["stride"], padding=fused["padding"]), nn.Sequential(*convs)(x))
    one, two = torch.randn(4, 3, 1, 1), torch.randn(4, 4, 3, 3)
    for layers, pointer, word in [
        ([{"weight": wire(one)}], "/layers", "2 to"),
        ([{"weight": wire(two)}, {"weight": wire(one)}], "/layers/1/weight", "order"),
        ([{"weight": wire(one)}, {"weight": wire(two.double())}], "", "dtype"),
        ([{"weight": wire(one)}, {"weight": wire(torch.randn(4, 4, 3))}], "/layers/1/weight", "kernel dimensions"),
        ([{"weight": wire(two)}, {"weight": wire(two), "padding": 1}], "/layers/1/padding", "first layer"),
        ([{"weight": wire(one)}, {"weight": wire(two), "stride": 1 << 28, "dilation": 1 << 28}], "/layers", "smaller"),
        ([{"weight": wire(one)}, {"weight": wire(two), "padding": [1, 2, 3]}], "/layers/1/padding", "2, one for each"),
        ([{"weight": wire(one), "kernel": 3}, {"weight": wire(two)}], "/layers/0/kernel", "weight"),
    ]:
        response = requests.post(f"{server.url}/v1/fuse/sequential", json={"layers": layers}, timeout=60)
        assert response.status_code in (400, 422), response.text
        [problem] = response.json()["errors"]
        assert problem["pointer"].startswith(pointer) and word in problem["detail"], problem
    # A depthwise convolution of many channels in front of a pointwise one of few outputs: gigabytes on the way.
    depthwise = nn.Conv2d(6000, 6000, 3, groups=6000, bias=False)
    problem = refused(server, "sequential", layers=[layer(depthwise), layer(nn.Conv2d(6000, 1, 1))])
    assert problem["pointer"] == "/layers" and "elements" in problem["detail"]
    many = [layer(nn.Conv1d(1, 1, 1))] * 65
    assert refused(server, "sequential", layers=many)["pointer"] == "/layers"


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("stride", [1, 2])
def test_branches_behind_each_other(server, stride, dtype):
    convs = [nn.Conv2d(3, 4, 3, stride, padding=1, dtype=dtype), nn.Conv2d(3, 2, 1, stride, dtype=dtype),
             nn.Conv2d(3, 5, 3, stride, padding=2, dilation=2, bias=False, dtype=dtype)]
    norms = [batch_norm(2, 4, dtype, 1), None, batch_norm(2, 5, dtype, 2)]
    branches = []
    for conv, bn in zip(convs, norms):
        sent = {"kind": "conv", "weight": wire(conv.weight), "dilation": list(conv.dilation)}
        branches.append(sent | ({"bias": wire(conv.bias)} if conv.bias is not None else {}) | ({"bn": as_sent(bn)} if bn else {}))
    pool = nn.AvgPool2d(3, stride, padding=1)
    branches.append({"kind": "avg_pool", "kernel_size": 3})
    x = torch.randn(2, 3, 11, 12, dtype=dtype)
    with torch.no_grad():
        outputs = [bn(conv(x)) if bn else conv(x) for conv, bn in zip(convs, norms)] + [pool(x)]
        if stride == 1:
            branches.append({"kind": "identity"})
            outputs.append(x)
        fused = fuse(server, "concat", branches=branches, stride=stride, verify=True)
        assert_close(run(fused, x, stride=stride, padding=2), torch.cat(outputs, 1))
    assert fused["verify"]["all_close"]


def test_groups_cannot_be_put_behind_each_other(server):
    branches = [{"kind": "conv", "weight": [[[1]]]}, {"kind": "conv", "weight": [[[2], [1]]]}]
    problem = refused(server, "concat", branches=branches)
    assert problem["pointer"] == "/branches/1/weight" and "input channels" in problem["detail"]
    problem = refused(server, "concat", branches=branches[:1], groups=2)
    assert problem["pointer"] == "/groups"


TRANSPOSED = {1: nn.ConvTranspose1d, 2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("groups", [1, 2, 4, 8])
@pytest.mark.parametrize("transposed", [False, True])
def test_a_batch_norm_behind_a_convolution(server, transposed, groups, rank, dtype):
    """Transposed with groups is what torch's own fuse_conv_bn_eval cannot, and with C_in = C_out gets wrong elsewhere."""
    for stride, bias, channels in [(1, True, 8), (2, False, 16)]:
        conv = (TRANSPOSED if transposed else CONV)[rank](8, channels, 3, stride, 1, groups=groups, bias=bias, dtype=dtype)
        bn = batch_norm(rank, channels, dtype)
        sent = {"weight": wire(conv.weight), "bn": as_sent(bn), "groups": groups, "transposed": transposed}
        fused = fuse(server, "conv_bn", **sent, **({"bias": wire(conv.bias)} if bias else {}), verify=True)
        assert fused["verify"]["all_close"]
        x = torch.randn([2, 8] + [6] * rank, dtype=dtype)
        with torch.no_grad():
            expected = bn(conv(x))
            conv.weight.copy_(tensor(fused["weight"]))
            conv.bias = nn.Parameter(tensor(fused["bias"]))
            assert_close(conv(x), expected)


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("groups", [1, 2, 4, 8])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_blocks_of_repvgg_and_diverse_branches(server, groups, stride, dtype, rank):
    sizes = [(3,) * rank, (1,) * rank, (1,) * (rank - 1) + (3,), (3,) + (1,) * (rank - 1)]
    convs = [CONV[rank](8, 8, size, stride, tuple(k // 2 for k in size), groups=groups, bias=False, dtype=dtype)
             for size in sizes]
    norms = [batch_norm(rank, 8, dtype, seed) for seed in range(6)]
    branches = [{"kind": "conv", "weight": wire(conv.weight), "bn": as_sent(bn)} for conv, bn in zip(convs, norms)]
    branches.append({"kind": "avg_pool", "kernel_size": 3, "bn": as_sent(norms[4])})
    x = torch.randn([2, 8] + [9, 10, 7][:rank], dtype=dtype)
    pool = AVERAGE_POOL[rank]
    with torch.no_grad():
        expected = sum(bn(conv(x)) for conv, bn in zip(convs, norms)) + norms[4](pool(3, stride, 1)(x))
        if stride == 1:
            branches.append({"kind": "identity", "bn": as_sent(norms[5])})
            expected = expected + norms[5](x)
        fused = fuse(server, "repvgg", branches=branches, groups=groups, stride=stride, verify=True)
        assert_close(run(fused, x, stride=stride, padding=1, groups=groups), expected)
        # A mean that leaves the padding out is another one, at the border.
        other = expected - norms[4](pool(3, stride, 1)(x)) + norms[4](pool(3, stride, 1, count_include_pad=False)(x))
        assert (other - expected).abs().max() > 1e-2
    assert fused["verify"]["all_close"]


def test_what_composing_takes_is_bounded():
    """32 x 32 x 32 x 9 products, since the zeros between the channels of a depthwise kernel are multiplied too."""
    layers = [layer(nn.Conv2d(32, 32, 1)), layer(nn.Conv2d(32, 32, 3, groups=32))]
    with Convserve("--max-multiply-accumulates", "294911") as server:
        problem = refused(server, "sequential", layers=layers)
        assert problem["pointer"] == "/layers" and "294912" in problem["detail"]
    with Convserve("--max-multiply-accumulates", "294912") as server:
        fuse(server, "sequential", layers=layers)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("bias", [False, True])
def test_a_batch_norm_behind_a_linear_layer(server, bias, dtype):
    linear, bn = nn.Linear(6, 5, bias=bias, dtype=dtype), batch_norm(1, 5, dtype)
    x = torch.randn(9, 6, dtype=dtype)
    sent = {"weight": wire(linear.weight), "bn": as_sent(bn)} | ({"bias": wire(linear.bias)} if bias else {})
    with torch.no_grad():
        for probe in [{}, {"input": wire(x)}, {"input": wire(x[0])}]:
            fused = fuse(server, "conv_bn", **sent, **probe, verify=True)
            assert fused["verify"]["all_close"] and fused["verify"]["fused_macs"] % 30 == 0
        assert_close(nn.functional.linear(x, tensor(fused["weight"]), tensor(fused["bias"])), bn(linear(x)))
    problem = refused(server, "conv_bn", **sent, verify=True, input_size=8)
    assert problem["pointer"] == "/input_size" and "linear" in problem["detail"]
    problem = refused(server, "conv_bn", **sent, groups=5)
    assert problem["pointer"] == "/weight"


def exact(conv, bn):
    """Weight and bias in float64, from tensors of whatever dtype."""
    scale = bn.weight.double() / torch.sqrt(bn.running_var.double() + bn.eps)
    bias = conv.bias.double() if conv.bias is not None else 0
    shape = [-1] + [1] * (conv.weight.dim() - 1)
    return conv.weight.double() * scale.reshape(shape), (bias - bn.running_mean.double()) * scale + bn.bias.double()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_weights_are_rounded_once(server, dtype):
    """What is returned is the exact result in the dtype of the weights, to the last bit but for ties of float64's own rounding."""
    convs = [nn.Conv2d(16, 16, size, padding=size // 2).to(dtype) for size in (3, 1)]
    norms = [batch_norm(2, 16, torch.float32, seed) for seed in (1, 2)]
    with torch.no_grad():
        parts = [exact(conv, bn) for conv, bn in zip(convs, norms)]
        single = fuse(server, "conv_bn", weight=wire(convs[0].weight), bias=wire(convs[0].bias), bn=as_sent(norms[0]))
        branches = [{"kind": "conv", "weight": wire(c.weight), "bias": wire(c.bias), "bn": as_sent(b)} for c, b in zip(convs, norms)]
        both = fuse(server, "repvgg", branches=branches)
        summed = parts[0][0] + nn.functional.pad(parts[1][0], [1] * 4), parts[0][1] + parts[1][1]
    for fused, (weight, bias) in [(single, parts[0]), (both, summed)]:
        for got, expected in [(tensor(fused["weight"]), weight), (tensor(fused["bias"]), bias)]:
            assert got.dtype == dtype
            differing = got != expected.to(dtype)
            assert differing.float().mean() < 1e-3
            ulp = torch.finfo(dtype).eps * expected.abs().clamp(min=torch.finfo(dtype).smallest_normal)
            assert ((got.double() - expected).abs() <= ulp * 0.5000001).all()


def test_ranges_that_grow_are_told(server):
    weight = torch.randn(8, 4, 3, 3)
    bn = {"weight": [1] * 8, "bias": [0] * 8, "running_mean": [0] * 8, "running_var": [1.0] * 8}
    assert "warnings" not in fuse(server, "conv_bn", weight=wire(weight), bn=bn)
    dead = bn | {"running_var": [1] * 7 + [1e-12]}
    warnings = fuse(server, "conv_bn", weight=wire(weight), bn=dead)["warnings"]
    assert "channel 7" in warnings[0] and "316" in warnings[0]
    assert any("int8" in warning for warning in warnings)
    huge = bn | {"weight": [1e6] + [1] * 7}
    warnings = fuse(server, "repvgg", branches=[{"kind": "conv", "weight": wire(weight), "bn": huge}])["warnings"]
    assert any("65504" in warning for warning in warnings)
    warnings = fuse(server, "bn_conv", weight=wire(torch.randn(2, 8, 1, 1)), bn=dead)["warnings"]
    assert "channel 7" in warnings[0]


def safetensors_body(fields):
    """Tensors by their dotted names, and everything else as metadata."""
    tensors, words = {}, {}

    def walk(name, value):
        if isinstance(value, torch.Tensor):
            tensors[name] = value.detach().contiguous()
        elif isinstance(value, dict):
            for key, item in value.items():
                walk(f"{name}.{key}" if name else key, item)
        elif isinstance(value, list) and any(isinstance(item, (dict, torch.Tensor)) for item in value):
            for index, item in enumerate(value):
                walk(f"{name}.{index}", item)
        else:
            words[name] = value if isinstance(value, str) else json.dumps(value)

    walk("", fields)
    return tensors, words


def as_json(value):
    if isinstance(value, torch.Tensor):
        return wire(value)
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    return [as_json(item) for item in value] if isinstance(value, list) else value


def statistics(channels, seed=0):
    bn = batch_norm(2, channels, torch.float32, seed)
    return {name: getattr(bn, name).detach() for name in ["weight", "bias", "running_mean", "running_var"]}


OPERATIONS = {
    "conv_bn": {"weight": torch.randn(4, 3, 3, 3), "bias": torch.randn(4), "bn": statistics(4)},
    "bn_conv": {"weight": torch.randn(4, 3, 3, 3), "bn": statistics(3), "padding": 1, "border": "padding_value"},
    "repvgg": {"branches": [{"kind": "conv", "weight": torch.randn(4, 4, 3, 3), "bn": statistics(4)},
                            {"kind": "avg_pool", "kernel_size": 3}, {"kind": "identity", "bn": statistics(4, 1)}]},
    "sequential": {"layers": [{"weight": torch.randn(4, 3, 1, 1), "bn": statistics(4)}, {"weight": torch.randn(5, 4, 3, 3)}]},
    "concat": {"branches": [{"kind": "conv", "weight": torch.randn(4, 3, 3, 3)}, {"kind": "identity", "bn": statistics(3)}]},
    "pad_kernel": {"weight": torch.randn(4, 3, 1, 3), "kernel_size": [3, 5]},
    "identity_to_conv": {"channels": 4, "kernel_size": 3},
    "avg_pool_to_conv": {"channels": 4, "kernel_size": 3},
    "dilate_to_dense": {"weight": torch.randn(4, 3, 3, 3), "dilation": 2},
}


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("encoding", ["safetensors", "npz"])
def test_binary_encodings_say_the_same(server, operation, encoding):
    fields = OPERATIONS[operation]
    expected = fuse(server, operation, **as_json(fields), format="flat")
    tensors, words = safetensors_body(fields)
    url, arrays = f"{server.url}/v1/fuse/{operation}", {name: value.numpy() for name, value in tensors.items()}
    if not arrays:  # without a tensor there is no file to send
        response = requests.post(url, json=fields, headers={"Accept": f"application/{'vnd.safetensors' if encoding == 'safetensors' else 'x-npz'}"})
    elif encoding == "safetensors":
        response = requests.post(url, data=safetensors.numpy.save(arrays, metadata=words),
                                 headers={"Content-Type": "application/vnd.safetensors"})
    else:
        body = io.BytesIO()
        np.savez(body, **arrays)
        response = requests.post(url, params=words, data=body.getvalue(), headers={"Content-Type": "application/x-npz"})
    assert response.status_code == 200, response.text[:1000]
    reply = safetensors.numpy.load(response.content) if encoding == "safetensors" else np.load(io.BytesIO(response.content))
    for name in ["weight", "bias"]:
        assert np.array_equal(reply[name], tensor(expected[name]).numpy()), name
