# SPDX-License-Identifier: Apache-2.0
"""A number that is sent through a 1x1 identity and returned is the same, bit for bit."""
import json

import numpy as np
import pytest

import wire
from wire import SPELLINGS

ONE = [[[[1]]]]


def corner_cases(dtype):
    """Zeros, the ends of every range of the format and their neighbours, all powers of two."""
    info = np.finfo(dtype)
    integer = np.uint32 if dtype == np.float32 else np.uint64
    mantissa_bits = info.nmant
    top = integer(2 ** (info.bits - 1 - mantissa_bits) - 1)  # the exponent of infinity and NaN
    patterns = []
    for exponent in range(int(top)):
        for mantissa in (0, 1, 2 ** mantissa_bits - 1, 2 ** (mantissa_bits - 1)):
            patterns.append(exponent << mantissa_bits | mantissa)
    values = np.array(patterns, dtype=integer).view(dtype)
    shortest = [0.1, 0.2, 0.3, 1 / 3, 1e-7, 9.5367431640625e-07, 16777216, 16777217, 123456789,
                5e-324, 4.9406564584124654e-324, 1e21, 1e22, 1e23, 8.41e21, 2.0 ** 53, 9007199254740993]
    with np.errstate(over="ignore"):
        values = np.concatenate([values, np.array(shortest, dtype=np.float64).astype(dtype)])
    return np.concatenate([values, -values])


def random_patterns(dtype, count):
    """Uniform over all finite bit patterns."""
    random = np.random.default_rng(1_000_000)
    integer = np.uint32 if dtype == np.float32 else np.uint64
    values = random.integers(0, 2 ** np.finfo(dtype).bits, 2 * count, dtype=integer).view(dtype)
    return values[np.isfinite(values)][:count]


def bits(values):
    return values.view(np.uint32 if values.dtype == np.float32 else np.uint64)


def through_the_service(server, values, spelling, **fields):
    shaped = values.reshape(1, 1, 1, -1)
    weight = ONE if values.dtype == np.float32 else wire.encode(np.ones((1, 1, 1, 1)), "flat")
    response = server.post(
        "conv2d", {"input": wire.encode(shaped, spelling), "weight": weight, **fields})
    assert response.status_code == 200, response.text[:500]
    output = response.json()["output"]
    assert wire.spelling_of(output) == fields.get("format", spelling)
    return wire.decode(output).reshape(-1)


def assert_same_bits(received, sent):
    different = np.flatnonzero(bits(received) != bits(sent))
    assert different.size == 0, (
        f"{different.size} of {sent.size} differ; the first: sent {sent[different[0]]!r}, "
        f"received {received[different[0]]!r}")


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_corner_cases_of_float32(server, spelling):
    sent = corner_cases(np.float32)
    assert_same_bits(through_the_service(server, sent, spelling), sent)


@pytest.mark.parametrize("spelling", ["flat", "base64"])
def test_corner_cases_of_float64(server, spelling):
    sent = corner_cases(np.float64)
    assert_same_bits(through_the_service(server, sent, spelling), sent)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_million_random_float32(server, spelling):
    sent = random_patterns(np.float32, 1_000_000)
    assert sent.size == 1_000_000
    assert_same_bits(through_the_service(server, sent, spelling), sent)


@pytest.mark.parametrize("spelling", ["flat", "base64"])
def test_a_quarter_million_random_float64(server, spelling):
    sent = random_patterns(np.float64, 250_000)
    assert_same_bits(through_the_service(server, sent, spelling), sent)


@pytest.mark.parametrize("reply", SPELLINGS)
@pytest.mark.parametrize("request_spelling", SPELLINGS)
def test_any_spelling_into_any_other(server, request_spelling, reply):
    sent = random_patterns(np.float32, 1000)
    assert_same_bits(through_the_service(server, sent, request_spelling, format=reply), sent)


def test_the_shortest_decimal_is_written(server):
    """No digit more than needed: 0.1 comes back as 0.1, not as 0.100000001490116."""
    reply = server.post(
        "conv2d", {"input": {"shape": [1, 1, 1, 5], "data": [0.1, 1e-45, 3.4028235e38, 1.1, 7]},
                   "weight": ONE})
    output = json.loads(reply.text, parse_float=str, parse_int=str)["output"]["data"]
    assert [float(number) for number in output] == [0.1, 1e-45, 3.4028235e38, 1.1, 7]
    assert all(len(number.replace("+", "")) <= 13 for number in output), output


@pytest.mark.parametrize("tokens", ["strings", "bare tokens of Python's json"])
@pytest.mark.parametrize("shape", ["nested", "flat"])
def test_non_finite_numbers(server, tokens, shape):
    values = [1.5, float("nan"), float("inf"), float("-inf"), -2]
    words = [1.5, "NaN", "Infinity", "-Infinity", -2]
    numbers = words if tokens == "strings" else values
    tensor = [[[numbers]]] if shape == "nested" else {"shape": [1, 1, 1, 5], "data": numbers}
    response = server.session.post(
        server.url + "/v1/conv2d", timeout=30, headers={"Content-Type": "application/json"},
        data=json.dumps({"input": tensor, "weight": ONE}))
    assert response.status_code == 200, response.text
    strict = json.loads(response.text, parse_constant=lambda c: pytest.fail(f"{c} is no JSON"))
    output = strict["output"]
    assert (output[0][0][0] if shape == "nested" else output["data"]) == words
    # Infinity times the identity's single tap touches nothing beside it.


def test_non_finite_numbers_in_base64(server):
    sent = np.array([np.nan, np.inf, -np.inf, 0, 1], dtype=np.float32)
    received = through_the_service(server, sent, "base64")
    assert np.array_equal(received, sent, equal_nan=True)


@pytest.mark.parametrize("number", ["1e39", "-1e39", "1e400", "null", '"nan"', '"1"', "true"])
def test_what_no_float32_is(server, number):
    response = server.session.post(
        server.url + "/v1/conv2d", timeout=30, headers={"Content-Type": "application/json"},
        data='{"input": [[[[1, %s]]]], "weight": [[[[1]]]]}' % number)
    assert response.status_code == 422, response.text
    problem = response.json()
    assert problem["errors"][0]["pointer"] == "/input/0/0/0/1"
