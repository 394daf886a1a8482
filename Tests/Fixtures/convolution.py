# SPDX-License-Identifier: Apache-2.0
"""PyTorch's convolutions of small whole numbers, which are exact; writes convolution.json beside itself.

Inputs and weights are made by the same generator here and in the test, so only the answers are
stored: element i of a tensor is `(i * 7 + seed) mod 11 - 5`. Needs torch (made with 2.13).
"""

import json
import pathlib

import torch
import torch.nn.functional as F

ROWS = [
    ("conv1d", [2, 3, 11], [4, 3, 3], {"stride": 2, "padding": 1}),
    ("conv1d", [1, 4, 13], [6, 2, 4], {"groups": 2, "dilation": 2, "padding": 3}),
    ("conv2d", [1, 1, 5, 5], [1, 1, 3, 3], {"stride": 2, "padding": 1}),
    ("conv2d", [2, 3, 6, 7], [5, 3, 3, 2], {"padding": [2, 1], "stride": [1, 2]}),
    ("conv2d", [1, 4, 7, 7], [8, 1, 3, 3], {"groups": 4, "padding": 1}),
    ("conv2d", [2, 2, 5, 5], [4, 1, 3, 3], {"groups": 2, "dilation": 2, "stride": 2, "padding": 1}),
    ("conv2d", [3, 6, 5], [2, 3, 4, 2], {"padding": "same"}),
    ("conv3d", [1, 2, 4, 5, 3], [3, 2, 2, 3, 2], {"padding": 1, "stride": [2, 1, 2]}),
    ("conv_transpose1d", [2, 3, 5], [3, 4, 4], {"stride": 2, "padding": 1}),
    ("conv_transpose1d", [1, 2, 6], [2, 3, 2], {"stride": 3, "output_padding": 2}),
    ("conv_transpose2d", [1, 3, 4, 5], [3, 2, 3, 3],
     {"stride": 2, "padding": 1, "output_padding": 1}),
    ("conv_transpose2d", [2, 4, 3, 3], [4, 3, 2, 3],
     {"groups": 2, "dilation": [2, 1], "stride": [2, 3]}),
    ("conv_transpose3d", [1, 2, 2, 3, 2], [2, 3, 3, 2, 2], {"stride": [1, 2, 2], "padding": [1, 0, 1]}),
]


def numbers(shape, seed):
    count = torch.Size(shape).numel()
    return ((torch.arange(count) * 7 + seed) % 11 - 5).to(torch.float64).reshape(shape)


def row(operation, input, weight, options):
    outputs = weight[0] if "transpose" not in operation else weight[1] * options.get("groups", 1)
    output = getattr(F, operation)(
        numbers(input, 1), numbers(weight, 2), numbers([outputs], 3), **options)
    listed = {k: v if isinstance(v, (list, str)) else [v] for k, v in options.items() if k != "groups"}
    return {
        "operation": operation, "input": input, "weight": weight,
        "groups": options.get("groups", 1), **listed,
        "shape": list(output.shape), "output": [int(v) for v in output.flatten()],
    }


def main():
    rows = [json.dumps(row(*arguments)) for arguments in ROWS]
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text("[\n" + ",\n".join(rows) + "\n]\n")


if __name__ == "__main__":
    main()
