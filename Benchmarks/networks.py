#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes networks.json: every distinct convolution of well-known networks, batch 1.

    python Benchmarks/networks.py             writes the file, prints layers and work of each network
    python Benchmarks/networks.py --check     exit code 1 if the file is not what would be written

A network below is its definition, walked with shapes instead of tensors. A layer that occurs more than
once has a "count" and the name of its first place: resnet50_layer2.0_conv2_3x3s2_128_56 is conv2 of
block 0 of layer2, a 3x3 kernel of stride 2 from 128 to 128 channels on a map of 56 x 56.
"""
import argparse
import json
import math
import pathlib
import sys

FILE = pathlib.Path(__file__).resolve().parent / "networks.json"
DEFAULTS = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1, "output_padding": 0}


class Network:
    """Collects layers; shapes are [N, C, *S]."""

    def __init__(self, name):
        self.name = name
        self.layers = {}  # what a layer computes: its entry

    def conv(self, place, shape, channels, kernel, *, transposed=False, **options):
        """Adds a layer; returns the shape of its output. `kernel` is a number, for all dimensions."""
        rank = len(shape) - 2
        options = {name: options.get(name, default) for name, default in DEFAULTS.items()}
        groups = options["groups"]
        ends = [shape[1], channels // groups] if transposed else [channels, shape[1] // groups]
        computed = {
            "op": f"conv{'_transpose' * transposed}{rank}d", "input": shape,
            "weight": ends + [kernel] * rank}
        computed |= {name: value for name, value in options.items() if value != DEFAULTS[name]}
        if known := self.layers.get(json.dumps(computed)):
            known["count"] = known.get("count", 1) + 1
        else:
            self.layers[json.dumps(computed)] = {
                "network": self.name, "name": self.layer_name(place, shape, channels, kernel, options),
                **computed}
        size = transposed_size if transposed else forward_size
        return [shape[0], channels] + [size(extent, kernel, options) for extent in shape[2:]]

    def layer_name(self, place, shape, channels, kernel, options):
        """The network, the place, the kernel with what is unusual about it, channels, size."""
        form = "x".join([str(kernel)] * (len(shape) - 2)) if len(shape) > 3 else f"k{kernel}"
        form += "".join(
            f"{letter}{options[name]}" for letter, name in
            (("s", "stride"), ("d", "dilation"), ("g", "groups")) if options[name] != 1)
        between = f"{shape[1]}" if shape[1] == channels else f"{shape[1]}_{channels}"
        sizes = shape[2:] if len(set(shape[2:])) > 1 else shape[2:3]
        return f"{self.name}_{place}_{form}_{between}_" + "x".join(map(str, sizes))


def forward_size(extent, kernel, options):
    reach = options["dilation"] * (kernel - 1) + 1
    return (extent + 2 * options["padding"] - reach) // options["stride"] + 1


def transposed_size(extent, kernel, options):
    reach = options["dilation"] * (kernel - 1) + 1
    return (extent - 1) * options["stride"] - 2 * options["padding"] + reach + options["output_padding"]


def pooled(shape, kernel=2, stride=2, padding=0):
    """Pooling: spatial sizes alone change."""
    options = DEFAULTS | {"stride": stride, "padding": padding}
    return shape[:2] + [forward_size(extent, kernel, options) for extent in shape[2:]]


def resnet50(net):
    """He et al. 2015, with the stride in the 3x3 layer (torchvision's, called v1.5)."""
    x = pooled(net.conv("conv1", [1, 3, 224, 224], 64, 7, stride=2, padding=3), 3, 2, 1)
    for stage, (blocks, width) in enumerate(((3, 64), (4, 128), (6, 256), (3, 512)), 1):
        for block in range(blocks):
            place, stride = f"layer{stage}.{block}", 2 if stage > 1 and block == 0 else 1
            y = net.conv(f"{place}_conv1", x, width, 1)
            y = net.conv(f"{place}_conv2", y, width, 3, stride=stride, padding=1)
            y = net.conv(f"{place}_conv3", y, 4 * width, 1)
            if block == 0:
                net.conv(f"{place}_downsample", x, 4 * width, 1, stride=stride)
            x = y


def vgg16(net):
    """Simonyan & Zisserman 2014, configuration D."""
    x = [1, 3, 224, 224]
    for stage, (layers, width) in enumerate(((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)), 1):
        for layer in range(1, layers + 1):
            x = net.conv(f"conv{stage}_{layer}", x, width, 3, padding=1)
        x = pooled(x)


def mobilenetv2(net):
    """Sandler et al. 2018, table 2; places are torchvision's features."""
    x = net.conv("features.0", [1, 3, 224, 224], 32, 3, stride=2, padding=1)
    place = 1
    for expansion, width, blocks, stride in (
            (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
            (6, 160, 3, 2), (6, 320, 1, 1)):
        for block in range(blocks):
            hidden = expansion * x[1]
            if expansion > 1:
                x = net.conv(f"features.{place}_expand", x, hidden, 1)
            x = net.conv(f"features.{place}_depthwise", x, hidden, 3, padding=1, groups=hidden,
                         stride=stride if block == 0 else 1)
            x = net.conv(f"features.{place}_project", x, width, 1)
            place += 1
    net.conv(f"features.{place}", x, 1280, 1)


def efficientnet_b0(net):
    """Tan & Le 2019, table 1, squeeze-and-excitation included."""
    x = net.conv("stem", [1, 3, 224, 224], 32, 3, stride=2, padding=1)
    for stage, (expansion, kernel, width, blocks, stride) in enumerate((
            (1, 3, 16, 1, 1), (6, 3, 24, 2, 2), (6, 5, 40, 2, 2), (6, 3, 80, 3, 2),
            (6, 5, 112, 3, 1), (6, 5, 192, 4, 2), (6, 3, 320, 1, 1)), 1):
        for block in range(blocks):
            place, before, hidden = f"stage{stage}.{block}", x[1], expansion * x[1]
            if expansion > 1:
                x = net.conv(f"{place}_expand", x, hidden, 1)
            x = net.conv(f"{place}_depthwise", x, hidden, kernel, padding=kernel // 2,
                         groups=hidden, stride=stride if block == 0 else 1)
            squeezed = net.conv(f"{place}_squeeze", [1, hidden, 1, 1], before // 4, 1)
            net.conv(f"{place}_excite", squeezed, hidden, 1)
            x = net.conv(f"{place}_project", x, width, 1)
    net.conv("head", x, 1280, 1)


def convnext_t(net):
    """Liu et al. 2022; pointwise layers as the 1x1 convolutions that they are."""
    x = net.conv("stem", [1, 3, 224, 224], 96, 4, stride=4)
    for stage, (blocks, width) in enumerate(((3, 96), (3, 192), (9, 384), (3, 768))):
        if stage:
            x = net.conv(f"downsample{stage}", x, width, 2, stride=2)
        for block in range(blocks):
            place = f"stage{stage}.{block}"
            x = net.conv(f"{place}_depthwise", x, width, 7, padding=3, groups=width)
            x = net.conv(f"{place}_pointwise1", x, 4 * width, 1)
            x = net.conv(f"{place}_pointwise2", x, width, 1)


def repvgg(net, blocks, a, b):
    """Ding et al. 2021, table 2, after fusion: 3x3 alone."""
    x = net.conv("stage0", [1, 3, 224, 224], int(min(64, 64 * a)), 3, stride=2, padding=1)
    widths = 64 * a, 128 * a, 256 * a, 512 * b
    for stage, (count, width) in enumerate(zip(blocks, widths), 1):
        for block in range(count):
            x = net.conv(f"stage{stage}.{block}", x, int(width), 3, padding=1,
                         stride=2 if block == 0 else 1)


def repvgg_a0(net):
    repvgg(net, (2, 4, 14, 1), 0.75, 2.5)


def repvgg_b1(net):
    repvgg(net, (4, 6, 16, 1), 2, 4)


def unet(net):
    """Ronneberger et al. 2015, padded, so that 256 x 256 stay 256 x 256."""
    def double(place, x, width):
        x = net.conv(f"{place}_conv1", x, width, 3, padding=1)
        return net.conv(f"{place}_conv2", x, width, 3, padding=1)

    widths = 64, 128, 256, 512, 1024
    x, skipped = [1, 1, 256, 256], []
    for level, width in enumerate(widths):
        x = double(f"down{level}", pooled(x) if level else x, width)
        skipped.append(x)
    for level, width in reversed(list(enumerate(widths[:-1]))):
        x = net.conv(f"up{level}_upconv", x, width, 2, stride=2, transposed=True)
        x = double(f"up{level}", [1, x[1] + skipped[level][1], *x[2:]], width)
    net.conv("head", x, 2, 1)


def dcgan_generator(net):
    """Radford et al. 2015 for 64 x 64, in the widths of PyTorch's example."""
    x = net.conv("conv1", [1, 100, 1, 1], 512, 4, transposed=True)
    for layer, width in enumerate((256, 128, 64, 3), 2):
        x = net.conv(f"conv{layer}", x, width, 4, stride=2, padding=1, transposed=True)


def dcgan_discriminator(net):
    x = [1, 3, 64, 64]
    for layer, width in enumerate((64, 128, 256, 512), 1):
        x = net.conv(f"conv{layer}", x, width, 4, stride=2, padding=1)
    net.conv("conv5", x, 1, 4)


def hifigan_v1(net):
    """Kong et al. 2020, generator V1, 100 frames of an 80-band mel spectrogram."""
    x = net.conv("pre", [1, 80, 100], 512, 7, padding=3)
    for level, (rate, kernel) in enumerate(((8, 16), (8, 16), (2, 4), (2, 4))):
        x = net.conv(f"up{level}", x, x[1] // 2, kernel, stride=rate, padding=(kernel - rate) // 2,
                     transposed=True)
        for size in (3, 7, 11):
            for dilation in (1, 3, 5):
                for part, spread in ((1, dilation), (2, 1)):
                    net.conv(f"res{level}.k{size}_convs{part}", x, x[1], size, dilation=spread,
                             padding=spread * (size - 1) // 2)
    net.conv("post", x, 1, 7, padding=3)


def wav2vec2(net):
    """Baevski et al. 2020, base: the feature encoder on a second of 16 kHz, the positional layer."""
    x = [1, 1, 16000]
    for layer, (kernel, stride) in enumerate(((10, 5), *[(3, 2)] * 4, *[(2, 2)] * 2)):
        x = net.conv(f"encoder{layer}", x, 512, kernel, stride=stride)
    net.conv("positional", [1, 768, x[2]], 768, 128, padding=64, groups=16)


def c3d(net):
    """Tran et al. 2015, 16 frames of 112 x 112."""
    x = [1, 3, 16, 112, 112]
    for stage, (layers, width) in enumerate(((1, 64), (1, 128), (2, 256), (2, 512), (2, 512)), 1):
        for layer in "ab"[:layers]:
            x = net.conv(f"conv{stage}{layer}", x, width, 3, padding=1)
        frames = x[2] if stage == 1 else x[2] // 2
        x = [1, width, frames, *(extent // 2 for extent in x[3:])]


NETWORKS = (
    resnet50, vgg16, mobilenetv2, efficientnet_b0, convnext_t, repvgg_a0, repvgg_b1, unet,
    dcgan_generator, dcgan_discriminator, hifigan_v1, wav2vec2, c3d)


def multiplications(layer):
    """Multiply-adds of a layer, those with padding included."""
    rank = len(layer["input"]) - 2
    options = DEFAULTS | layer
    kernel = layer["weight"][2:]
    if layer["op"].startswith("conv_transpose"):
        pixels = layer["input"][2:]
    else:
        pixels = [forward_size(layer["input"][2 + i], kernel[i], options) for i in range(rank)]
    return layer["input"][0] * math.prod(pixels) * math.prod(layer["weight"])


def layers():
    """All entries of the file."""
    entries = []
    for definition in NETWORKS:
        network = Network(definition.__name__)
        definition(network)
        entries += network.layers.values()
    return entries


def text(entries):
    """One layer a line."""
    return "[\n" + ",\n".join(map(json.dumps, entries)) + "\n]\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    options = parser.parse_args()
    entries = layers()
    if options.check:
        if FILE.read_text() != text(entries):
            sys.exit(f"{FILE.name} is not what {sys.argv[0]} writes")
        return
    FILE.write_text(text(entries))
    for definition in NETWORKS:
        own = [layer for layer in entries if layer["network"] == definition.__name__]
        work = sum(layer.get("count", 1) * multiplications(layer) for layer in own)
        print(f"{definition.__name__:22}{len(own):4} distinct of "
              f"{sum(layer.get('count', 1) for layer in own):3} layers {work / 1e9:9.3f} G multiply-adds")
    print(f"{'all':22}{len(entries):4} distinct")


if __name__ == "__main__":
    main()
