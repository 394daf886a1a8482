# SPDX-License-Identifier: Apache-2.0
"""Layers, PyTorch's fused weights and PyTorch's unfused outputs; writes fusion.json beside itself.

Everything is float64 and in evaluation mode. `fused` is what torch.nn.utils.fusion makes of a
convolution and its batch norm (null for grouped transposed ones, which it cannot fuse), or what the
formulas of RepVGG's repvgg.py make of a block. Needs torch (made with 2.13).
"""

import json
import pathlib

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

CONVOLUTIONS = {
    (1, False): nn.Conv1d, (2, False): nn.Conv2d, (3, False): nn.Conv3d,
    (1, True): nn.ConvTranspose1d, (2, True): nn.ConvTranspose2d, (3, True): nn.ConvTranspose3d,
}
NORMS = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d}
POOLS = {1: nn.AvgPool1d, 2: nn.AvgPool2d, 3: nn.AvgPool3d}


def short(*shape):
    """Noise that takes few digits."""
    return torch.randint(-16, 17, shape, dtype=torch.float64) / 8


def norm(channels, rank, affine=True, eps=1e-5):
    bn = NORMS[rank](channels, affine=affine, eps=eps, dtype=torch.float64).eval()
    bn.running_mean.copy_(short(channels))
    bn.running_var.copy_(short(channels).abs() + 0.25)
    if affine:
        bn.weight.data.copy_(short(channels))
        bn.bias.data.copy_(short(channels))
    return bn


def convolution(inputs, outputs, kernel, transposed=False, **options):
    layer = CONVOLUTIONS[len(kernel), transposed](
        inputs, outputs, kernel, dtype=torch.float64, **options).eval()
    for parameter in layer.parameters():
        parameter.data.copy_(short(*parameter.shape))
    return layer


def plain(tensor):
    return None if tensor is None else {"shape": list(tensor.shape),
                                        "data": tensor.flatten().tolist()}


def statistics(bn):
    values = {name: getattr(bn, name) for name in ("weight", "bias", "running_mean", "running_var")}
    return {name: None if value is None else value.tolist() for name, value in values.items()} | {
        "eps": bn.eps}


def layer_case(name, inputs, outputs, kernel, affine=True, eps=1e-5, transposed=False, **options):
    conv = convolution(inputs, outputs, kernel, transposed, **options)
    bn = norm(outputs, len(kernel), affine, eps)
    input = short(1, inputs, *(size + 1 for size in kernel))
    fused = None
    if not (transposed and conv.groups > 1):
        one = fuse_conv_bn_eval(conv, bn, transpose=transposed)
        fused = {"weight": plain(one.weight), "bias": plain(one.bias)}
    return {
        "name": name, "groups": conv.groups, "transposed": transposed,
        "weight": plain(conv.weight), "bias": plain(conv.bias), "bn": statistics(bn),
        "stride": list(conv.stride), "padding": list(conv.padding),
        "dilation": list(conv.dilation), "input": plain(input), "output": plain(bn(conv(input))),
        "fused": fused,
    }


def folded(weight, bias, bn):
    """RepVGG's _fuse_bn_tensor."""
    if bn is None:
        return weight, torch.zeros(len(weight), dtype=weight.dtype) if bias is None else bias
    gamma = torch.ones_like(bn.running_var) if bn.weight is None else bn.weight
    beta = torch.zeros_like(bn.running_var) if bn.bias is None else bn.bias
    scale = gamma / (bn.running_var + bn.eps).sqrt()
    mean = bn.running_mean - (0 if bias is None else bias)
    return weight * scale.view(-1, *[1] * (weight.dim() - 1)), beta - mean * scale


