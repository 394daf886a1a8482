# SPDX-License-Identifier: Apache-2.0
"""Whatever is asked, the answer is PyTorch's: Hypothesis draws requests, oracle.py answers them.

A counterexample is printed as a Case; what was found and mended stays here as an @example.
"""
import pytest
from hypothesis import event, example, given, note, settings

import wire
from cases import Case
from closeness import assert_promised
from convserve_process import Convserve
from strategies import convolutions
from test_lifecycle import instruction_sets

EXACT_ALGORITHMS = ("sliding_window", "direct", "im2col", "kernel_matrix", "stride_phases", "col2im")
EXACT_ACTIVATIONS = ("none", "relu", "relu6")


def check(server, case):
    note(f"@example({case!r})")
    answer = case.answer()
    response = case.post(server)
    assert response.status_code == 200, f"{response.status_code}: {response.text[:1000]}"
    reply = response.json()
    assert wire.spelling_of(reply["output"]) == case.spelling
    output = wire.decode(reply["output"])
    algorithm = case.fields.get("algorithm", "auto")
    assert algorithm in ("auto", reply["algorithm"])
    event(reply["algorithm"])
    assert_promised(output, answer, case.dtype, case.fields.get("precision", "default"))
    whole = case.numbers == "integers" and case.fields.get("padding_value", 0) in (0, 3)
    if whole and algorithm in EXACT_ALGORITHMS and (
            case.fields.get("activation", "none") in EXACT_ACTIVATIONS):
        exact = answer.output.numpy()
        assert (output == exact.astype(output.dtype)).all(), "whole numbers were rounded"


@given(convolutions(transposed=False))
@example(Case("conv3d", input=[2, 2, 1, 1, 1], weight=[2, 1, 2, 1, 1], fields=dict(
    algorithm="fft", padding=[1, 0, 0], dilation=[2, 1, 1], groups=2)))
def test_convolution(server, case):
    check(server, case)


@given(convolutions(transposed=True))
def test_transposed_convolution(server, case):
    check(server, case)


@settings(max_examples=settings.default.max_examples // 2)
@given(convolutions(dtypes=("float16", "bfloat16")))
def test_halves(server, case):
    """Computed in float32, rounded once."""
    check(server, case)


@settings(max_examples=settings.default.max_examples // 4)
@given(convolutions(algorithms=["kernel_matrix"]))
def test_kernel_matrix(server, case):
    """The survey's third way to see a convolution, and its transpose."""
    check(server, case)


@pytest.fixture(scope="module", params=instruction_sets())
def server_of_each_kind(request):
    """One for each instruction set that this machine has."""
    process = Convserve(env=dict(CONVSERVE_ISA=request.param))
    yield process
    assert process.stop() == 0


@settings(max_examples=settings.default.max_examples // 4)
@given(convolutions())
def test_every_instruction_set(server_of_each_kind, case):
    check(server_of_each_kind, case)
