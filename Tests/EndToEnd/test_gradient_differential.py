# SPDX-License-Identifier: Apache-2.0
"""Whatever convolution is asked for, its gradients are `torch.autograd.grad` of oracle.py's answer."""
import numpy as np
import torch
from hypothesis import given, note, settings

import oracle
import wire
from cases import NUMPY
from strategies import convolutions

# Where these have a corner, the last bit of a sum decides between two slopes: of float32, and where whole
# numbers put sums right there while `winograd` and `fft` round.
CORNERED = ("relu", "relu6", "hardswish")
ALLOWED = {"float32": 5e-5, "float64": 1e-11}


def expected_gradients(case, fields, tensors, grad_output):
    with torch.enable_grad():
        leaves = {name: t.double().requires_grad_() for name, t in tensors.items()}
        output = oracle.answer(case.operation, leaves, fields).output
        grads = torch.autograd.grad(
            output, list(leaves.values()), torch.from_numpy(grad_output.astype(np.float64)),
            allow_unused=True) if output.requires_grad else [None] * len(leaves)
    # What no output depends on, an empty batch for one, has the gradient 0.
    return {name: (torch.zeros_like(leaf) if grad is None else grad).detach().numpy()
            for (name, leaf), grad in zip(leaves.items(), grads)}


@settings(max_examples=settings.default.max_examples // 2)
@given(convolutions())
def test_gradients(server, case):
    note(f"@example({case!r})")
    fields = dict(case.fields)
    is_close = case.dtype == "float32" or case.numbers == "integers"
    if is_close and fields.get("activation") in CORNERED:
        fields["activation"] = "silu"
    tensors = case.tensors()
    shape = oracle.answer(case.operation, tensors, fields).output.shape
    random = np.random.default_rng(case.seed + 1)
    grad_output = random.uniform(-1, 1, tuple(shape)).astype(NUMPY[case.dtype])
    expected = expected_gradients(case, fields, tensors, grad_output)

    body = case.body() | fields | {
        "grad_output": wire.encode(grad_output, case.spelling), "needs": list(expected)}
    response = server.post(f"{case.operation}/backward", body)

    assert response.status_code == 200, response.text[:1000]
    reply = response.json()
    assert list(reply) == [f"grad_{n}" for n in ("input", "weight", "bias", "add") if n in expected]
    for name, gradient in expected.items():
        found = wire.decode(reply[f"grad_{name}"])
        assert found.dtype == NUMPY[case.dtype] and found.shape == gradient.shape, name
        scale = max(1.0, float(np.sqrt(np.mean(np.square(gradient))))) if gradient.size else 1.0
        error = float(np.max(np.abs(found - gradient), initial=0.0)) / scale
        assert error <= ALLOWED[case.dtype], f"grad_{name} is off by {error} of its rms"