def centred(weight, kernel):
    """RepVGG's _pad_1x1_to_3x3_tensor, for any sizes."""
    pads = [(large - small) // 2 for large, small in zip(kernel, weight.shape[2:])]
    return nn.functional.pad(weight, [pad for pad in reversed(pads) for _ in "lr"])


class Block:
    """Branches with half their kernel as padding, added."""

    def __init__(self, inputs, outputs, rank=2, groups=1, stride=1):
        self.inputs, self.outputs, self.rank = inputs, outputs, rank
        self.groups, self.stride = groups, stride
        self.branches, self.descriptions, self.folded = [], [], []

    def add(self, kind, layer, description, weight, bias, bn):
        self.branches.append(nn.Sequential(layer, *([bn] if bn else [])))
        self.descriptions.append(
            {"kind": kind, **description, "bn": statistics(bn) if bn else None})
        self.folded.append(folded(weight, bias, bn))

    def norm(self, wanted):
        return norm(self.outputs, self.rank) if wanted else None

    def conv(self, *kernel, bn=True, bias=False):
        layer = convolution(
            self.inputs, self.outputs, kernel, groups=self.groups, stride=self.stride, bias=bias,
            padding=[size // 2 for size in kernel])
        description = {"weight": plain(layer.weight), "bias": plain(layer.bias)}
        self.add("conv", layer, description, layer.weight, layer.bias, self.norm(bn))
        return self

    def diagonal(self, kernel):
        weight = torch.zeros(self.outputs, self.inputs // self.groups, *kernel).double()
        for channel in range(self.outputs):
            weight[channel, channel % (self.inputs // self.groups)] = 1
        return weight

    def identity(self, bn=True):
        self.add("identity", nn.Identity(), {}, self.diagonal([1] * self.rank), None, self.norm(bn))
        return self

    def pool(self, size, bn=True):
        kernel = [size] * self.rank
        layer = POOLS[self.rank](size, self.stride, size // 2, count_include_pad=True)
        weight = self.diagonal(kernel) / size ** self.rank
        self.add("avg_pool", layer, {"kernel_size": [size]}, weight, None, self.norm(bn))
        return self

    def case(self, name):
        kernel = [max(weight.shape[2 + d] for weight, _ in self.folded) for d in range(self.rank)]
        input = short(1, self.inputs, *[3, 4, 3][-self.rank:])
        return {
            "name": name, "groups": self.groups, "stride": [self.stride] * self.rank,
            "branches": self.descriptions, "input": plain(input),
            "output": plain(sum(branch(input) for branch in self.branches)),
            "fused": {
                "weight": plain(sum(centred(weight, kernel) for weight, _ in self.folded)),
                "bias": plain(sum(bias for _, bias in self.folded)),
            },
        }


def layers():
    yield layer_case("1-d", 2, 3, (3,))
    yield layer_case("2-d, stride, padding, dilation", 2, 3, (3, 2), stride=2, padding=1,
                     dilation=2)
    yield layer_case("3-d", 1, 2, (1, 2, 2))
    yield layer_case("no bias, another eps", 2, 3, (2, 2), bias=False, eps=1e-3)
    yield layer_case("affine-free", 2, 3, (2, 2), affine=False)
    yield layer_case("grouped", 4, 6, (2, 2), groups=2)
    yield layer_case("depthwise", 3, 6, (2, 2), groups=3)
    yield layer_case("transposed", 3, 3, (2, 2), transposed=True, stride=2, padding=1)
    yield layer_case("transposed, no bias, 1-d", 2, 3, (3,), transposed=True, bias=False)
    yield layer_case("transposed, grouped", 4, 6, (2, 2), transposed=True, groups=2, stride=2)
    yield layer_case("transposed, grouped, C_in = C_out", 4, 4, (2, 1), transposed=True, groups=2)
    yield layer_case("transposed, grouped, 3-d", 4, 2, (1, 2, 2), transposed=True, groups=2)


def blocks():
    yield Block(3, 3).conv(3, 3).conv(1, 1).identity().case("RepVGG")
    yield Block(4, 4, groups=2).conv(3, 3).conv(1, 1).identity().case("RepVGG, grouped")
    yield Block(2, 3, stride=2).conv(3, 3).conv(1, 1).case("RepVGG, stride 2")
    yield Block(2, 2).conv(3, 3, bn=False, bias=True).conv(1, 1, bn=False, bias=True).identity(
        bn=False).case("no batch norm")
    yield Block(2, 2).conv(3, 3).conv(3, 1).conv(1, 3, bias=True).case("ACNet")
    yield Block(2, 2, rank=1).conv(5, bias=True).conv(3).conv(1).identity().case("three sizes, 1-d")
    yield Block(2, 2, rank=3).conv(3, 1, 1).conv(1, 1, 3).identity().case("3-d")
    yield Block(2, 2, groups=2).conv(1, 1).pool(3).identity(bn=False).case("pool, depthwise")
    yield Block(2, 2, stride=2).conv(3, 3).pool(3, bn=False).case("pool, stride 2")


def main():
    torch.manual_seed(2026)
    with torch.no_grad():
        fixture = {"layers": list(layers()), "blocks": list(blocks())}
    text = json.dumps(fixture, separators=(",", ":")).replace(".0,", ",").replace(".0]", "]")
    pathlib.Path(__file__).with_suffix(".json").write_text(text + "\n")


if __name__ == "__main__":
    main()
