# SPDX-License-Identifier: Apache-2.0
"""unfold and fold against PyTorch through a live server, to the last bit.

Both only move and add numbers, fold in the order of PyTorch. A failing case is named by its seed.
"""
import math
import random
import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import wire
from wire import spelling_of

CASES = 200


class Case:
    """One random geometry in which a block fits; PyTorch itself where it is 2-d and evenly padded."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.seed = seed
        while not self._draw():
            pass

    def _draw(self):
        r = self.random
        self.rank = r.choice([1, 2, 2, 2, 3])
        self.dtype = r.choice([torch.float32, torch.float32, torch.float64])
        self.batched = r.random() < 0.7
        self.batch = r.choice([0, 1, 1, 2, 3]) if self.batched else 1
        self.channels = r.choice([1, 1, 2, 3, 7])
        most = {1: 60, 2: 16, 3: 7}[self.rank]
        self.size = [r.randint(1, most) for _ in range(self.rank)]
        self.kernel = [r.randint(1, 4) for _ in range(self.rank)]
        self.stride = [r.randint(1, 3) for _ in range(self.rank)]
        self.dilation = [r.randint(1, 3) for _ in range(self.rank)]
        even = r.random() < 0.6
        self.pairs = [[r.randint(0, 3)] * 2 if even else [r.randint(0, 3), r.randint(0, 3)]
                      for _ in range(self.rank)]
        return all(block > 0 for block in self.blocks())

    def blocks(self):
        return [(n + sum(p) - d * (k - 1) - 1) // s + 1 for n, p, d, k, s in zip(
            self.size, self.pairs, self.dilation, self.kernel, self.stride)]

    def image(self):
        torch.manual_seed(self.seed)
        return torch.randn(self.batch, self.channels, *self.size, dtype=self.dtype)

    def columns(self):
        torch.manual_seed(self.seed + 1)
        rows = self.channels * math.prod(self.kernel)
        return torch.randn(self.batch, rows, math.prod(self.blocks()), dtype=self.dtype)

    def padded_size(self):
        return [n + sum(pair) for n, pair in zip(self.size, self.pairs)]

    def flat_options(self):
        return dict(kernel_size=self.kernel, dilation=self.dilation, stride=self.stride)

    def is_pytorchs(self):
        return self.rank == 2 and all(before == after for before, after in self.pairs)

    def unfolded(self, image):
        if self.is_pytorchs():
            return F.unfold(image, padding=[p[0] for p in self.pairs], **self.flat_options())
        windows = F.pad(image, [p for pair in reversed(self.pairs) for p in pair])
        for axis, (k, d, s) in enumerate(zip(self.kernel, self.dilation, self.stride)):
            windows = windows.unfold(2 + axis, d * (k - 1) + 1, s)
        windows = windows[(..., *(slice(None, None, d) for d in self.dilation))]
        r = self.rank
        windows = windows.permute([0, 1, *range(2 + r, 2 + 2 * r), *range(2, 2 + r)])
        return windows.reshape(
            self.batch, self.channels * math.prod(self.kernel), math.prod(self.blocks()))

    def folded(self, columns):
        if self.is_pytorchs():
            padding = [p[0] for p in self.pairs]
            return F.fold(columns, self.size, padding=padding, **self.flat_options())
        if self.rank == 3:
            return self._folded_by_depth(columns)
        # One dimension is a row of two; uneven padding is cut off afterwards.
        lift = (lambda values, one: [one] + values) if self.rank == 1 else (lambda values, _: values)
        whole = F.fold(
            columns, lift(self.padded_size(), 1), lift(self.kernel, 1),
            dilation=lift(self.dilation, 1), stride=lift(self.stride, 1))
        if self.rank == 1:
            whole = whole[:, :, 0]
        return self._cropped(whole)

    def _folded_by_depth(self, columns):
        """Slices of the kernel's depth, first ones first: the order of the sums."""
        (kd, *kernel), (sd, *stride), (dd, *dilation) = self.kernel, self.stride, self.dilation
        depths = self.blocks()[0]
        plane = math.prod(self.blocks()[1:])
        whole = torch.zeros(self.batch, self.channels, *self.padded_size(), dtype=self.dtype)
        slices = columns.reshape(self.batch, self.channels, kd, math.prod(kernel), depths, plane)
        rows = self.channels * math.prod(kernel)
        # Whole numbers, so that the order within a slice does not matter.
        for k in range(kd):
            for z in range(depths):
                part = slices[:, :, k, :, z].reshape(self.batch, rows, plane)
                whole[:, :, z * sd + k * dd] += F.fold(
                    part, self.padded_size()[1:], kernel, dilation=dilation, stride=stride)
        return self._cropped(whole)

    def _cropped(self, whole):
        for axis, (n, (before, _)) in enumerate(zip(self.size, self.pairs)):
            whole = whole.narrow(2 + axis, before, n)
        return whole

    def spelling(self):
        nested = self.dtype == torch.float32 and self.batch > 0
        return self.random.choice((["nested"] if nested else []) + ["flat", "base64"])

    def without_batch(self, tensor):
        return tensor if self.batched else tensor[0]

    def fields(self):
        """Numbers, lists, pairs or pads; a list tells the rank."""
        r = self.random
        given = {}
        for name, values in (("stride", self.stride), ("dilation", self.dilation)):
            if values != [1] * self.rank or r.random() < 0.5:
                given[name] = values[0] if len(set(values)) == 1 and r.random() < 0.5 else values
        given["kernel_size"] = self.kernel
        forms = ["pairs", "pads"]
        if all(before == after for before, after in self.pairs):
            forms += ["list", "list"]
        if not any(map(sum, self.pairs)):
            forms += ["valid", "absent"]
        form = r.choice(forms)
        if form == "pads":
            given["pads"] = [p[0] for p in self.pairs] + [p[1] for p in self.pairs]
        elif form != "absent":
            given["padding"] = {
                "pairs": self.pairs, "list": [p[0] for p in self.pairs], "valid": "valid"}[form]
        return given


