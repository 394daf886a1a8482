# SPDX-License-Identifier: Apache-2.0
"""float32, float64, float16 and bfloat16: read, computed, rounded once and printed."""
import json

import ml_dtypes
import numpy as np
import pytest

import wire
from cases import NUMPY, Case

HALVES = ["float16", "bfloat16"]
SPELLINGS = ["flat", "base64"]


def every_number(dtype):
    """All 65536 patterns but those of NaN."""
    values = np.arange(65536, dtype=np.uint16).view(NUMPY[dtype])
    return values[~np.isnan(values.astype(np.float32))]


def convolve(server, input, weight, spelling="base64", **fields):
    body = {"input": wire.encode(input, spelling), "weight": wire.encode(weight, spelling)}
    text = json.dumps(body | fields).replace("-Infinity", '"-Infinity"').replace(
        " Infinity", ' "Infinity"').replace("[Infinity", '["Infinity"')
    response = server.session.post(f"{server.url}/v1/conv1d", data=text, timeout=60,
                                   headers={"Content-Type": "application/json"})
    assert response.status_code == 200, response.text[:1000]
    return wire.decode(response.json()["output"])


def array(values, dtype):
    return np.array(values, dtype=np.float64).astype(NUMPY[dtype])


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("dtype", HALVES)
def test_every_half_is_returned_as_it_was_sent(server, dtype, spelling):
    sent = every_number(dtype)
    output = convolve(server, sent, array([1], dtype), spelling)
    assert output.dtype == NUMPY[dtype]
    assert (output.view(np.uint16) == sent.view(np.uint16)).all()


@pytest.mark.parametrize("dtype", HALVES)
def test_nan_stays_nan(server, dtype):
    output = convolve(server, array([1, np.nan, 2], dtype), array([1], dtype))
    assert np.isnan(output.astype(np.float32)).tolist() == [False, True, False]


@pytest.mark.parametrize("dtype", HALVES)
def test_every_half_is_printed_with_few_digits(server, dtype):
    """The shortest decimal that this dtype reads back, not the float32's."""
    sent = every_number(dtype)
    sent = sent[np.isfinite(sent.astype(np.float32))]
    body = {"input": wire.encode(sent, "base64"), "format": "flat",
            "weight": wire.encode(array([1], dtype), "base64")}
    response = server.post("conv1d", body)
    assert response.status_code == 200, response.text[:500]
    words = json.loads(response.text, parse_float=str, parse_int=str)["output"]["data"]
    assert (np.array(words, dtype=np.float64).astype(NUMPY[dtype]) == sent).all()

    def digits(word):
        return len(word.lower().split("e")[0].replace("-", "").replace(".", "").strip("0"))

    most = {"float16": 5, "bfloat16": 4}[dtype]  # ceil(bits of the significand · log10 2) + 1
    assert max(map(digits, words)) <= most


@pytest.mark.parametrize("dtype", HALVES)
def test_sums_are_rounded_once(server, dtype):
    """One after the other in the half itself, 1 added to 2048 (256) stays 2048 (256) for ever."""
    large = {"float16": 2048, "bfloat16": 256}[dtype]
    ones = array([large] + [1] * 1000, dtype)
    output = convolve(server, ones, array([1] * 1001, dtype))
    expected = np.array([large + 1000], dtype=np.float32).astype(NUMPY[dtype])
    assert output.tolist() == expected.tolist()


@pytest.mark.parametrize("dtype", HALVES)
def test_ties_go_to_the_even_neighbour(server, dtype):
    step = float(ml_dtypes.finfo(NUMPY[dtype]).eps)  # from 1 to its neighbour
    for steps, expected in ((0.5, 0), (1.5, 2), (2.5, 2), (0.75, 1)):
        # 1 + steps · eps as a sum, since no half holds it
        output = convolve(server, array([1, steps * step], dtype), array([1, 1], dtype))
        assert float(output[0]) == 1 + expected * step, steps


@pytest.mark.parametrize("dtype, largest", [
    ("float16", 65504.0), ("bfloat16", float(ml_dtypes.finfo(ml_dtypes.bfloat16).max)),
    ("float32", float(np.finfo(np.float32).max)), ("float64", np.finfo(np.float64).max)])
def test_what_is_larger_than_the_largest_is_infinite(server, dtype, largest):
    output = convolve(server, array([largest, 0, largest, largest], dtype), array([1, 1], dtype))
    assert output.astype(np.float64).tolist() == [largest, largest, np.inf]
    output = convolve(server, array([-largest, -largest], dtype), array([1, 1], dtype), "flat")
    assert output.astype(np.float64).tolist() == [-np.inf]


@pytest.mark.parametrize("dtype", HALVES)
def test_what_is_smaller_than_the_smallest_is_rounded(server, dtype):
    """Products of halves are exact in float32 but for float16's least; both end at 0 or above."""
    least = {"float16": 2.0 ** -24, "bfloat16": 2.0 ** -133}[dtype]
    output = convolve(server, array([least, 3 * least], dtype), array([0.5], dtype))
    assert output.astype(np.float64).tolist() == [0, 2 * least]


