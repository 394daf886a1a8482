# SPDX-License-Identifier: Apache-2.0
"""Each algorithm by its name: right where it claims to be able, and a refusal that names the others
where it is not."""
import dataclasses

import numpy as np
import pytest

import oracle
import wire
from cases import Case
from closeness import assert_promised

FORWARD = {
    "plain": Case("conv2d", [11, 13], [3, 2]),
    "signal": Case("conv1d", [2, 3, 70], [5, 3, 31], {"padding": "causal"}),
    "many channels": Case("conv2d", [2, 70, 9, 9], [33, 70, 3, 3], {"padding": 1}, bias=[33]),
    "depthwise": Case("conv2d", [1, 12, 14, 15], [12, 1, 5, 5], {"groups": 12, "padding": "same"}),
    "channel multiplier": Case("conv2d", [1, 5, 9, 9], [15, 1, 3, 3], {"groups": 5}),
    "groups, stride, dilation": Case(
        "conv2d", [2, 6, 17, 16], [9, 2, 3, 2],
        {"groups": 3, "stride": [2, 3], "dilation": [3, 1]}),
    "pointwise": Case("conv2d", [3, 24, 7, 7], [18, 24, 1, 1], bias=[18]),
    "volume": Case("conv3d", [1, 3, 6, 7, 8], [4, 3, 3, 2, 3], {"stride": 2, "padding": "full"}),
    "border": Case("conv2d", [1, 3, 8, 9], [2, 3, 3, 3],
                   {"padding": [[2, 0], [1, 3]], "padding_mode": "circular"}),
    "flip and epilogue": Case("conv2d", [1, 3, 8, 9], [2, 3, 3, 3],
                              {"flip_kernel": True, "activation": "hardswish"}, bias=[2], add=True),
    "kernel as large as the input": Case("conv2d", [1, 2, 9, 10], [3, 2, 9, 10]),
    "no batch": Case("conv2d", [0, 2, 5, 5], [3, 2, 2, 2]),
}
TRANSPOSED = {
    "plain": Case("conv_transpose2d", [5, 6], [3, 2], {"stride": 2}),
    "signal": Case("conv_transpose1d", [2, 3, 20], [3, 4, 16], {"stride": 8, "padding": 4}),
    "decoder": Case("conv_transpose2d", [2, 20, 7, 8], [20, 17, 4, 4], {"stride": 2, "padding": 1},
                    bias=[17]),
    "stride past the kernel": Case("conv_transpose2d", [1, 3, 4, 4], [3, 2, 2, 2],
                                   {"stride": 4, "output_padding": 3}),
    "groups, dilation": Case("conv_transpose2d", [1, 6, 5, 6], [6, 2, 3, 2],
                             {"groups": 2, "dilation": [2, 3], "stride": [3, 2]}),
    "depthwise": Case("conv_transpose2d", [1, 8, 5, 6], [8, 1, 3, 3], {"groups": 8, "stride": 2}),
    "volume": Case("conv_transpose3d", [1, 3, 3, 4, 5], [3, 2, 2, 3, 2], {"stride": [1, 2, 2]}),
    "same": Case("conv_transpose2d", [1, 3, 5, 6], [3, 2, 3, 4],
                 {"stride": 2, "padding": "same_lower"}),
    "flip and epilogue": Case("conv_transpose2d", [1, 3, 5, 6], [3, 2, 3, 3],
                              {"flip_kernel": True, "activation": "gelu"}, bias=[2], add=True),
}


def by_name(rows, algorithms):
    return [pytest.param(dataclasses.replace(case, fields=case.fields | {"algorithm": algorithm}),
                         algorithm, id=f"{algorithm}-{name.replace(' ', '_')}")
            for algorithm in algorithms for name, case in rows.items()]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case, algorithm", [
    *by_name(FORWARD, oracle.FORWARD_ALGORITHMS),
    *by_name(TRANSPOSED, oracle.TRANSPOSED_ALGORITHMS)])
def test_right_by_name(server, case, algorithm, dtype):
    for numbers in ("normal", "integers"):
        asked = dataclasses.replace(case, dtype=dtype, numbers=numbers)
        response = asked.post(server)
        assert response.status_code == 200, response.text[:1000]
        reply = response.json()
        assert reply["algorithm"] == algorithm
        output = wire.decode(reply["output"])
        # Named algorithms add products up and nothing else, so they keep to `strict`.
        assert_promised(output, asked.answer(), dtype, "strict")
        if numbers == "integers" and algorithm != "fft" and "activation" not in case.fields:
            assert (output == asked.answer().output.numpy()).all(), "whole numbers were rounded"


@pytest.mark.parametrize("operation, algorithm, others", [
    *[("conv2d", name, ["sliding_window", "direct", "im2col"])
      for name in ("stride_phases", "col2im")],
    *[("conv_transpose2d", name, ["stride_phases", "col2im"])
      for name in ("sliding_window", "direct", "im2col", "fft")],
])
def test_the_wrong_direction_is_refused_with_those_that_can(server, operation, algorithm, others):
    response = server.post(
        operation, {"input": [[1, 2], [3, 4]], "weight": [[1]], "algorithm": algorithm})
    assert_refused(response, algorithm, others)


@pytest.mark.parametrize("case, algorithm, others", [
    (Case("conv_transpose2d", [1, 1, 3, 3], [1, 1, 2, 2], {"stride": 9}), "stride_phases",
     ["col2im"]),
    (Case("conv1d", [1, 1, 1_050_010], [1, 1, 1_050_000], spelling="base64"), "sliding_window",
     ["im2col"]),
])
def test_too_much_of_something_is_refused_with_those_that_can(server, case, algorithm, others):
    assert_refused(case.post(server, algorithm=algorithm), algorithm, others)
    assert case.post(server).status_code == 200


def test_a_kernel_matrix_of_many_gigabytes_is_refused(server):
    case = Case("conv2d", [1, 1, 600, 600], [1, 1, 5, 5], spelling="base64")
    response = case.post(server, algorithm="kernel_matrix")
    # Stored as its entries that are not 0 it fits; unrolled it does not.
    if response.status_code == 200:
        assert_promised(wire.decode(response.json()["output"]), case.answer(), "float32")
    else:
        assert_refused(response, "kernel_matrix", ["sliding_window", "im2col"])


def assert_refused(response, algorithm, others):
    assert response.status_code == 422, response.text[:500]
    problem = response.json()
    assert [error["pointer"] for error in problem["errors"]] == ["/algorithm"]
    for word in (algorithm, "auto", *others):
        assert word in problem["detail"], problem["detail"]


@pytest.mark.parametrize("precision", ["default", "strict", "fast"])
@pytest.mark.parametrize("size, kernel, channels", [
    (56, 3, 64), (28, 3, 130), (14, 5, 48), (30, 7, 3), (7, 3, 256)])
def test_auto_keeps_the_promise_of_each_precision(server, size, kernel, channels, precision):
    """Where algorithms that trade accuracy for speed are chosen: many channels, small kernels."""
    case = Case("conv2d", [1, channels, size, size], [64, channels, kernel, kernel],
                {"padding": "same", "precision": precision}, spelling="base64")
    response = case.post(server)
    assert response.status_code == 200, response.text[:1000]
    output, answer = wire.decode(response.json()["output"]), case.answer()
    assert_promised(output, answer, "float32", precision)
    error = output - answer.output.numpy()
    rms = np.sqrt(np.mean(error ** 2)) / answer.scale
    assert rms <= {"strict": 5e-7, "default": 1.5e-6, "fast": 1e-5}[precision]