@pytest.mark.parametrize("seed", range(CASES), ids=lambda seed: f"seed-{seed}")
def test_unfold(call, seed):
    case = Case(seed)
    image, fields, spelling = case.image(), case.fields(), case.spelling()
    output, reply = call("unfold", spelling, input=case.without_batch(image), **fields)
    assert list(reply) == ["output"] and spelling_of(reply["output"]) == spelling
    expected = case.without_batch(case.unfolded(image)).numpy()
    assert output.dtype == expected.dtype
    assert np.array_equal(output, expected), fields


@pytest.mark.parametrize("seed", range(CASES), ids=lambda seed: f"seed-{seed}")
def test_fold(call, seed):
    case = Case(seed)
    columns, fields, spelling = case.columns(), case.fields(), case.spelling()
    if case.rank == 3:
        columns = (columns * 8).round()
    size = case.size if case.random.random() < 0.8 or len(set(case.size)) > 1 else case.size[0]
    output, _ = call("fold", spelling, input=case.without_batch(columns), output_size=size, **fields)
    expected = case.without_batch(case.folded(columns)).numpy()
    assert output.dtype == expected.dtype
    assert np.array_equal(output, expected), fields


def test_the_cases_are_many_sided():
    cases = [Case(seed) for seed in range(CASES)]
    for rank in (1, 2, 3):
        assert sum(c.rank == rank for c in cases) >= 25
    assert sum(c.is_pytorchs() for c in cases) >= 40
    assert sum(not c.batched for c in cases) >= 40
    assert sum(c.batch == 0 for c in cases) >= 10
    assert sum(c.dtype == torch.float64 for c in cases) >= 40


def test_one_number_means_two_dimensions(call):
    image = torch.arange(2 * 3 * 5 * 6, dtype=torch.float32).reshape(2, 3, 5, 6)
    for options in (dict(kernel_size=3), dict(kernel_size=2, stride=2, padding=1, dilation=2)):
        output, _ = call("unfold", input=image, **options)
        assert np.array_equal(output, F.unfold(image, **options).numpy())


def test_the_survey_unfolds_to_convolve(call):
    """The survey's second way: unfold, one matrix product, and the shape of the output."""
    torch.manual_seed(0)
    input, weight = torch.randn(2, 3, 9, 8), torch.randn(4, 3, 3, 2)
    columns, _ = call("unfold", input=input, kernel_size=[3, 2], stride=2, padding=1)
    product = weight.reshape(4, -1) @ torch.from_numpy(columns)
    convolved = F.conv2d(input, weight, stride=2, padding=1)
    torch.testing.assert_close(product.reshape(convolved.shape), convolved)


def test_a_large_image_comes_back_divided(call):
    """Megabytes over several cores: fold(unfold(x)) is x as often as blocks hold each element."""
    torch.manual_seed(2)
    image = torch.randint(-9, 9, (2, 5, 96, 97)).float()
    options = dict(kernel_size=[3, 4], stride=[1, 2], padding=[1, 2])
    columns, _ = call("unfold", "base64", input=image, **options)
    again, _ = call("fold", "base64", input=columns, output_size=[96, 97], **options)
    ones = torch.ones_like(image)
    divisor = F.fold(F.unfold(ones, **options), [96, 97], **options)
    assert np.array_equal(again, (divisor * image).numpy())


