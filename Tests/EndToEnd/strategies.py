# SPDX-License-Identifier: Apache-2.0
"""Hypothesis strategies for requests that have an answer.

Sizes are drawn last and large enough, so that nothing is thrown away; a case takes about 1 ms.
"""
import math

from hypothesis import strategies as st

from cases import Case
from request_geometry import Axes, padding_pairs, transposed_pairs

ACTIVATIONS = ("relu", "relu6", "silu", "gelu", "hardswish", "sigmoid", "tanh")
BORDERS = ("zeros", "zeros", "constant", "reflect", "replicate", "circular")
FORWARD_ALGORITHMS = ("auto", "sliding_window", "direct", "im2col", "fft")
TRANSPOSED_ALGORITHMS = ("auto", "stride_phases", "col2im")
LARGEST_KERNEL = {1: 7, 2: 5, 3: 3}
SPARE = {1: 40, 2: 12, 3: 4}


def either(*values):
    return st.sampled_from(values)


def lists(low, high, length):
    return st.lists(st.integers(low, high), min_size=length, max_size=length)


@st.composite
def spelled_numbers(draw, values):
    """One number, a list of one, or one for each axis."""
    if len(set(values)) > 1 or draw(either(False, True, True)):
        return values
    return draw(either(values[0], values[:1]))


@st.composite
def steps(draw, rank, most=3):
    """Strides or dilations: often 1."""
    return draw(either([1] * rank, None)) or draw(lists(1, most, rank))


