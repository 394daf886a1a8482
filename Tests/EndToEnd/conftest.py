# SPDX-License-Identifier: Apache-2.0
import os
import random

import hypothesis
import numpy as np
import pytest
import torch

import wire
from convserve_process import Convserve

torch.set_grad_enabled(False)

# HYPOTHESIS_PROFILE=nightly draws many more cases. A failure prints the lines that repeat it,
# the last line the seed of the whole run: CONVSERVE_SEED=... repeats that.
common = dict(
    deadline=None, database=None, print_blob=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.register_profile("ci", max_examples=400, **common)
hypothesis.settings.register_profile("nightly", max_examples=10_000, **common)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    """One seed for all of Hypothesis, before its plugin reads the option."""
    if config.option.hypothesis_seed is None:
        drawn = str(random.getrandbits(32))
        config.option.hypothesis_seed = os.environ.get("CONVSERVE_SEED", drawn)


def pytest_terminal_summary(terminalreporter, config):
    """-q leaves headers out, so the seed stands at the end."""
    terminalreporter.write_line(f"repeat with CONVSERVE_SEED={config.option.hypothesis_seed}")


@pytest.fixture(scope="session")
def server():
    """One server for all tests that leave it as it was."""
    process = Convserve()
    yield process
    assert process.stop() == 0, "the server did not end well after all the tests"


@pytest.fixture(scope="session")
def call(server):
    """call("conv2d", input=array, ..., stride=2) -> (output array, the whole reply).

    Arrays and torch tensors among the fields are encoded, "flat" unless told otherwise.
    """

    def call(operation, spelling="flat", **fields):
        body = {name: encode(value, spelling) for name, value in fields.items()}
        response = server.post(operation, body)
        assert response.status_code == 200, f"{response.status_code}: {response.text[:2000]}"
        reply = response.json()
        return wire.decode(reply["output"]) if "output" in reply else None, reply

    return call


def encode(value, spelling):
    if isinstance(value, torch.Tensor):
        value = value.detach().numpy()
    if isinstance(value, np.ndarray):
        return wire.encode(value, spelling)
    if isinstance(value, dict):
        return {name: encode(item, spelling) for name, item in value.items()}
    if isinstance(value, list):
        return [encode(item, spelling) for item in value]
    return value
