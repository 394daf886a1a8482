# SPDX-License-Identifier: Apache-2.0
"""`shape` tells what an operation will do, and `compare` what its algorithms did.

Receptive fields are held against PyTorch's gradients: an output's field is where its gradient is
not zero.
"""
import math

import numpy as np
import pytest
import torch
from hypothesis import given, note, settings

import oracle
import wire
from cases import Case
from request_geometry import Axes, forward_pairs, renamed, transposed_pairs
from strategies import FORWARD_ALGORITHMS, TRANSPOSED_ALGORITHMS, convolutions
from wild import wild

RESULT = {"algorithm", "time_ms", "multiply_accumulates", "gflops", "scratch_bytes",
          "max_abs_error", "max_rel_error"}


def shapes_of(case, without=("add", "format", "explain")):
    """The request for `shape` that belongs to a case."""
    body = {"operation": case.operation, "input": case.input, "weight": case.weight,
            "dtype": case.dtype, **case.fields}
    return {k: v for k, v in body.items() if k not in without} | (
        {"bias": case.bias} if case.bias else {})


def resolved(case):
    """(axes, padding pairs)"""
    rank, fields = oracle.spatial_rank(case.operation), renamed(case.fields)
    axes = Axes.of(fields, case.input[-rank:], case.weight[-rank:])
    if oracle.is_transposed(case.operation):
        return axes, transposed_pairs(fields, axes)[0]
    return axes, forward_pairs(fields, axes)


@settings(max_examples=settings.default.max_examples // 2)
@given(convolutions())
def test_shape_tells_what_the_operation_does(server, case):
    note(f"@example({case!r})")
    response = server.post("shape", shapes_of(case))
    assert response.status_code == 200, response.text[:1000]
    told = response.json()
    answer = case.answer().output
    axes, pairs = resolved(case)
    assert told["output_shape"] == list(answer.shape)
    assert told["padding"] == pairs
    assert told["effective_kernel"] == [r + 1 for r in axes.reach]
    weights = math.prod(case.weight)
    assert told["parameter_count"] == weights + (case.bias[0] if case.bias else 0)
    itemsize = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2}[case.dtype]
    assert told["bytes_moved"] == itemsize * (
        math.prod(case.input) + told["parameter_count"] + answer.numel())
    # Each weight meets each pixel of one channel: of the output, transposed of the input.
    over = case.input if oracle.is_transposed(case.operation) else list(answer.shape)
    batch = case.input[0] if len(case.input) == axes.rank + 2 else 1
    assert told["multiply_accumulates"] == batch * weights * math.prod(over[-axes.rank:])

    if answer.numel():
        did = case.post(server, explain=True).json()
        assert did["algorithm"] == told["algorithm"]
        explained = did["explain"]
        for name in ("output_shape", "padding", "effective_kernel", "multiply_accumulates"):
            assert explained[name] == told[name]
        assert explained["compute_ms"] >= 0 and explained["scratch_bytes"] >= 0


