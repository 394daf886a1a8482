# SPDX-License-Identifier: Apache-2.0
"""Seeded random geometry against PyTorch in float64.

A failing case is named by its seed: pytest -k 'seed-17'.
"""
import math
import random

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from closeness import assert_close
from wire import spelling_of

CASES = 400


class Case:
    """One random call that has an output."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.seed = seed
        while not self._draw():
            pass

    def _draw(self):
        r = self.random
        self.rank = r.choice([1, 2, 2, 3])
        self.transposed = r.random() < 0.4
        self.dtype = r.choice([torch.float32, torch.float32, torch.float64])
        self.layout = r.choice(["batched", "batched", "batched", "unbatched", "plain"])
        plain = self.layout == "plain"
        self.batch = r.choice([0, 1, 1, 2, 3]) if self.layout == "batched" else 1
        self.groups = 1 if plain else r.choice([1, 1, 1, 2, 3, 5])
        self.channels = self.groups * (1 if plain else r.choice([1, 1, 2, 3, 7, 16]))
        self.out_channels = self.groups * (1 if plain else r.choice([1, 1, 2, 5, 9, 12]))
        most = {1: 70, 2: 20, 3: 8}[self.rank]
        self.size = [r.randint(1, most) for _ in range(self.rank)]
        self.kernel = [r.randint(1, 5 if self.rank < 3 else 3) for _ in range(self.rank)]
        self.stride = self._numbers(1, 3)
        self.dilation = self._numbers(1, 3)
        self.bias = r.random() < 0.5
        self.output_padding = self._output_padding()
        self.padding = self._padding()
        return self._fits()

    def _numbers(self, low, high):
        """One number, a list of one, or one for each dimension."""
        r = self.random
        form = r.choice(["int", "one", "each"])
        if form == "each":
            return [r.randint(low, high) for _ in range(self.rank)]
        number = r.randint(low, high)
        return [number] if form == "one" else number

    def each(self, value):
        values = value if isinstance(value, list) else [value]
        return values * self.rank if len(values) == 1 else values

    def _output_padding(self):
        if not self.transposed or self.random.random() < 0.4:
            return 0
        limits = map(max, self.each(self.stride), self.each(self.dilation))
        return [self.random.randrange(limit) for limit in limits]

    def _padding(self):
        r = self.random
        forms = ["numbers", "numbers", "pairs"] + ([] if self.transposed else ["valid", "same"])
        form = r.choice(forms)
        if form == "numbers":
            return self._numbers(0, 3)
        if form == "pairs":
            return [[r.randint(0, 4), r.randint(0, 4)] for _ in range(self.rank)]
        if form == "same":
            self.stride = r.choice([1, [1], [1] * self.rank])
        return form

    def pairs(self):
        """The padding as [before, after] for each dimension."""
        if self.padding == "valid":
            return [[0, 0]] * self.rank
        if self.padding == "same":
            totals = [d * (k - 1) for d, k in zip(self.each(self.dilation), self.kernel)]
            return [[t // 2, t - t // 2] for t in totals]
        if isinstance(self.padding, list) and isinstance(self.padding[0], list):
            return self.padding
        return [[p, p] for p in self.each(self.padding)]

    def _fits(self):
        for size, kernel, stride, dilation, (before, after), extra in zip(
                self.size, self.kernel, self.each(self.stride), self.each(self.dilation),
                self.pairs(), self.each(self.output_padding)):
            reach = dilation * (kernel - 1) + 1
            if self.transposed:
                if (size - 1) * stride + reach + extra - before - after < 1:
                    return False
            elif size + before + after < reach:
                return False
        return True

    def tensors(self):
        torch.manual_seed(self.seed)
        rows, columns = self.out_channels, self.channels // self.groups
        if self.transposed:
            rows, columns = self.channels, self.out_channels // self.groups
        input = torch.randn(self.batch, self.channels, *self.size, dtype=self.dtype)
        weight = torch.randn(rows, columns, *self.kernel, dtype=self.dtype)
        bias = torch.randn(self.out_channels, dtype=self.dtype) if self.bias else None
        return input, weight, bias

    def exact(self, input, weight, bias):
        """[N, C, *spatial] in float64. PyTorch pads evenly only, so that padding is done apart."""
        tensors = [t if t is None else t.double() for t in (input, weight, bias)]
        options = dict(
            stride=self.each(self.stride), dilation=self.each(self.dilation), groups=self.groups)
        name = ("conv_transpose" if self.transposed else "conv") + f"{self.rank}d"
        function = getattr(F, name)
        if not self.transposed:
            padding = [p for pair in reversed(self.pairs()) for p in pair]
            return function(F.pad(tensors[0], padding), *tensors[1:], **options)
        whole = function(*tensors, output_padding=self.each(self.output_padding), **options)
        for dimension, (before, after) in enumerate(self.pairs()):
            length = whole.shape[2 + dimension] - before - after
            whole = whole.narrow(2 + dimension, before, length)
        return whole

    def without_extra_ranks(self, tensor, kind):
        if self.layout == "plain" and kind != "bias":
            return tensor[0, 0]
        return tensor[0] if self.layout == "unbatched" and kind == "input" else tensor

    def spelling(self):
        """Nested arrays are float32 and have no spelling for an empty batch."""
        nested = self.dtype == torch.float32 and self.batch > 0
        return self.random.choice((["nested"] if nested else []) + ["flat", "base64"])

    def fields(self):
        """Defaults are left out now and then."""
        given = dict(
            stride=self.stride, padding=self.padding, dilation=self.dilation, groups=self.groups)
        if self.transposed:
            given["output_padding"] = self.output_padding
        defaults = dict(stride=1, padding=0, dilation=1, groups=1, output_padding=0)
        return {
            name: value for name, value in given.items()
            if value != defaults[name] or self.random.random() < 0.5}


@pytest.mark.parametrize("seed", range(CASES), ids=lambda seed: f"seed-{seed}")
def test_random_geometry(call, seed):
    case = Case(seed)
    input, weight, bias = case.tensors()
    exact = case.exact(input, weight, bias)
    exact = case.without_extra_ranks(exact, "input")
    spelling, fields = case.spelling(), case.fields()
    operation = ("conv_transpose" if case.transposed else "conv") + f"{case.rank}d"
    tensors = dict(
        input=case.without_extra_ranks(input, "input"),
        weight=case.without_extra_ranks(weight, "weight"))
    if bias is not None:
        tensors["bias"] = bias
    elif case.random.random() < 0.3:
        tensors["bias"] = None

    output, reply = call(operation, spelling, **tensors, **fields)

    assert spelling_of(reply["output"]) == spelling
    assert output.dtype == np.dtype(str(case.dtype).removeprefix("torch."))
    products = case.channels // case.groups * math.prod(case.kernel) + 1
    assert_close(
        output, exact.numpy(), products,
        f"{operation} {spelling} {case.layout} input {list(input.shape)} "
        f"weight {list(weight.shape)} {fields}")


def test_the_cases_are_many_sided():
    """A generator that never draws a kind of case would pass everything of that kind."""
    cases = [Case(seed) for seed in range(CASES)]
    for rank in (1, 2, 3):
        for transposed in (False, True):
            assert sum(c.rank == rank and c.transposed == transposed for c in cases) >= 20
    for layout in ("batched", "unbatched", "plain"):
        assert sum(c.layout == layout for c in cases) >= 40
    for padding in ("valid", "same"):
        assert sum(c.padding == padding for c in cases) >= 10
    assert sum(isinstance(c.padding, list) and isinstance(c.padding[0], list) for c in cases) >= 40
    assert sum(c.batch == 0 for c in cases) >= 10
    assert sum(c.groups > 1 for c in cases) >= 80
    assert sum(c.dtype == torch.float64 for c in cases) >= 80
    assert sum(c.output_padding not in (0, [0] * c.rank) for c in cases) >= 15


@pytest.mark.parametrize("spelling", ["flat", "base64"])
@pytest.mark.parametrize("transposed", [False, True])
def test_no_input_channels_give_the_bias(call, spelling, transposed):
    """The mathematical answer; PyTorch gives an output without channels."""
    weight = torch.zeros(0, 5, 3, 3) if transposed else torch.zeros(5, 0, 3, 3)
    operation = "conv_transpose2d" if transposed else "conv2d"
    bias = torch.arange(5.0)
    output, _ = call(operation, spelling, input=torch.zeros(2, 0, 4, 4), weight=weight, bias=bias)
    size = 6 if transposed else 2
    assert output.shape == (2, 5, size, size)
    assert (output == bias.numpy()[None, :, None, None]).all()


def test_the_answer_does_not_depend_on_the_batch(call):
    """Bit for bit, as PyTorch does not promise."""
    torch.manual_seed(1)
    input, weight = torch.randn(3, 8, 17, 19), torch.randn(12, 8, 3, 3)
    together, _ = call("conv2d", "base64", input=input, weight=weight, padding=1)
    for index in range(3):
        alone, _ = call("conv2d", "base64", input=input[index], weight=weight, padding=1)
        assert np.array_equal(together[index], alone)
