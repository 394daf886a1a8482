# SPDX-License-Identifier: Apache-2.0
"""The answer that a request has to get, by PyTorch in float64.

PyTorch's convolutions pad evenly and with zeros only; so the input is padded by `F.pad` and the
output of a transposed convolution is cut by hand. pytorch.py asks PyTorch
itself what it can be asked; test_oracle.py holds the two, and ONNX, against each other.
"""
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from request_geometry import Axes, Refused, forward_pairs, renamed, transposed_pairs

ACTIVATIONS = {
    "none": lambda x: x, "relu": F.relu, "relu6": F.relu6, "silu": F.silu, "gelu": F.gelu,
    "hardswish": F.hardswish, "sigmoid": torch.sigmoid, "tanh": torch.tanh}
BORDERS = {"zeros": "constant", "constant": "constant", "reflect": "reflect",
           "replicate": "replicate", "circular": "circular"}
WORDS = {"activation": ACTIVATIONS, "padding_mode": BORDERS,
         "precision": ("default", "strict", "fast"),
         "auto_pad": ("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER")}
FORWARD_ALGORITHMS = ("sliding_window", "direct", "im2col", "kernel_matrix", "fft")
TRANSPOSED_ALGORITHMS = ("stride_phases", "col2im", "kernel_matrix")


@dataclass
class Answer:
    """All in float64, of the shape that the reply has to have."""

    output: torch.Tensor
    # What the activation is applied to.
    sums: torch.Tensor
    # The root mean square that the sums would have, were the signs of their products random: what
    # rounding errors are to be compared with where the sums happen to cancel out.
    scale: float


def is_transposed(operation):
    return operation.startswith("conv_transpose")


def spatial_rank(operation):
    return int(operation[-2])


def answer(operation, tensors, fields):
    """`tensors`: input, weight, and bias and add or None. Raises Refused."""
    check_words(fields)
    fields = renamed(fields)
    input, weight, bias, add = (
        None if tensors.get(name) is None else tensors[name].double()
        for name in ("input", "weight", "bias", "add"))
    whole_input, whole_weight = with_all_ranks(operation, input, weight)
    check_own_rules(operation, whole_input, whole_weight, fields)
    if fields.get("flip_kernel"):
        axes = list(range(2, whole_weight.dim()))
        whole_weight = whole_weight.flip(axes)
    compute = checking_empty_batches(transposed if is_transposed(operation) else forward)
    try:
        sums = compute(whole_input, whole_weight, bias, fields)
        squares = compute(whole_input.square(), whole_weight.square(),
                          None if bias is None else bias.square(),
                          {**fields, "padding_value": fields.get("padding_value", 0) ** 2})
    except (RuntimeError, ValueError) as error:
        raise Refused(str(error)) from None
    sums = sums.reshape(sums.shape[whole_input.dim() - input.dim():])
    if add is not None:
        if add.shape != sums.shape:
            raise Refused("add has the output's shape")
        sums, squares = sums + add, squares.reshape(sums.shape) + add.square()
    scale = squares.mean().sqrt().item() if squares.numel() else 1.0
    return Answer(ACTIVATIONS[fields.get("activation", "none")](sums), sums, scale)


def with_all_ranks(operation, input, weight):
    """[N, C, *spatial] and [C, C, *kernel] of inputs without batch, or without channels too."""
    rank = spatial_rank(operation)
    if input.dim() == rank and weight.dim() == rank:
        weight = weight[None, None]
        return input[None, None], weight
    if weight.dim() != rank + 2 or input.dim() not in (rank + 1, rank + 2):
        raise Refused("rank")
    return (input if input.dim() == rank + 2 else input[None]), weight


def checking_empty_batches(compute):
    """PyTorch passes over half of its checks where a batch is empty; we do not."""
    def compute_one(input, *rest):
        if input.shape[0] > 0:
            return compute(input, *rest)
        return compute(input.new_zeros(1, *input.shape[1:]), *rest)[:0]
    return compute_one


def check_words(fields):
    for name, known in WORDS.items():
        if name in fields and fields[name] not in known:
            raise Refused(name)


def check_own_rules(operation, input, weight, fields):
    """Of what PyTorch and ONNX know nothing."""
    able = TRANSPOSED_ALGORITHMS if is_transposed(operation) else FORWARD_ALGORITHMS
    if (can_filter_phases if is_transposed(operation) else can_filter)(input, weight, fields):
        able = (*able, "winograd")
    if fields.get("algorithm", "auto") not in ("auto", *able):
        raise Refused("algorithm")
    if "padding_value" in fields and fields.get("padding_mode") != "constant":
        raise Refused("padding_value is for constant")
    if fields.get("kernel_shape", list(weight.shape[2:])) != list(weight.shape[2:]):
        raise Refused("kernel_shape is the weight's")


