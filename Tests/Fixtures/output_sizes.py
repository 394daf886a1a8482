# SPDX-License-Identifier: Apache-2.0
"""PyTorch's output size for every small 1-d convolution; writes output_sizes.json beside itself.

Each list runs through the parameters in the order of `ranges`, the last one fastest; -1 stands for
a refusal. Needs torch (made with 2.13).
"""

import itertools
import json
import pathlib

import torch
import torch.nn.functional as F

FORWARD = {
    "input": [1, 8], "kernel": [1, 4], "stride": [1, 3], "dilation": [1, 3], "padding": [0, 3],
}
TRANSPOSED = {
    "input": [1, 5], "kernel": [1, 4], "stride": [1, 3], "dilation": [1, 3], "padding": [0, 3],
    "output_padding": [0, 2],
}


def size(operation, input, kernel, **options):
    try:
        return operation(torch.zeros(1, 1, input), torch.zeros(1, 1, kernel), **options).shape[2]
    except RuntimeError:
        return -1


def sweep(operation, ranges):
    values = itertools.product(*(range(low, high + 1) for low, high in ranges.values()))
    sizes = [size(operation, **dict(zip(ranges, each))) for each in values]
    return {"ranges": list(ranges.values()), "sizes": sizes}


def main():
    fixture = {
        "forward": sweep(F.conv1d, FORWARD),
        "transposed": sweep(F.conv_transpose1d, TRANSPOSED),
        "same": [
            F.conv1d(torch.zeros(1, 1, input), torch.zeros(1, 1, kernel), padding="same",
                     dilation=dilation).shape[2]
            for input in range(1, 9) for kernel in range(1, 5) for dilation in range(1, 4)
        ],
    }
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(fixture, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
