# SPDX-License-Identifier: Apache-2.0
"""What the parameters of a request mean: strides, paddings and output sizes, one number an axis.

Written from the documents of PyTorch (`same`, `output_size`), TensorFlow (`SAME`) and ONNX
(`auto_pad`, `output_shape`), and apart from the service's own code.
"""
import math
from dataclasses import dataclass


class Refused(Exception):
    """There is no such convolution; the message tells why."""


ALIASES = {
    "strides": "stride", "dilations": "dilation", "group": "groups", "output_shape": "output_size"}
AUTO_PAD = {"SAME_UPPER": "same_upper", "SAME_LOWER": "same_lower", "VALID": "valid"}


def renamed(fields):
    """The same by PyTorch's names; ONNX's paddings become those of `padding`."""
    for onnx, torch_name in [*ALIASES.items(), ("pads", "padding")]:
        if onnx in fields and torch_name in fields:
            raise Refused(f"{onnx} and {torch_name} are one thing")
    named = {ALIASES.get(name, name): value for name, value in fields.items()}
    if "pads" in named:
        half = len(named["pads"]) // 2
        if len(named["pads"]) % 2:
            raise Refused("pads has as many ends as beginnings")
        named["padding"] = [list(p) for p in zip(named["pads"][:half], named.pop("pads")[half:])]
    word = AUTO_PAD.get(named.pop("auto_pad", "NOTSET"))
    if word and "padding" in named:
        raise Refused("auto_pad and padding are one thing")
    if word or ("output_shape" in fields and "padding" not in named):
        named["padding"] = word or "derived"
    return named


def each(value, rank, name):
    """One number an axis."""
    values = value if isinstance(value, list) else [value]
    if len(values) not in (1, rank):
        raise Refused(f"{name} has {len(values)} values for {rank} axes")
    return values * rank if len(values) == 1 else values


def halves(total, odd_before):
    small = total // 2
    return [total - small, small] if odd_before else [small, total - small]


@dataclass
class Axes:
    """The spatial axes of a request: everything but the padding."""

    size: list
    kernel: list
    stride: list
    dilation: list

    @classmethod
    def of(cls, fields, size, kernel):
        rank = len(size)
        axes = cls(list(size), list(kernel), each(fields.get("stride", 1), rank, "stride"),
                   each(fields.get("dilation", 1), rank, "dilation"))
        if min(axes.stride) < 1 or min(axes.dilation) < 1:
            raise Refused("stride and dilation are at least 1")
        if min(axes.size) < 1 or min(axes.kernel) < 1:
            raise Refused("only batches and channels may be empty")
        return axes

    @property
    def rank(self):
        return len(self.size)

    @property
    def reach(self):
        """What a kernel covers beside its first element."""
        return [d * (k - 1) for d, k in zip(self.dilation, self.kernel)]


def padding_pairs(padding, axes):
    """[before, after] of each axis, for paddings that do not depend on the output's size."""
    if padding == "valid":
        return [[0, 0]] * axes.rank
    if padding == "full":
        return [[r, r] for r in axes.reach]
    if padding == "causal":
        if axes.rank != 1:
            raise Refused("causal is for one dimension")
        return [[axes.reach[0], 0]]
    if isinstance(padding, str):
        raise Refused(f"no padding is called {padding}")
    if isinstance(padding, list) and padding and isinstance(padding[0], list):
        if len(padding) != axes.rank:
            raise Refused(f"{len(padding)} pairs for {axes.rank} axes")
        pairs = padding
    else:
        pairs = [[p, p] for p in each(padding, axes.rank, "padding")]
    if min(map(min, pairs)) < 0:
        raise Refused("padding is at least 0")
    return pairs


def forward_pairs(fields, axes):
    """[before, after] of each axis of a convolution."""
    padding = fields.get("padding", 0)
    if padding == "same":
        if set(axes.stride) != {1}:
            raise Refused("same is for stride 1")
        return [halves(r, odd_before=False) for r in axes.reach]
    if padding in ("same_upper", "same_lower"):
        totals = [max(0, (math.ceil(n / s) - 1) * s + r + 1 - n)
                  for n, s, r in zip(axes.size, axes.stride, axes.reach)]
        return [halves(total, padding == "same_lower") for total in totals]
    return padding_pairs(padding, axes)


def transposed_pairs(fields, axes):
    """What is cut off each axis, and the output padding of each."""
    padding, sizes = fields.get("padding", 0), fields.get("output_size")
    extra = each(fields.get("output_padding", 0), axes.rank, "output_padding")
    if min(extra) < 0:
        raise Refused("output_padding is at least 0")
    whole = [(n - 1) * s + r + 1 for n, s, r in zip(axes.size, axes.stride, axes.reach)]
    if sizes is not None:
        sizes = each(sizes, axes.rank, "output_size")
        if min(sizes) < 1:
            raise Refused("output_size is at least 1")
    if padding in ("same_upper", "same_lower", "derived"):
        wanted = sizes or [n * s for n, s in zip(axes.size, axes.stride)]
        totals = [w + e - o for w, e, o in zip(whole, extra, wanted)]
        # An output larger than everything there is gets the rest at its end.
        extra = [e + max(0, -t) for e, t in zip(extra, totals)]
        pairs = [halves(max(0, t), padding != "same_upper") for t in totals]
    else:
        pairs = padding_pairs(padding, axes)
        if sizes is not None:
            if "output_padding" in fields:
                raise Refused("output_size selects the output padding")
            extra = [o - w + sum(p) for o, w, p in zip(sizes, whole, pairs)]
            if not all(0 <= e < s for e, s in zip(extra, axes.stride)):
                raise Refused("output_size is out of reach")
    if not all(e < max(s, d) for e, s, d in zip(extra, axes.stride, axes.dilation) if e):
        raise Refused("output padding is smaller than either stride or dilation")
    if min(w + e - sum(p) for w, e, p in zip(whole, extra, pairs)) < 1:
        raise Refused("nothing is left of the output")
    return pairs, extra