def can_filter(input, weight, fields):
    """What `winograd` can do: planes of stride 1, whose kernels have 1, 3 or 5 taps a dimension."""
    *depth, height, width = [1, *weight.shape[2:]]
    axes = Axes.of(fields, weight.shape[2:], weight.shape[2:])
    if set(axes.stride[-2:]) != {1}:
        return can_filter_strides(input, weight, fields)
    taps = (1, 3) if fields.get("precision") == "strict" else (1, 3, 5)
    is_deep = axes.rank == 3 and depth[-1] > 1
    return (height in taps and width in taps and height * width > 1 and weight.shape[1] > 0
            and depth[-1:] <= [16]
            and not (is_deep and axes.dilation[0] > 1))


def can_filter_strides(input, weight, fields):
    """The same with a stride: one dimension with one tap or two a residue, rows or, of a line, columns."""
    axes = Axes.of(fields, input.shape[2:], weight.shape[2:])
    pairs = forward_pairs(fields, axes)
    fits = [2 <= s <= 8 and s < k <= 2 * s and d == 1
            for s, k, d in zip(axes.stride, axes.kernel, axes.dilation)]
    flat = [n == k == 1 and pair == [0, 0] for n, k, pair in zip(axes.size, axes.kernel, pairs)]
    *_, deep, down, across = [True, True, *range(-axes.rank, 0)][-3:]
    is_flat = [axis is True or flat[axis] for axis in (deep, down)]
    filters_down = down is not True and fits[down]
    return is_flat[0] and (filters_down or is_flat[1] and fits[across]) and weight.shape[1] > 0


def can_filter_phases(input, weight, fields):
    """The same of transposed convolutions: each residue of the stride has a kernel of its own."""
    *depth, height, width = [1, *weight.shape[2:]]
    axes = Axes.of(fields, weight.shape[2:], weight.shape[2:])
    is_strict = fields.get("precision") == "strict"
    products, has_taps = 1, False
    for kernel, stride, dilation in zip((height, width), ([1, *axes.stride])[-2:],
                                        ([1, *axes.dilation])[-2:]):
        taps = [len(range(residue, kernel, stride)) for residue in range(stride)]
        known = {(1,), (3,)} if is_strict else {(1,), (3,), (5,), (1, 2), (2, 3)}
        if stride > 1 and not is_strict:
            known.add((2,))
        if stride > min(8, kernel) or tuple(sorted(set(taps))) not in known:
            return False
        if dilation > 1 and kernel > 1:
            return False
        products *= sum({1: 4 if 2 in taps else 1, 2: 5, 3: 4 if is_strict else 6, 5: 6}[n] for n in taps)
        has_taps |= max(taps) > 1
    is_deep = axes.rank == 3 and depth[-1] > 1
    return (has_taps and products <= 256 and weight.shape[0] > 0 and depth[-1:] <= [16]
            and not (is_deep and axes.dilation[0] > 1))


def forward(input, weight, bias, fields):
    axes = Axes.of(fields, input.shape[2:], weight.shape[2:])
    pairs = forward_pairs(fields, axes)
    if "output_padding" in fields or "output_size" in fields:
        raise Refused("for transposed convolutions")
    mode = fields.get("padding_mode", "zeros")
    flat = [p for pair in reversed(pairs) for p in pair]
    value = fields.get("padding_value", 0) if mode == "constant" else None
    if any(flat):
        input = F.pad(input, flat, mode=BORDERS[mode], value=value)
    function = getattr(F, f"conv{axes.rank}d")
    if input.shape[1] == 0 and weight.shape[1] == 0:
        input, weight = with_one_channel(input, weight)
    return function(input, weight, bias, axes.stride, 0, axes.dilation, fields.get("groups", 1))


def with_one_channel(input, weight):
    """The sum of no products is 0; PyTorch gives an output without channels in its place."""
    return (input.new_zeros(input.shape[0], 1, *input.shape[2:]),
            weight.new_zeros(weight.shape[0], 1, *weight.shape[2:]))


def transposed(input, weight, bias, fields):
    axes = Axes.of(fields, input.shape[2:], weight.shape[2:])
    if fields.get("padding_mode", "zeros") != "zeros":
        raise Refused("Only zeros")
    pairs, extra = transposed_pairs(fields, axes)
    function = getattr(F, f"conv_transpose{axes.rank}d")
    groups = fields.get("groups", 1)
    whole = function(input, weight, None, axes.stride, 0, 0, groups, axes.dilation)
    whole = F.pad(whole, [p for e in reversed(extra) for p in (0, e)])
    for axis, (before, after) in enumerate(pairs, start=2):
        whole = whole.narrow(axis, before, whole.shape[axis] - before - after)
    if bias is None:
        return whole
    if bias.shape != (whole.shape[1],):
        raise Refused("bias")
    return whole + bias.reshape(-1, *[1] * axes.rank)