@settings(max_examples=settings.default.max_examples // 2)
@given(wild())
def test_shape_refuses_what_the_operation_refuses(server, case):
    note(f"@example({case!r})")
    did, told = case.post(server), server.post("shape", shapes_of(case))
    assert told.status_code == did.status_code, f"{did.text[:500]} {told.text[:500]}"
    if did.status_code == 422:
        # Of a tensor's shape the operation has the pointer /input/shape or /input.
        places = [r.json()["errors"][0]["pointer"].split("/")[1] for r in (did, told)]
        assert places[0] == places[1]


CHAINS = {
    "resnet": ([1, 3, 224, 224], [
        dict(operation="conv2d", weight=[64, 3, 7, 7], stride=2, padding=3),
        dict(operation="conv2d", weight=[64, 64, 3, 3], stride=2, padding=1, bias=[64]),
        dict(operation="conv2d", weight=[64, 64, 3, 3], padding=1),
        dict(operation="conv2d", weight=[128, 64, 1, 1], stride=2),
        dict(operation="conv2d", weight=[128, 1, 3, 5], padding="same", groups=128)]),
    "wavenet": ([2, 1, 200], [
        dict(operation="conv1d", weight=[4, inputs, 2], padding="causal", dilation=d)
        for d, inputs in ((1, 1), (2, 4), (4, 4), (8, 4))]),
    "asymmetric, strides that differ": ([1, 2, 61, 83], [
        dict(operation="conv2d", weight=[3, 2, 3, 4], stride=[2, 3], padding=[[0, 1], [2, 0]]),
        dict(operation="conv2d", weight=[1, 3, 2, 5], dilation=[3, 1], pads=[1, 0, 2, 4])]),
    "volumes": ([1, 1, 20, 22, 24], [
        dict(operation="conv3d", weight=[2, 1, 3, 2, 1], stride=[1, 2, 1], padding=1),
        dict(operation="conv3d", weight=[1, 2, 2, 3, 3], dilation=2)]),
    "down and up": ([1, 1, 64, 64], [
        dict(operation="conv2d", weight=[2, 1, 3, 3], stride=2, padding=1),
        dict(operation="conv_transpose2d", weight=[2, 1, 4, 4], stride=2, padding=1),
        dict(operation="conv2d", weight=[1, 1, 3, 3])]),
    "up by three": ([1, 1, 40], [
        dict(operation="conv_transpose1d", weight=[1, 1, 5], stride=3, padding=[[2, 1]]),
        dict(operation="conv1d", weight=[1, 1, 4], padding="same")]),
}


def through(layers, input):
    """The chain with weights of 1, so that nothing cancels out."""
    for layer in layers:
        fields = {k: v for k, v in layer.items() if k not in ("operation", "weight", "bias")}
        whole = dict(input=input, weight=torch.ones(layer["weight"], dtype=torch.float64))
        input = oracle.answer(layer["operation"], whole, fields).output
    return input


def seen(layers, input_shape, axis, place):
    """The first and last place of the input, on one axis, that an output sees."""
    with torch.enable_grad():
        input = torch.zeros(input_shape, dtype=torch.float64, requires_grad=True)
        output = through(layers, input)
        middle = [n // 2 for n in output.shape[2:]]
        middle[axis] = place
        output[(0, 0, *middle)].backward()
    touched = input.grad.abs().sum([a for a in range(input.dim()) if a != axis + 2]).nonzero()
    return int(touched[0]), int(touched[-1])


@pytest.mark.parametrize("name", CHAINS)
def test_receptive_fields_are_where_gradients_are(server, name):
    input, layers = CHAINS[name]
    response = server.post("shape", {"input": input, "layers": layers})
    assert response.status_code == 200, response.text[:1000]
    told = response.json()["layers"]
    small = [input[0], input[1], *input[2:]]
    for count in range(1, len(layers) + 1):
        row, chain = told[count - 1], layers[:count]
        shape = list(through(chain, torch.zeros(small, dtype=torch.float64)).shape)
        assert row["output_shape"] == shape
        assert row["operation"] == layers[count - 1]["operation"]
        for axis in range(len(shape) - 2):
            # The middle, far from the borders; as many outputs as the phases of their strides.
            first, period = shape[axis + 2] // 2, 6 if "up" in name else 2
            ends = [seen(chain, small, axis, first + i) for i in range(period)]
            centres = [(low + high + 1) / 2 for low, high in ends]
            assert row["receptive_field"][axis] == max(high - low + 1 for low, high in ends)
            jump = row["jump"][axis]
            fitted = np.mean(centres) - jump * (first + (period - 1) / 2)
            assert row["start"][axis] == pytest.approx(fitted), (name, count, axis)
            if "up" not in name:
                assert centres[1] - centres[0] == jump


def test_layers_are_those_of_shape(server):
    """Each row of a chain is what `shape` says of that layer alone."""
    input, layers = CHAINS["resnet"]
    rows = server.post("shape", {"input": input, "layers": layers}).json()["layers"]
    for layer, row in zip(layers, rows):
        alone = server.post("shape", {"input": input, **layer}).json()
        assert alone.items() <= row.items()
        input = row["output_shape"]


@pytest.mark.parametrize("layers, pointer, says", [
    ([dict(operation="conv2d", weight=[4, 1, 3, 3]), dict(operation="conv2d", weight=[4, 3, 3, 3])],
     "/layers/1/weight", "channels"),
    ([dict(operation="conv2d", weight=[4, 1, 3, 3], stride=0)], "/layers/0/stride", "stride is 0"),
    ([dict(operation="conv2d", weight=[4, 1, 9, 9])], "/layers/0/weight", "padding"),
    ([dict(operation="conv2d", weight=[4, 1, 3, 3], strid=1)], "/layers/0/strid", "stride"),
    ([dict(operation="conv4d", weight=[4, 1, 3, 3])], "/layers/0/operation", "conv3d"),
    ([dict(weight=[4, 1, 3, 3])], "/layers/0/operation", "operation"),
    ([dict(operation="conv2d")], "/layers/0/weight", "weight"),
    ([dict(operation="conv2d", weight=[1, 1, 1, 1]), dict(operation="conv1d", weight=[1, 1, 1])],
     "/layers/1", "conv1d"),
    ([], "/layers", "layer"),
    (5, "/layers", "list"),
])
def test_a_chain_that_does_not_fit_is_refused_at_its_layer(server, layers, pointer, says):
    response = server.post("shape", {"input": [1, 1, 8, 8], "layers": layers})
    assert response.status_code == 422, response.text
    problem = response.json()
    assert problem["errors"][0]["pointer"].startswith(pointer), problem
    assert says in problem["detail"]


COMPARED = [
    Case("conv2d", [2, 6, 12, 13], [8, 3, 3, 3], {"groups": 2, "padding": 1}, bias=[8]),
    Case("conv1d", [3, 40], [4, 3, 5], {"stride": 2, "padding": "causal"}),
    Case("conv3d", [1, 2, 5, 6, 7], [3, 2, 2, 3, 2], {"padding": "same_upper"}, dtype="float64"),
    Case("conv2d", [9, 9], [3, 3], {"padding_mode": "reflect", "padding": 1, "flip_kernel": True}),
    Case("conv2d", [1, 4, 8, 8], [4, 4, 3, 3], {"activation": "silu"}, add=True),
    Case("conv_transpose2d", [1, 4, 6, 7], [4, 5, 3, 3], {"stride": 2, "output_padding": 1}),
    Case("conv_transpose1d", [2, 3, 9], [3, 2, 4], {"stride": 3, "output_size": 30}),
]


@pytest.mark.parametrize("case", COMPARED, ids=lambda case: f"{case.operation}-{case.dtype}")
def test_compare_runs_every_algorithm(server, case):
    response = server.post("compare", {"operation": case.operation, **case.body()})
    assert response.status_code == 200, response.text[:1000]
    reply = response.json()
    names = [row["algorithm"] for row in reply["results"]]
    able = (TRANSPOSED_ALGORITHMS if oracle.is_transposed(case.operation) else FORWARD_ALGORITHMS)
    assert set(able) - {"auto"} <= set(names)
    assert len(set(names)) == len(names)
    told = server.post("shape", shapes_of(case)).json()
    assert reply["auto"] == told["algorithm"] and reply["auto"] in names
    times = {row["algorithm"]: row["time_ms"] for row in reply["results"]}
    assert times[reply["fastest"]] == min(times.values())
    exact = case.answer()
    for row in reply["results"]:
        assert set(row) == RESULT
        assert row["time_ms"] > 0 and row["scratch_bytes"] >= 0
        assert row["multiply_accumulates"] == told["multiply_accumulates"]
        flops = 2e-6 * row["multiply_accumulates"] / row["time_ms"]
        assert row["gflops"] == pytest.approx(flops, rel=1e-3)
        # What is said of the error is so: the same algorithm, asked for by name.
        fields = case.fields | {"algorithm": row["algorithm"]}
        body = case.body() | fields
        output = wire.decode(server.post(case.operation, body).json()["output"])
        error = np.abs(output - exact.output.numpy()).max()
        slack = 1e-13 if case.dtype == "float64" else 1e-6
        assert row["max_abs_error"] == pytest.approx(error, abs=slack)
        assert 0 <= row["max_rel_error"] < (1e-9 if case.dtype == "float64" else 1e-1)


@pytest.mark.parametrize("case", COMPARED[:2] + COMPARED[-1:], ids=lambda case: case.operation)
def test_compare_runs_the_kernel_matrix(server, case):
    reply = server.post("compare", {"operation": case.operation, **case.body()}).json()
    assert "kernel_matrix" in [row["algorithm"] for row in reply["results"]]


def test_compare_runs_those_that_are_named(server):
    body = COMPARED[0].body() | {"operation": "conv2d", "algorithms": ["im2col", "sliding_window"]}
    reply = server.post("compare", body).json()
    assert [row["algorithm"] for row in reply["results"]] == ["im2col", "sliding_window"]


@pytest.mark.parametrize("fields, pointer, says", [
    ({"algorithms": ["col2im"]}, "/algorithms", "im2col"),
    ({"algorithms": ["im2col", "strassen"]}, "/algorithms", "strassen"),
    ({"algorithms": ["fastest"]}, "/algorithms", "sliding_window"),
    ({"algorithms": ["auto"]}, "/algorithms", "auto"),
    ({"algorithms": "im2col"}, "/algorithms", "list"),
    ({"operation": "conv1d"}, "/", "conv1d"),
    ({"operation": "pool2d"}, "/operation", "conv2d"),
    ({"stride": 0}, "/stride", "stride is 0"),
    ({"algorithm": "im2col"}, "/algorithm", "algorithms"),
])
def test_compare_refuses(server, fields, pointer, says):
    response = server.post("compare", COMPARED[0].body() | {"operation": "conv2d"} | fields)
    assert response.status_code == 422, response.text
    problem = response.json()
    assert problem["errors"][0]["pointer"].startswith(pointer), problem
    assert says in problem["detail"], problem["detail"]
