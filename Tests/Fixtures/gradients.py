# SPDX-License-Identifier: Apache-2.0
"""PyTorch's gradients (torch.autograd.grad in float64) of the convolutions of convolution.py and options.py,
and of its activations. Writes gradients.json beside itself.

Numbers are made as in convolution.py, and whole, so that the gradients are exact: input 1, weight 2, bias 3,
gradient of the output 4. Needs torch (made with 2.13).
"""

import json
import pathlib

import torch
import torch.nn.functional as F

import convolution
import options
from convolution import numbers

# Beside those of the other two: what only a gradient sees.
MORE = [
    # Input that no window sees, behind and between.
    ("conv2d", [1, 2, 9, 11], [3, 2, 2, 3], {"stride": [4, 5]}),
    ("conv1d", [3, 4, 14], [4, 1, 3], {"groups": 4, "stride": 3}),
    ("conv2d", [2, 6, 5, 5], [4, 3, 3, 3], {"groups": 2, "padding": 2, "dilation": 2}),
    ("conv3d", [2, 4, 4, 3, 5], [2, 2, 2, 1, 3], {"groups": 2, "padding": [1, 0, 2]}),
    # Output padding of more than a step.
    ("conv_transpose1d", [2, 2, 5], [2, 3, 3], {"dilation": 4, "output_padding": 3}),
    ("conv_transpose2d", [1, 4, 3, 4], [4, 1, 3, 2],
     {"groups": 4, "stride": 2, "padding": 1, "output_padding": 1}),
    ("conv_transpose2d", [1, 2, 3, 3], [2, 3, 3, 3],
     {"stride": [3, 1], "dilation": [1, 3], "output_padding": [2, 2], "padding": [1, 2]}),
    ("conv_transpose3d", [2, 4, 2, 2, 3], [4, 2, 2, 3, 1], {"groups": 2, "stride": 2, "padding": [0, 1, 0]}),
    # All at once to one output.
    ("conv2d", [2, 3, 4, 5], [2, 3, 4, 5], {}),
    ("conv2d", [0, 3, 4, 5], [2, 3, 2, 2], {"padding": 1}),
]


def gradients(forward, x, w, bias):
    with torch.enable_grad():
        operands = [t.requires_grad_() for t in (x, w, bias)]
        y = forward(*operands)
        found = torch.autograd.grad(y, operands, numbers(list(y.shape), 4))
    names = ("grad_input", "grad_weight", "grad_bias")
    return y.shape, {n: [int(v) for v in g.flatten()] for n, g in zip(names, found)}


def operands(row):
    is_transposed = "transpose" in row["op"]
    outputs = row["weight"][1] * row.get("groups", 1) if is_transposed else row["weight"][0]
    return numbers(row["input"], 1), numbers(row["weight"], 2), numbers([outputs], 3)


def as_lists(row):
    return {k: [v] if k in ("stride", "dilation", "output_padding") and isinstance(v, int) else v
            for k, v in row.items()}


def plain(operation, input, weight, parameters):
    """By PyTorch's own function, so by its own backward pass."""
    row = {"op": operation, "input": input, "weight": weight, **parameters}
    shape, found = gradients(
        lambda x, w, b: getattr(F, operation)(x, w, b, **parameters), *operands(row))
    padding = row.get("padding", 0)
    if padding != "same":
        row["padding"] = [[p, p] for p in options.per_axis(padding, len(weight) - 2)]
    return {"row": {**as_lists(row), "shape": list(shape), "output": []}, **found}


def with_options(row):
    def forward(x, w, b):
        if row.get("flip_kernel"):
            w = w.flip(list(range(2, w.dim())))
        return (options.transposed if "transpose" in row["op"] else options.forward)(row, x, w, b)

    shape, found = gradients(forward, *operands(row))
    return {"row": {**as_lists(row), "shape": list(shape), "output": []}, **found}


def activations():
    points = options.POINTS + [float("inf"), float("-inf"), float("nan")]
    answers = {}
    for name in ("relu", "relu6", "silu", "gelu", "hardswish", "sigmoid", "tanh"):
        x = torch.tensor(points, dtype=torch.float64, requires_grad=True)
        found, = torch.autograd.grad(getattr(F, name)(x), x, torch.full_like(x, 3))
        answers[name] = [str(v) for v in found.tolist()]
    return answers


def main():
    fixture = {
        "rows": [plain(*row) for row in convolution.ROWS + MORE]
        + [with_options(row) for row in options.ROWS],
        "points": [str(p) for p in options.POINTS + [float("inf"), float("-inf"), float("nan")]],
        "activations": activations(),
    }
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(fixture, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