@st.composite
def channels(draw):
    """Groups, input and output channels: dense, grouped, depthwise; now and then many."""
    groups = draw(either(1, 1, 1, 2, 3, 4, 7))
    each = st.integers(1, max(1, 12 // groups))
    inputs = 1 if draw(st.booleans()) and groups > 1 else draw(each)
    if groups == 1 and draw(st.integers(0, 15)) == 15:
        return 1, draw(either(24, 40)), draw(either(17, 40))
    return groups, inputs * groups, draw(each) * groups


@st.composite
def paddings(draw, rank, reach, words):
    form = draw(either("none", "numbers", "pairs", "word"))
    if form == "none":
        return None
    if form == "numbers":
        return draw(spelled_numbers(draw(lists(0, 3, rank))))
    if form == "pairs":
        return [draw(lists(0, 4, 2)) for _ in range(rank)]
    return draw(either(*words, *(["causal"] if rank == 1 else [])))


def least_size(padding, mode, axes):
    """So many elements that the kernel fits and the border has something to put."""
    sizes = []
    for axis, reach in enumerate(axes.reach):
        if padding in ("same", "same_upper", "same_lower"):
            most, least = math.ceil(reach / 2), 1
        else:
            pair = padding_pairs(padding or 0, axes)[axis]
            most, least = max(pair), max(1, reach + 1 - sum(pair))
        sizes.append(max(least, {"reflect": most + 1, "circular": most}.get(mode, 1)))
    return sizes


def least_transposed_size(padding, axes):
    if padding in ("same_upper", "same_lower", "derived"):
        return [1] * axes.rank
    pairs = padding_pairs(padding or 0, axes)
    return [max(1, math.ceil((sum(p) - r) / s) + 1)
            for p, r, s in zip(pairs, axes.reach, axes.stride)]


@st.composite
def output_fields(draw, fields, axes):
    """output_padding or output_size, or neither."""
    form = draw(either("none", "padding", "size"))
    padding = fields.get("padding", 0)
    if form == "padding":
        most = zip(axes.stride, axes.dilation)
        return {"output_padding": [draw(st.integers(0, max(pair) - 1)) for pair in most]}
    whole = [(n - 1) * s + r + 1 for n, s, r in zip(axes.size, axes.stride, axes.reach)]
    if padding == "derived" or (form == "size" and padding in ("same_upper", "same_lower")):
        return {"output_size": [draw(st.integers(1, w + max(s, d) - 1))
                                for w, s, d in zip(whole, axes.stride, axes.dilation)]}
    if form == "size":
        pairs, _ = transposed_pairs(fields, axes)
        return {"output_size": [w - sum(p) + draw(st.integers(0, s - 1))
                                for w, p, s in zip(whole, pairs, axes.stride)]}
    return {}


@st.composite
def geometries(draw, transposed):
    """(fields, spatial size, kernel) that fit together, by PyTorch's names."""
    rank = draw(either(1, 2, 2, 3))
    kernel = draw(lists(1, LARGEST_KERNEL[rank], rank))
    stride, dilation = draw(steps(rank)), draw(steps(rank))
    axes = Axes([1] * rank, kernel, stride, dilation)
    words = ("valid", "full", "same_upper", "same_lower")
    padding = draw(paddings(rank, axes.reach, words + (("derived",) if transposed else ("same",))))
    if padding == "same":
        stride = axes.stride = [1] * rank
    mode = None if transposed else draw(either(*BORDERS))
    least = (least_transposed_size(padding, axes) if transposed
             else least_size(padding, mode, axes))
    spare = SPARE[rank] // (2 if transposed else 1)
    axes.size = [n + draw(st.integers(0, spare)) for n in least]
    fields = {"stride": stride, "dilation": dilation}
    if padding is not None:
        fields["padding"] = padding
    if transposed:
        fields |= draw(output_fields(fields, axes))
        if padding == "derived" and "output_size" not in fields:
            fields["output_size"] = [n * s for n, s in zip(axes.size, axes.stride)]
    elif mode != "zeros" or draw(st.booleans()):
        fields["padding_mode"] = mode
        if mode == "constant":
            fields["padding_value"] = draw(either(0, -1.5, 3, 0.25))
    return fields, axes.size, kernel


@st.composite
def named(draw, fields, kernel):
    """Numbers spelled in one of their ways, defaults left out, PyTorch's names or ONNX's."""
    onnx = draw(either(False, False, True)) or fields.get("padding") == "derived"
    result = {}
    for name, value in fields.items():
        if name in ("stride", "dilation") and set(value) == {1} and draw(st.booleans()):
            continue
        if name in ("stride", "dilation", "output_padding", "output_size") and not onnx:
            value = draw(spelled_numbers(value))
        result[name] = value
    if not onnx:
        return result
    for torch_name, name in [("stride", "strides"), ("dilation", "dilations"), ("groups", "group"),
                             ("output_size", "output_shape")]:
        if torch_name in result:
            result[name] = result.pop(torch_name)
    padding = result.pop("padding", None)
    words = {"valid": "VALID", "same_upper": "SAME_UPPER", "same_lower": "SAME_LOWER"}
    if padding == "derived":
        result |= draw(either({}, {"auto_pad": "NOTSET"}))
    elif isinstance(padding, str):
        result |= {"auto_pad": words[padding]} if padding in words else {"padding": padding}
    else:
        pairs = padding_pairs(padding or 0, Axes([1] * len(kernel), kernel, [1], [1]))
        result["pads"] = [p[0] for p in pairs] + [p[1] for p in pairs]
    return result | draw(either({}, {"kernel_shape": kernel}))


@st.composite
def convolutions(draw, transposed=None, dtypes=("float32", "float32", "float64"), algorithms=None):
    """Any request for any convolution that has an answer.

    `algorithms`: those to draw from, in place of the usual ones.
    """
    if transposed is None:
        transposed = draw(st.booleans())
    fields, size, kernel = draw(geometries(transposed))
    layout = draw(either("batched", "batched", "batched", "unbatched", "plain"))
    groups, inputs, outputs = (1, 1, 1) if layout == "plain" else draw(channels())
    if groups > 1 or draw(either(False, False, True)):
        fields["groups"] = groups
    input, weight = size, kernel
    if layout != "plain":
        rows = (inputs, outputs // groups) if transposed else (outputs, inputs // groups)
        input, weight = [inputs, *size], [*rows, *kernel]
    if layout == "batched":
        input = [draw(either(1, 1, 2, 3, 0)), *input]
    fields = draw(named(fields, kernel)) | draw(extras(transposed, algorithms))
    dtype = draw(either(*dtypes))
    nested = ["nested"] if dtype == "float32" and 0 not in input else []
    return Case(
        ("conv_transpose" if transposed else "conv") + f"{len(kernel)}d", input, weight, fields,
        bias=draw(either(None, [outputs])), add=draw(either(False, False, True)), dtype=dtype,
        spelling=draw(either(*nested, "flat", "base64")),
        numbers=draw(either("normal", "normal", "integers")), seed=draw(st.integers(0, 999)))


@st.composite
def extras(draw, transposed, algorithms):
    """What does not change the geometry."""
    choices = {"activation": ("none", *ACTIVATIONS), "flip_kernel": (True, True, False),
               "precision": ("default", "strict", "fast"),
               "algorithm": TRANSPOSED_ALGORITHMS if transposed else FORWARD_ALGORITHMS}
    drawn = {name: draw(either(*values)) for name, values in choices.items()
             if draw(either(False, False, True))}
    return drawn | ({"algorithm": draw(either(*algorithms))} if algorithms else {})
