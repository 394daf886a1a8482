# SPDX-License-Identifier: Apache-2.0
"""The kernel as a matrix, against PyTorch through a live server.

A failing case is named by its seed: pytest -k 'seed-17'.
"""
import math
import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import wire
from closeness import assert_close
from test_operators import Case

CASES = 150


class MatrixCase(Case):
    """The random convolutions of test_operators, of one image whose matrix is small."""

    def _draw(self):
        # 3-d images are small enough as they are.
        return super()._draw() and self.elements() <= 300_000

    def elements(self):
        spatial = np.prod(self.outputs()) * np.prod(self.size)
        return self.channels * self.out_channels * spatial

    def outputs(self):
        sizes = []
        for n, k, s, d, (before, after), extra in zip(
                self.size, self.kernel, self.each(self.stride), self.each(self.dilation),
                self.pairs(), self.each(self.output_padding)):
            reach = d * (k - 1) + 1
            sizes.append((n - 1) * s + reach + extra - before - after if self.transposed
                         else (n + before + after - reach) // s + 1)
        return sizes

    def request(self, weight):
        fields = self.fields() | {"input_size": self.size}
        if self.transposed:
            fields["transposed"] = True
        if self.layout == "plain":
            return fields | {"kernel": weight[0, 0]}
        return fields | {"weight": weight}


@pytest.mark.parametrize("seed", range(CASES), ids=lambda seed: f"seed-{seed}")
def test_matrix_times_input_is_the_convolution(call, seed):
    case = MatrixCase(seed)
    case.batch, case.bias = 2, False
    input, weight, _ = case.tensors()
    exact = case.exact(input, weight, None)
    spelling = case.random.choice(["flat", "base64"])
    _, reply = call("kernel_matrix", spelling, **case.request(weight))
    assert list(reply) == ["matrix", "output_shape", "input_shape"]
    matrix = torch.from_numpy(wire.decode(reply["matrix"]).copy())
    assert matrix.dtype == case.dtype
    plain = case.layout == "plain"
    assert reply["output_shape"] == list(exact.shape[2 if plain else 1:])
    assert reply["input_shape"] == list(input.shape[2 if plain else 1:])
    product = matrix.double() @ input.double().reshape(2, -1).T
    products = case.channels // case.groups * math.prod(case.kernel)
    assert_close(product.T.numpy(), exact.reshape(2, -1).numpy(), products, str(case.fields()))
    # Every entry is a weight or nothing.
    weights = set(weight.flatten().tolist()) | {0.0}
    assert set(matrix.flatten().tolist()) <= weights


@pytest.mark.parametrize("seed", range(40), ids=lambda seed: f"seed-{seed}")
def test_its_transpose_is_the_transposed_convolution(call, seed):
    """matrix.T @ y is what conv_transpose gives for y, as the survey shows."""
    case = MatrixCase(seed + 1000)
    while not case._draw() or case.transposed:
        pass
    _, weight, _ = case.tensors()
    _, reply = call("kernel_matrix", "base64", **case.request(weight))
    matrix = torch.from_numpy(wire.decode(reply["matrix"]).copy()).double()
    torch.manual_seed(seed)
    y = torch.randn(1, case.out_channels, *case.outputs(), dtype=torch.float64)
    x = torch.zeros(1, case.channels, *case.size, dtype=torch.float64)
    with torch.enable_grad():
        x.requires_grad_()
        case.exact(x, weight, None).backward(y)
    products = case.out_channels // case.groups * math.prod(case.kernel)
    assert_close((matrix.T @ y.flatten()).numpy(), x.grad.flatten().numpy(), products)


def test_the_cases_are_many_sided():
    cases = [MatrixCase(seed) for seed in range(CASES)]
    for rank in (1, 2, 3):
        for transposed in (False, True):
            assert sum(c.rank == rank and c.transposed == transposed for c in cases) >= 5
    assert sum(c.groups > 1 for c in cases) >= 20
    assert sum(c.layout == "plain" for c in cases) >= 20
    assert sum(c.padding == "same" for c in cases) >= 4


def test_the_survey_in_one_line(call):
    """A 3x3 kernel over a 4x4 image: the 4x16 matrix that the survey writes out."""
    kernel, image = torch.arange(1.0, 10).reshape(3, 3), torch.arange(16.0).reshape(4, 4)
    _, reply = call("kernel_matrix", "nested", kernel=kernel, input_size=4)
    matrix = torch.tensor(reply["matrix"])
    assert matrix.shape == (4, 16)
    convolved = F.conv2d(image[None, None], kernel[None, None]).flatten()
    assert torch.equal(matrix @ image.flatten(), convolved)
    back = F.conv_transpose2d(convolved.reshape(1, 1, 2, 2), kernel[None, None])
    assert torch.equal(matrix.T @ convolved, back.flatten())


def test_it_is_an_algorithm_too(call):
    """The same answer by `algorithm`, where the sums may be in another order."""
    torch.manual_seed(4)
    input, weight = torch.randn(2, 3, 12, 11), torch.randn(6, 1, 3, 3)
    options = dict(groups=3, stride=2, padding=1)
    output, reply = call(
        "conv2d", input=input, weight=weight, algorithm="kernel_matrix", **options)
    assert reply["algorithm"] == "kernel_matrix"
    exact = F.conv2d(input.double(), weight.double(), **options)
    assert_close(output, exact.numpy(), 9)


def test_an_infinity_reaches_only_what_looks_at_it(call):
    """The matrix without its zeros: 0 times infinity would be NaN."""
    input, weight = torch.ones(1, 1, 5, 5), torch.ones(1, 1, 2, 2)
    input[0, 0, 2, 2] = torch.inf
    output, _ = call("conv2d", "base64", input=input, weight=weight, algorithm="kernel_matrix")
    expected = F.conv2d(input, weight).numpy()
    assert np.array_equal(output, expected) and np.isinf(expected).sum() == 4


REFUSALS = [
    (dict(kernel=[[1]], input_size=[64, 65]), "/input_size", ["4160", "16777216"]),
    (dict(kernel=[[1]], input_size=[1, 2, 3]), "/input_size", ["3 values", "2 spatial"]),
    (dict(kernel=[1], weight=[[[1]]], input_size=1), "/weight", ["both"]),
    (dict(input_size=1), "/kernel", ["required"]),
    (dict(kernel=[1, 2, 3], input_size=2), "/kernel", ["3", "2", "padding"]),
    (dict(kernel=[1], input_size=2, stride=0), "/stride", ["0", "at least 1"]),
    (dict(weight=[[[1]]] * 3, input_size=2, groups=2), "/groups", ["2", "3", "divi"]),
    (dict(kernel=[1], input_size=2, output_padding=1), "/output_padding", ["transposed"]),
]


@pytest.mark.parametrize("body, pointer, says", REFUSALS, ids=range(len(REFUSALS)))
def test_refused(server, body, pointer, says):
    response = server.post("kernel_matrix", body)
    assert response.status_code == 422, response.text
    problem = response.json()
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    for pattern in says:
        assert re.search(pattern, problem["detail"]), problem["detail"]

