# SPDX-License-Identifier: Apache-2.0
"""PyTorch's unfold and fold, and ONNX's Col2Im where PyTorch has none; writes windows.json beside itself.

Element i of an image is `(i * 7 + 1) mod 11 - 5`, of columns `(i * 7 + 2) mod 11 - 5`, here and in the
test, so only the answers are stored: `unfolded` of the image, `folded` of the columns, both shaped by the
row's `size`. Where both libraries can answer they have to agree. PyTorch pads evenly and in two
dimensions only: the image is padded apart, and cut into blocks by Tensor.unfold.
Needs torch and onnx (made with 2.13 and 1.23).
"""

import json
import math
import pathlib

import numpy as np
import torch
import torch.nn.functional as F
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

# batch, channels, size, kernel, stride, dilation, [before, after] for each dimension
ROWS = [
    (2, 3, [5, 6], [3, 2], [1, 1], [1, 1], [[0, 0], [0, 0]]),
    (1, 2, [7, 8], [2, 3], [2, 1], [1, 1], [[1, 1], [2, 2]]),
    (2, 1, [9, 7], [3, 2], [2, 3], [2, 3], [[2, 2], [1, 1]]),
    (0, 2, [5, 5], [3, 3], [1, 1], [1, 1], [[1, 1], [1, 1]]),
    (1, 1, [1, 1], [1, 1], [1, 1], [1, 1], [[0, 0], [0, 0]]),
    (1, 3, [4, 5], [4, 5], [1, 1], [1, 1], [[0, 0], [0, 0]]),
    (1, 2, [6, 5], [1, 1], [1, 1], [1, 1], [[0, 0], [0, 0]]),
    (1, 2, [3, 4], [2, 2], [1, 2], [1, 1], [[5, 5], [4, 4]]),
    (2, 2, [5, 6], [3, 2], [2, 1], [1, 2], [[2, 0], [0, 3]]),
    (2, 3, [11], [3], [1], [1], [[0, 0]]),
    (1, 2, [13], [4], [3], [2], [[3, 1]]),
    (2, 2, [3, 4, 5], [2, 3, 2], [1, 1, 1], [1, 1, 1], [[0, 0], [1, 1], [0, 0]]),
    (1, 2, [5, 4, 6], [2, 2, 3], [2, 1, 3], [2, 1, 1], [[1, 0], [0, 2], [2, 1]]),
]


def numbers(shape, seed):
    count = torch.Size(shape).numel()
    return ((torch.arange(count) * 7 + seed) % 11 - 5).to(torch.float64).reshape(shape)


def blocks(size, kernel, stride, dilation, padding):
    return [(n + sum(p) - d * (k - 1) - 1) // s + 1
            for n, k, s, d, p in zip(size, kernel, stride, dilation, padding)]


def unfolded(image, kernel, stride, dilation, padding):
    rank = len(kernel)
    windows = F.pad(image, [p for pair in reversed(padding) for p in pair])
    for axis in range(rank):
        reach = dilation[axis] * (kernel[axis] - 1) + 1
        windows = windows.unfold(2 + axis, reach, stride[axis])
    # [N, C, *blocks, *reach]: every dilation-th element, kernel before blocks
    windows = windows[(..., *(slice(None, None, d) for d in dilation))]
    order = [0, 1, *range(2 + rank, 2 + 2 * rank), *range(2, 2 + rank)]
    columns = image.shape[1] * math.prod(kernel)
    return windows.permute(order).reshape(image.shape[0], columns, math.prod(windows.shape[2:2 + rank]))


def folded(columns, size, kernel, stride, dilation, padding):
    node = helper.make_node(
        "Col2Im", ["columns", "size", "kernel"], ["image"], strides=stride, dilations=dilation,
        pads=[p[0] for p in padding] + [p[1] for p in padding])
    graph = helper.make_graph(
        [node], "fold",
        [helper.make_tensor_value_info("columns", TensorProto.DOUBLE, None),
         helper.make_tensor_value_info("size", TensorProto.INT64, None),
         helper.make_tensor_value_info("kernel", TensorProto.INT64, None)],
        [helper.make_tensor_value_info("image", TensorProto.DOUBLE, None)])
    evaluator = ReferenceEvaluator(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)]))
    [image] = evaluator.run(None, {
        "columns": columns.numpy(), "size": np.array(size), "kernel": np.array(kernel)})
    return torch.from_numpy(image)


def adjoint(columns, size, kernel, stride, dilation, padding):
    """Fold by its definition through PyTorch: the gradient of `unfolded`."""
    channels = columns.shape[1] // math.prod(kernel)
    image = torch.zeros(columns.shape[0], channels, *size, dtype=torch.float64, requires_grad=True)
    unfolded(image, kernel, stride, dilation, padding).backward(columns)
    return image.grad


def row(batch, channels, size, kernel, stride, dilation, padding):
    image = numbers([batch, channels, *size], 1)
    count = math.prod(blocks(size, kernel, stride, dilation, padding))
    columns = numbers([batch, channels * math.prod(kernel), count], 2)
    parameters = (kernel, stride, dilation, padding)
    unfold, fold = unfolded(image, *parameters), adjoint(columns, size, *parameters)
    if batch > 0:
        assert torch.equal(fold, folded(columns, size, *parameters)), "ONNX differs"
    if len(size) == 2 and all(before == after for before, after in padding):
        options = dict(dilation=dilation, padding=[p[0] for p in padding], stride=stride)
        assert torch.equal(unfold, F.unfold(image, kernel, **options))
        assert torch.equal(fold, F.fold(columns, size, kernel, **options))
    return {
        "batch": batch, "channels": channels, "size": size, "kernel": kernel, "stride": stride,
        "dilation": dilation, "padding": padding, "unfolded_shape": list(unfold.shape),
        "unfolded": [int(v) for v in unfold.flatten()], "folded_shape": list(fold.shape),
        "folded": [int(v) for v in fold.flatten()]}


path = pathlib.Path(__file__).with_suffix(".json")
path.write_text("[\n" + ",\n".join(json.dumps(row(*r)) for r in ROWS) + "\n]\n")
