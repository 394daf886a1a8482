# SPDX-License-Identifier: Apache-2.0
"""PyTorch's answers for the parameters that its functions do not have themselves: paddings by name,
borders, flipped kernels, output sizes; and its activations. Writes options.json beside itself.

Numbers are made as in convolution.py, and whole. Paddings are resolved here by the formulas of the
TensorFlow guide (SAME) and of the ONNX operator specification (ConvTranspose), written out once more.
Needs torch (made with 2.13).
"""

import itertools
import json
import pathlib

import torch
import torch.nn.functional as F

from convolution import numbers

MODES = {"reflect": "reflect", "replicate": "replicate", "circular": "circular"}


def per_axis(value, rank):
    return list(value) if isinstance(value, list) else [value] * rank


def halves(total, odd_before):
    small = total // 2
    return [total - small, small] if odd_before else [small, total - small]


def forward_pads(row, size, extent, stride):
    word = row.get("padding", "valid")
    if isinstance(word, list):
        return word
    rank = len(size)
    if word in ("same_upper", "same_lower"):
        totals = [max(0, (-(-n // s) - 1) * s + e - n) for n, s, e in zip(size, stride, extent)]
        return [halves(t, word == "same_lower") for t in totals]
    return {"valid": [[0, 0]] * rank, "same": [halves(e - 1, False) for e in extent],
            "full": [[e - 1, e - 1] for e in extent], "causal": [[e - 1, 0] for e in extent]}[word]


def forward(row, x, w, bias):
    rank, size, kernel = w.dim() - 2, x.shape[2:], w.shape[2:]
    stride, dilation = per_axis(row.get("stride", 1), rank), per_axis(row.get("dilation", 1), rank)
    extent = [d * (k - 1) + 1 for d, k in zip(dilation, kernel)]
    pads = forward_pads(row, size, extent, stride)
    flat = [p for pair in reversed(pads) for p in pair]
    mode = row.get("padding_mode", "zeros")
    padded = (F.pad(x, flat, mode=mode) if mode in MODES
              else F.pad(x, flat, value=row.get("padding_value", 0)))
    conv = getattr(F, f"conv{rank}d")
    return conv(padded, w, bias, stride, 0, dilation, row.get("groups", 1))


def transposed(row, x, w, bias):
    """All of the output, to both sides, of which the padding cuts off some."""
    rank, size, kernel = w.dim() - 2, x.shape[2:], w.shape[2:]
    stride, dilation = per_axis(row.get("stride", 1), rank), per_axis(row.get("dilation", 1), rank)
    extra = per_axis(row.get("output_padding", 0), rank)
    conv = getattr(F, f"conv_transpose{rank}d")
    whole = conv(x, w, None, stride, 0, 0, row.get("groups", 1), dilation)
    natural = [n + e for n, e in zip(whole.shape[2:], extra)]
    word, wanted = row.get("padding", "valid"), row.get("output_size")
    if isinstance(word, list):
        pads = word
        if wanted:
            natural = [n + a + b for n, (a, b) in zip(wanted, pads)]
    elif word in ("same_upper", "same_lower", "derived"):
        wanted = wanted or [n * s for n, s in zip(size, stride)]
        pads = [halves(max(0, n - o), word != "same_upper") for n, o in zip(natural, wanted)]
        natural = [max(n, o) for n, o in zip(natural, wanted)]
    else:
        reach = [d * (k - 1) for d, k in zip(dilation, kernel)]
        pads = [[r, 0 if word == "causal" else r] if word != "valid" else [0, 0] for r in reach]
    grown = F.pad(whole, [p for n, m in zip(reversed(natural), reversed(whole.shape[2:]))
                          for p in (0, n - m)])
    for axis, (n, (before, after)) in enumerate(zip(natural, pads)):
        grown = grown.narrow(axis + 2, before, n - before - after)
    return grown + bias.reshape(-1, *[1] * rank)


ROWS = [
    *[{"op": "conv2d", "input": [2, 3, 6, 7], "weight": [4, 3, 3, 2], "padding": padding,
       "stride": stride, "dilation": dilation}
      for padding, stride, dilation in itertools.product(
          ["same_upper", "same_lower", "full"], [1, 2, [3, 2]], [1, 2])],
    {"op": "conv2d", "input": [1, 2, 5, 6], "weight": [3, 2, 2, 4], "padding": "same"},
    {"op": "conv1d", "input": [2, 3, 9], "weight": [4, 3, 3], "padding": "causal", "dilation": 2},
    {"op": "conv1d", "input": [1, 2, 10], "weight": [2, 2, 4], "padding": "causal", "stride": 3},
    {"op": "conv3d", "input": [1, 2, 4, 5, 3], "weight": [3, 2, 2, 3, 2], "padding": "same_lower",
     "stride": [2, 1, 2]},
    *[{"op": "conv2d", "input": [2, 2, 5, 6], "weight": [3, 2, 3, 3], "padding": [[2, 1], [0, 3]],
       "padding_mode": mode, "stride": [1, 2]} for mode in ["reflect", "replicate", "circular"]],
    {"op": "conv2d", "input": [1, 4, 4, 5], "weight": [4, 1, 3, 3], "groups": 4,
     "padding": [[1, 1], [2, 0]], "padding_mode": "constant", "padding_value": 7},
    {"op": "conv1d", "input": [1, 2, 4], "weight": [3, 2, 5], "padding": [[3, 3]],
     "padding_mode": "reflect"},
    {"op": "conv1d", "input": [1, 2, 4], "weight": [3, 2, 5], "padding": [[4, 4]],
     "padding_mode": "circular"},
    {"op": "conv1d", "input": [1, 2, 2], "weight": [3, 2, 5], "padding": [[9, 4]],
     "padding_mode": "replicate"},
    *[{"op": "conv3d", "input": [1, 2, 3, 4, 5], "weight": [2, 2, 3, 2, 3],
       "padding": [[1, 2], [0, 1], [2, 2]], "padding_mode": mode}
      for mode in ["reflect", "replicate", "circular"]],
    {"op": "conv2d", "input": [1, 2, 5, 6], "weight": [3, 2, 3, 2], "flip_kernel": True,
     "padding": "full"},
    {"op": "conv_transpose2d", "input": [1, 2, 3, 4], "weight": [2, 3, 3, 2], "flip_kernel": True,
     "stride": 2},
    *[{"op": "conv_transpose2d", "input": [1, 2, 6, 4], "weight": [2, 3, 3, 2], "padding": padding,
       "stride": stride, "dilation": dilation}
      for padding, stride, dilation in itertools.product(
          ["same_upper", "same_lower", "full"], [1, 2, 3], [1, 2])],
    *[{"op": "conv_transpose2d", "input": [1, 2, 4, 3], "weight": [2, 3, 3, 3], "padding": padding,
       "stride": 2, "output_size": size}
      for padding, size in itertools.product(
          ["same_upper", "same_lower", "derived"], [[9, 7], [8, 6], [7, 4], [10, 8]])],
    {"op": "conv_transpose2d", "input": [1, 2, 4, 3], "weight": [2, 3, 3, 3], "stride": 3,
     "padding": "derived", "output_size": [10, 8], "output_padding": 1},
    *[{"op": "conv_transpose2d", "input": [2, 3, 4, 3], "weight": [3, 2, 3, 3], "stride": [3, 2],
       "padding": [[1, 1], [0, 1]], "output_size": size} for size in [[10, 6], [12, 7], [11, 6]]],
    {"op": "conv_transpose1d", "input": [1, 2, 5], "weight": [2, 2, 4], "stride": 2,
     "padding": "causal"},
    {"op": "conv_transpose1d", "input": [1, 2, 5], "weight": [2, 2, 1], "stride": 3,
     "padding": "same_lower"},
    {"op": "conv_transpose3d", "input": [1, 2, 2, 3, 2], "weight": [2, 3, 3, 2, 2],
     "stride": [1, 2, 2], "padding": "same_upper"},
]


def answer(row):
    is_transposed = "transpose" in row["op"]
    groups = row.get("groups", 1)
    outputs = row["weight"][1] * groups if is_transposed else row["weight"][0]
    w = numbers(row["weight"], 2)
    if row.get("flip_kernel"):
        w = w.flip(list(range(2, w.dim())))
    operation = transposed if is_transposed else forward
    y = operation(row, numbers(row["input"], 1), w, numbers([outputs], 3))
    listed = {k: [v] if k in ("stride", "dilation", "output_padding") and isinstance(v, int) else v
              for k, v in row.items()}
    return {**listed, "shape": list(y.shape), "output": [int(v) for v in y.flatten()]}


POINTS = [-1e30, -1000.0, -90.0, -20.0, -6.0, -3.5, -3.0, -1.5, -1.0, -0.1, -1e-10, 0.0, 1e-10, 0.1,
          0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 6.5, 20.0, 90.0, 1000.0, 1e30]


def activations():
    x = torch.tensor(POINTS + [float("inf"), float("-inf"), float("nan")], dtype=torch.float64)
    names = ["relu", "relu6", "silu", "gelu", "hardswish", "sigmoid", "tanh"]
    return {name: [str(v) for v in getattr(F, name)(x).tolist()] for name in names}


def main():
    fixture = {"rows": [answer(row) for row in ROWS],
               "points": [str(p) for p in POINTS + [float("inf"), float("-inf"), float("nan")]],
               "activations": activations()}
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(fixture, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
