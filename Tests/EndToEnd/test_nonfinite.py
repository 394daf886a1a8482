# SPDX-License-Identifier: Apache-2.0
"""NaN and infinities come out exactly where PyTorch has them, whatever the algorithm.

Only where padding meets an infinite weight PyTorch has two answers (0 · ∞ is NaN by its own
loops, and is left out by oneDNN), so weights of padded convolutions stay finite here.
"""
import dataclasses

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import example, given, note, settings
from hypothesis import strategies as st

import oracle
import wire
from cases import Case
from strategies import ACTIVATIONS, FORWARD_ALGORITHMS, TRANSPOSED_ALGORITHMS, convolutions

VALUES = (float("nan"), float("inf"), float("-inf"))


def places(*names):
    """(which tensor, where in it from 0 to 1, what)"""
    return st.lists(st.tuples(st.sampled_from(names), st.floats(0, 1), st.sampled_from(VALUES)),
                    min_size=1, max_size=4)


BESIDE_WEIGHTS = places("input", "input", "bias", "add")
ANYWHERE = places("input", "weight", "bias", "add")


def pads(case):
    """Whether zeros are beside the input."""
    return not oracle.is_transposed(case.operation) and not (
        {"padding", "pads", "auto_pad"}.isdisjoint(case.fields))


def poisoned(case, places):
    """The case's arrays with NaN and infinities among them."""
    arrays = case.arrays()
    for name, where, value in places:
        if name in arrays and arrays[name].size and not (name == "weight" and pads(case)):
            flat = arrays[name].reshape(-1)
            flat[min(int(where * flat.size), flat.size - 1)] = value
    return arrays


def assert_same_places(server, case, arrays):
    tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
    expected = oracle.answer(case.operation, tensors, case.fields).output.numpy()
    body = {name: wire.encode(array, case.spelling) for name, array in arrays.items()}
    response = server.session.post(  # json= refuses NaN
        f"{server.url}/v1/{case.operation}", json={**words(body), **case.fields}, timeout=60)
    assert response.status_code == 200, response.text[:1000]
    output = wire.decode(response.json()["output"])
    assert output.shape == expected.shape
    for name, kind in (("NaN", np.isnan), ("Infinity", np.isposinf), ("-Infinity", np.isneginf)):
        np.testing.assert_array_equal(kind(output), kind(expected), err_msg=f"places of {name}")
    finite = np.isfinite(expected)
    np.testing.assert_allclose(output[finite], expected[finite], rtol=1e-3, atol=1e-3)


def words(value):
    """NaN and infinities as JSON has them."""
    if isinstance(value, float) and not np.isfinite(value):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {name: words(item) for name, item in value.items()}
    return [words(item) for item in value] if isinstance(value, list) else value


@given(convolutions(transposed=False), ANYWHERE)
def test_places(server, case, places):
    check_algorithms(server, case, places)


@given(convolutions(transposed=True), BESIDE_WEIGHTS)
def test_places_transposed(server, case, places):
    check_algorithms(server, case, places)


@settings(max_examples=settings.default.max_examples // 4)
# Phases once multiplied the zeros around the input with every tap.
@example(Case("conv_transpose1d", [1, 1, 1], [1, 1, 2], {"dilation": [2]}),
         [("weight", 0.0, VALUES[0])])
@given(convolutions(transposed=True), places("weight"))
def test_places_of_transposed_weights(server, case, places):
    """Each weight meets each input once; zeros around the input are no part of the sum."""
    check_algorithms(server, case, places)


def check_algorithms(server, case, places):
    note(f"{case!r} {places!r}")
    arrays = poisoned(case, places)
    able = TRANSPOSED_ALGORITHMS if oracle.is_transposed(case.operation) else FORWARD_ALGORITHMS
    for algorithm in able if "algorithm" in case.fields else ["auto"]:
        fields = case.fields | ({"algorithm": algorithm} if algorithm != "auto" else {})
        assert_same_places(server, dataclasses.replace(case, fields=fields), arrays)


@settings(max_examples=settings.default.max_examples // 4)
@given(convolutions(algorithms=["kernel_matrix"]), BESIDE_WEIGHTS)
def test_places_by_the_kernel_matrix(server, case, places):
    """Its zeros are no products of the convolution: they must not turn an infinity into NaN."""
    note(f"{case!r} {places!r}")
    assert_same_places(server, case, poisoned(case, places))


@settings(max_examples=settings.default.max_examples // 8)
@given(convolutions(dtypes=("float16", "bfloat16")), BESIDE_WEIGHTS)
def test_places_in_halves(server, case, places):
    note(f"{case!r} {places!r}")
    arrays = poisoned(case, places)
    tensors = {name: torch.from_numpy(array.astype(np.float64)) for name, array in arrays.items()}
    expected = oracle.answer(case.operation, tensors, case.fields).output.numpy()
    body = {name: words(wire.encode(array, case.spelling)) for name, array in arrays.items()}
    response = server.post(case.operation, body | case.fields)
    assert response.status_code == 200, response.text[:1000]
    output = wire.decode(response.json()["output"]).astype(np.float64)
    for kind in np.isnan, np.isposinf, np.isneginf:
        np.testing.assert_array_equal(kind(output), kind(expected))


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_activations_of_what_is_not_finite(call, activation, dtype):
    values = torch.tensor([*VALUES, -1e30, 1e30, 0.0, -0.0, 3.0, -3.0], dtype=dtype)
    output, _ = call("conv1d", "base64", input=values[None, None], activation=activation,
                     weight=torch.ones(1, 1, 1, dtype=dtype))
    expected = getattr(F, activation)(values.double()).numpy()
    np.testing.assert_allclose(output[0, 0], expected, rtol=1e-5)


@pytest.mark.parametrize("algorithm", ["auto", "sliding_window", "direct", "im2col"])
@pytest.mark.parametrize("size, kernel", [([17, 19], [3, 3]), ([16, 16], [5, 5]), ([40], [3])])
def test_huge_numbers_do_not_overflow_on_the_way(server, algorithm, size, kernel):
    """Sums that float32 holds, of which an algorithm that adds numbers up before it multiplies them
    would make infinities."""
    rank = len(size)
    case = Case(f"conv{rank}d", [1, 20, *size], [24, 20, *kernel],
                {"padding": "same", "algorithm": algorithm}, spelling="base64")
    arrays = case.arrays()
    arrays["input"][(0, 7, *(n // 2 for n in size))] = 3e38
    arrays["weight"] = np.clip(arrays["weight"], -0.25, 0.25)
    tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
    answer = oracle.answer(case.operation, tensors, case.fields)
    assert answer.output.abs().max() < 3e38
    body = {name: wire.encode(array, "base64") for name, array in arrays.items()} | case.fields
    response = server.post(case.operation, body)
    assert response.status_code == 200, response.text[:1000]
    output = wire.decode(response.json()["output"])
    assert np.isfinite(output).all()
    expected = answer.output.numpy()
    small = np.abs(expected) < 1e30
    assert small.any() and not small.all()
    np.testing.assert_allclose(output[~small], expected[~small], rtol=1e-4)
    assert np.abs(output[small] - expected[small]).max() < 1e-2
