# SPDX-License-Identifier: Apache-2.0
"""The same bits: again, at the same time, alone or in a batch, on one core or on all.

PyTorch promises none of it.
"""
import dataclasses
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import requests

import wire
from cases import Case
from convserve_process import Convserve

CASES = {
    "small": Case("conv2d", [3, 3, 9, 10], [5, 3, 3, 3], {"padding": 1}, bias=[5]),
    "3x3": Case("conv2d", [3, 64, 28, 28], [64, 64, 3, 3], {"padding": 1}, bias=[64]),
    "3x3 odd sizes": Case("conv2d", [3, 19, 37, 41], [23, 19, 3, 3], {"padding": "same"}),
    "5x5": Case("conv2d", [2, 32, 14, 14], [48, 32, 5, 5], {"padding": 2}),
    "stride": Case("conv2d", [2, 16, 57, 57], [40, 16, 3, 3], {"padding": 1, "stride": 2}),
    "pointwise": Case("conv2d", [3, 96, 14, 14], [64, 96, 1, 1], {"activation": "silu"}),
    "depthwise": Case("conv2d", [3, 48, 30, 31], [48, 1, 7, 7], {"padding": 3, "groups": 48}),
    "few outputs": Case("conv2d", [2, 3, 80, 80], [2, 3, 11, 11]),
    "long signal": Case("conv1d", [3, 16, 4000], [24, 16, 10], {"stride": 5}),
    "volume": Case("conv3d", [2, 8, 10, 12, 14], [16, 8, 3, 3, 3], {"padding": 1}),
    "transposed": Case("conv_transpose2d", [3, 32, 14, 15], [32, 24, 4, 4],
                       {"stride": 2, "padding": 1}, bias=[24]),
    "transposed signal": Case("conv_transpose1d", [2, 16, 300], [16, 8, 16], {"stride": 8}),
    "float64": Case("conv2d", [2, 24, 20, 20], [24, 24, 3, 3], dtype="float64"),
    "border": Case("conv2d", [2, 24, 20, 20], [24, 24, 3, 3],
                   {"padding": 2, "padding_mode": "reflect", "activation": "gelu"}, add=True),
}
CASES = {name: dataclasses.replace(case, spelling="base64") for name, case in CASES.items()}
every_case = pytest.mark.parametrize("name", CASES)


def answered(server, body, operation):
    # A session of its own: these are used by several threads.
    response = requests.post(f"{server.url}/v1/{operation}", json=body, timeout=60)
    assert response.status_code == 200, response.text[:1000]
    return wire.decode(response.json()["output"])


def assert_same_bits(one, other):
    assert one.dtype == other.dtype and one.shape == other.shape
    assert one.tobytes() == other.tobytes(), (
        f"{np.count_nonzero(one != other)} of {one.size} differ, by {np.abs(one - other).max()}")


@every_case
def test_again(server, name):
    case = CASES[name]
    body = case.body()
    first = answered(server, body, case.operation)
    for _ in range(5):
        assert_same_bits(answered(server, body, case.operation), first)


def test_at_the_same_time(server):
    """Other requests take cores and memory in between."""
    bodies = {name: case.body() for name, case in CASES.items()}
    alone = {name: answered(server, bodies[name], CASES[name].operation) for name in CASES}
    with ThreadPoolExecutor(8) as threads:
        names = list(CASES) * 6
        together = threads.map(
            lambda name: answered(server, bodies[name], CASES[name].operation), names)
        for name, output in zip(names, together):
            assert_same_bits(output, alone[name])


@every_case
def test_alone_or_in_a_batch(server, name):
    case, arrays = CASES[name], CASES[name].arrays()
    together = answered(server, case.body(), case.operation)
    for image in range(case.input[0]):
        for keep in (slice(image, image + 1), image):  # a batch of one, and no batch
            own = {key: wire.encode(value[keep] if key in ("input", "add") else value, "base64")
                   for key, value in arrays.items()}
            alone = answered(server, own | case.fields, case.operation)
            assert_same_bits(alone, together[keep])


@pytest.fixture(scope="module")
def one_core():
    """A server that has one core only, whatever it is told."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        process = Convserve("--compute-threads", "1")
    finally:
        os.sched_setaffinity(0, cores)
    yield process
    assert process.stop() == 0


@every_case
def test_on_one_core_or_on_all(server, one_core, name):
    case = CASES[name]
    body = case.body()
    assert_same_bits(
        answered(one_core, body, case.operation), answered(server, body, case.operation))


@every_case
def test_spelled_in_any_way(server, name):
    """Numbers in decimal are the numbers in binary."""
    case = CASES[name]
    flat = dataclasses.replace(case, spelling="flat")
    assert_same_bits(answered(server, flat.body(), case.operation),
                     answered(server, case.body(), case.operation))