@pytest.mark.parametrize("dtype, text, expected", [
    ("float16", "65519", 65504), ("float16", "0.1", 0.0999755859375), ("float16", "2049", 2048),
    ("float16", "2051", 2052), ("float16", "1e-8", 0), ("float16", "5.9604645e-8", 2.0 ** -24),
    ("bfloat16", "0.1", 0.10009765625), ("bfloat16", "257", 256), ("bfloat16", "259", 260),
    ("bfloat16", "3.39e38", 3.3895313892515355e38), ("bfloat16", "1.00390625000000001", 1.0078125),
    ("float16", "1.00048828125000000001", 1.0009765625),
    ("float32", "16777217", 16777216), ("float64", "16777217", 16777217)])
def test_decimals_are_rounded_to_the_dtype_at_once(server, dtype, text, expected):
    """To the nearest, ties to even; by way of float32 the last ones of the halves would be ties."""
    body = ('{"input": {"shape": [1], "dtype": "%s", "data": [%s]}, "format": "base64", '
            '"weight": {"shape": [1], "dtype": "%s", "data": [1]}}' % (dtype, text, dtype))
    response = server.session.post(f"{server.url}/v1/conv1d", data=body, timeout=30,
                                   headers={"Content-Type": "application/json"})
    assert response.status_code == 200, response.text[:500]
    assert wire.decode(response.json()["output"]).astype(np.float64).tolist() == [expected]


@pytest.mark.parametrize("dtype, text", [
    ("float16", "65520"), ("float16", "-1e5"), ("bfloat16", "3.4e38"), ("float32", "3.5e38"),
    ("float64", "1.8e308"), ("bfloat16", "null"), ("float16", '"half"'), ("float16", "true")])
def test_what_the_dtype_cannot_hold_is_refused_at_its_place(server, dtype, text):
    body = ('{"input": {"shape": [2], "dtype": "%s", "data": [1, %s]}, '
            '"weight": {"shape": [1], "dtype": "%s", "data": [1]}}' % (dtype, text, dtype))
    response = server.session.post(f"{server.url}/v1/conv1d", data=body, timeout=30,
                                   headers={"Content-Type": "application/json"})
    assert response.status_code == 422, response.text[:500]
    assert response.json()["errors"][0]["pointer"] == "/input/data/1"


@pytest.mark.parametrize("other", ["weight", "bias", "add"])
@pytest.mark.parametrize("dtype, mixed", [
    ("float32", "float64"), ("float16", "bfloat16"), ("bfloat16", "float32"),
    ("float64", "float16")])
def test_mixing_dtypes_is_refused(server, dtype, mixed, other):
    case = Case("conv2d", [1, 2, 4, 4], [3, 2, 2, 2], bias=[3], add=[1, 3, 3, 3], dtype=dtype)
    body = case.body()
    body[other] = body[other] | {"dtype": mixed}
    response = server.post("conv2d", body)
    assert response.status_code == 422, response.text[:500]
    problem = response.json()
    assert problem["errors"][0]["pointer"].startswith("/" + other), problem
    assert dtype in problem["detail"] and mixed in problem["detail"]


@pytest.mark.parametrize("word", ["int8", "Float32", "half", "float8", "f16", ""])
def test_other_dtypes_are_refused_with_those_there_are(server, word):
    response = server.post(
        "conv1d", {"input": {"shape": [1], "dtype": word, "data": [1]}, "weight": [1]})
    assert response.status_code == 422
    problem = response.json()
    assert problem["errors"][0]["pointer"] == "/input/dtype"
    for name in NUMPY:
        assert name in problem["detail"], problem["detail"]


@pytest.mark.parametrize("dtype", NUMPY)
def test_base64_of_another_length_is_refused(server, dtype):
    tensor = wire.encode(array([1, 2, 3], dtype), "base64")
    response = server.post("conv1d", {"input": tensor | {"shape": [4]}, "weight": [1]})
    assert response.status_code == 422
    problem = response.json()
    assert problem["errors"][0]["pointer"] == "/input/base64"
    size = array([0], dtype).itemsize
    assert str(3 * size) in problem["detail"] and str(4 * size) in problem["detail"]


@pytest.mark.parametrize("reply", ["flat", "base64"])
@pytest.mark.parametrize("sent", SPELLINGS)
@pytest.mark.parametrize("dtype", NUMPY)
def test_the_reply_has_the_dtype_of_the_request(server, dtype, sent, reply):
    case = Case(
        "conv2d", [1, 2, 5, 5], [3, 2, 3, 3], dtype=dtype, spelling=sent, numbers="integers")
    response = case.post(server, format=reply)
    assert response.status_code == 200, response.text[:500]
    output = response.json()["output"]
    assert wire.spelling_of(output) == reply and output["dtype"] == dtype
    expected = case.answer().output.numpy().astype(NUMPY[dtype])
    assert (wire.decode(output) == expected).all()