# operation, shape of the input, options, pointer, what the message says, what PyTorch says
REFUSALS = [
    ("unfold", [1, 2, 5, 5], dict(kernel_size=7), "/kernel_size", ["7", "5", "padding"],
     "must be at least one"),
    ("unfold", [1, 2, 5, 5], dict(kernel_size=3, stride=0), "/stride", ["stride is 0", "at least 1"],
     "stride should be greater than zero"),
    ("unfold", [1, 2, 5, 5], dict(kernel_size=3, padding=-1), "/padding",
     ["padding is -1", "at least 0"], "padding should be non-negative"),
    ("unfold", [1, 2, 5, 5], dict(kernel_size=3, dilation=0), "/dilation",
     ["dilation is 0", "at least 1"], "dilation should be greater than zero"),
    ("unfold", [1, 2, 5, 5], dict(kernel_size=0), "/kernel_size", ["kernel_size is 0", "at least 1"],
     "kernel size should be greater than zero"),
    ("unfold", [1, 0, 5, 5], dict(kernel_size=3), "/input", [r"\[1, 0, 5, 5\]", "channels 0", "batch"],
     "non-zero dimensions"),
    ("unfold", [1, 2, 0, 5], dict(kernel_size=1, padding=1), "/input",
     [r"\[1, 2, 0, 5\]", "height 0", "batch"], "non-zero dimensions"),
    ("unfold", [1, 1, 2, 5, 5], dict(kernel_size=3), "/input",
     [r"\[1, 1, 2, 5, 5\]", "5 dimensions", r"\[N, C, H, W\]", "list"], "3D or 4D"),
    ("unfold", [1, 2, 5, 5], dict(kernel_size=[3, 3], stride=[1, 1, 1]), "/stride",
     [r"\[1, 1, 1\]", "2"], "stride equals to 2"),
    ("unfold", [1, 2, 5, 5], dict(kernel_size=[3, 3, 3]), "/kernel_size",
     [r"\[3, 3, 3\]", "3 elements of depth", "has 2"], "kernel_size equals to 2"),
    ("fold", [1, 17, 9], dict(output_size=[5, 5], kernel_size=3), "/input",
     ["17", r"3 x 3 = 9", "multiple"], "divisible by the product of kernel_size"),
    ("fold", [1, 18, 9], dict(output_size=[6, 5], kernel_size=3), "/input",
     ["9 columns", r"4 x 3 = 12", r"\[6, 5\]"], r"4 \* 3 = 12"),
    ("fold", [1, 0, 9], dict(output_size=[5, 5], kernel_size=3), "/input", [r"\[1, 0, 9\]", "rows 0"],
     "non-zero dimensions"),
    ("fold", [1, 18, 0], dict(output_size=[5, 5], kernel_size=3), "/input",
     [r"\[1, 18, 0\]", "columns 0"], "non-zero dimensions"),
    ("fold", [9], dict(output_size=[5, 5], kernel_size=3), "/input", ["1 dimension", "N, C"],
     "2D or 3D"),
    ("fold", [1, 1, 18, 9], dict(output_size=[5, 5], kernel_size=3), "/input",
     ["4 dimensions", "N, C"], "2D or 3D"),
    ("fold", [1, 18, 9], dict(output_size=[2, 2], kernel_size=3), "/kernel_size",
     ["kernel_size is 3", "2", "padding"], "0 \\* 0 = 0"),
    ("fold", [1, 18, 9], dict(output_size=[0, 5], kernel_size=3), "/output_size",
     [r"output_size is \[0, 5\]", "at least 1"], "-2 \\* 3 = -6"),
    ("fold", [1, 18, 9], dict(output_size=[5, 5], kernel_size=3, stride=0), "/stride",
     ["stride is 0", "at least 1"], "stride should be greater than zero"),
    ("fold", [1, 18, 9], dict(output_size=[5, 5, 5], kernel_size=[3, 3]), "/kernel_size",
     [r"output_size \[5, 5, 5\]", "3"], "output_size equals to 2"),
]
CURE = re.compile(r"\b(use|send|takes|write|must be)\b")


@pytest.mark.parametrize(
    "operation, shape, options, pointer, says, torch_says", REFUSALS,
    ids=[f"{row[0]}-{i}" for i, row in enumerate(REFUSALS)])
def test_refused_as_pytorch_refuses(server, operation, shape, options, pointer, says, torch_says):
    input = torch.zeros(shape)
    with pytest.raises((RuntimeError, ValueError), match=torch_says):
        getattr(F, operation)(input, **options)
    response = server.post(operation, {"input": wire.encode(input.numpy())} | options)
    assert response.status_code == 422, response.text
    problem = response.json()
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    for pattern in says:
        assert re.search(pattern, problem["detail"]), f"no {pattern!r} in: {problem['detail']}"
    assert CURE.search(problem["detail"]), problem["detail"]
    assert len(problem["detail"]) < 500
