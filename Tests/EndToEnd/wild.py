# SPDX-License-Identifier: Apache-2.0
"""Hypothesis strategies for requests of which a good half has no answer."""
import dataclasses

from hypothesis import strategies as st

from cases import Case
from oracle import spatial_rank
from strategies import convolutions, either


class Odds:
    """Draws what is usual, and now and then what is not."""

    def __init__(self, draw, rank):
        self.draw = draw
        self.rank = rank

    def value(self, usual, *odd):
        if odd and self.draw(st.integers(0, 19)) == 19:
            return self.draw(either(*odd))
        return self.draw(st.integers(*usual) if isinstance(usual, tuple) else either(*usual))

    def numbers(self, low, high, *odd):
        """A number or a list, now and then too long or too short."""
        if self.draw(st.booleans()):
            return self.value((low, high), *odd)
        length = self.value([self.rank], self.rank + 1, 0, 1)
        return [self.value((low, high), *odd) for _ in range(length)]

    def sizes(self, low, high, *odd):
        return [self.value((low, high), *odd) for _ in range(self.rank)]


@st.composite
def wild(draw):
    """Asked of PyTorch and of us; what either says is to be compared."""
    transposed = draw(st.booleans())
    odds = Odds(draw, draw(either(1, 2, 2, 3)))
    groups = odds.value([1, 1, 1, 2, 3], 0, -1, 5)
    inputs, outputs = (max(1, abs(groups)) * odds.value((1, 3)) for _ in range(2))
    split = max(1, abs(groups))
    rows = [inputs, outputs // split] if transposed else [outputs, inputs // split]
    rows = [max(0, n + odds.value([0], 1, -1)) for n in rows]
    lead = odds.value([[1, inputs], [2, inputs], [inputs], [0, inputs]], [], [1, 1, inputs])
    fields = draw(st.fixed_dictionaries({}, optional={
        "stride": st.just(odds.numbers(1, 3, 0, -1)),
        "dilation": st.just(odds.numbers(1, 2, 0, -2)),
        "padding": st.just(draw_padding(odds, transposed)),
        **({"output_padding": st.just(odds.numbers(0, 1, 2, 3, -1)),
            "output_size": st.just(odds.numbers(5, 12, 0, 30))} if transposed else {}),
        "padding_mode": st.just(
            odds.value(["zeros"], "reflect", "circular") if transposed
            else odds.value(["zeros", "reflect", "replicate", "circular"], "edge")),
    }))
    if groups != 1 or draw(st.booleans()):
        fields["groups"] = groups
    bias = draw(either(None, [outputs]))
    if bias:
        bias = odds.value([bias], [outputs + 1], [1, outputs], [0])
    return Case(("conv_transpose" if transposed else "conv") + f"{odds.rank}d",
                lead + odds.sizes(3, 8, 0, 1, 2), rows + odds.sizes(1, 4, 0, 5), fields, bias=bias,
                dtype="float64")


def draw_padding(odds, transposed):
    """Numbers, or rarely for transposed convolutions a word."""
    if odds.draw(st.integers(0, 19 if transposed else 3)) == 3:
        return odds.value(["valid", "same"], "SAME", "")
    return odds.numbers(0, 3, -1, 5, 9)


def spoilers(rank):
    """Fields that a request may have, each of which has something against it now and then."""
    return [
        {"kernel_shape": [1] * rank}, {"kernel_shape": [2] * (rank + 1)},
        {"pads": [0] * 2 * rank}, {"pads": [1] * (2 * rank + 1)}, {"pads": [1] * rank},
        {"pads": [0] * rank + [-1] * rank}, {"padding": 1}, {"padding": "causal"},
        {"padding": "full"}, {"padding": "same"}, {"padding": "same_upper"}, {"padding": "FULL"},
        {"padding": [[0, 1]] * (rank + 1)}, {"padding": [[0, -1]] * rank},
        {"auto_pad": "SAME_LOWER"}, {"auto_pad": "VALID"}, {"auto_pad": "NOTSET"},
        {"auto_pad": "same"}, {"padding_value": 1}, {"padding_mode": "edge"},
        {"padding_mode": "reflect"}, {"padding_mode": "circular"}, {"padding_mode": "constant"},
        {"output_size": 3}, {"output_size": [0] * rank}, {"output_size": [9] * (rank + 1)},
        {"output_shape": [4] * rank}, {"output_shape": [99] * rank}, {"output_padding": 1},
        {"output_padding": [2] * rank}, {"stride": 2}, {"strides": [3] * rank}, {"strides": [0]},
        {"dilations": [2] * rank}, {"dilation": 4}, {"group": 2}, {"groups": 3},
        {"activation": "softmax"}, {"precision": "exact"}, {"algorithm": "fastest"},
        {"algorithm": "winograd"}, {"algorithm": "fft"}, {"algorithm": "direct"},
        {"algorithm": "im2col"}, {"algorithm": "stride_phases"}, {"algorithm": "col2im"},
    ]


@st.composite
def spoiled(draw):
    """A request that has an answer, and one more field, or a tensor of another shape."""
    case = draw(convolutions())
    case = dataclasses.replace(case, add=case.add_shape() or False)
    rank = spatial_rank(case.operation)
    tensor = draw(either(None, None, None, "input", "weight", "bias", "add"))
    if tensor is None:
        return dataclasses.replace(case, fields=case.fields | draw(either(*spoilers(rank))))
    if tensor == "bias":
        return dataclasses.replace(case, bias=draw(either([99], [1, 1], [0])))
    shape = getattr(case, tensor)
    if tensor == "add":
        shape = case.add or case.input
    if draw(st.booleans()):
        return dataclasses.replace(case, **{tensor: [1, *shape]}, spelling="flat")
    axis = draw(st.integers(0, len(shape) - 1))
    changed = [n + (1 if i == axis else 0) for i, n in enumerate(shape)]
    return dataclasses.replace(case, **{tensor: changed}, spelling="flat")
