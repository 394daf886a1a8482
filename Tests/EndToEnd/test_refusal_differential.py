# SPDX-License-Identifier: Apache-2.0
"""What PyTorch refuses, we refuse; what it accepts, we accept. Half of the requests are wrong."""
from hypothesis import event, example, given, note

import wire
from cases import Case
from closeness import assert_promised
from request_geometry import Refused, renamed
from wild import spoiled, wild

REFUSALS = (RuntimeError, ValueError, TypeError, IndexError)


def has_empty_batch(case):
    return len(case.input) == len(case.weight) and case.input[0] == 0


def crops_by_its_border(case):
    """`F.pad` crops where padding is negative."""
    fields = renamed(case.fields)
    padding = fields.get("padding", 0)
    return fields.get("padding_mode", "zeros") != "zeros" and min(
        padding if isinstance(padding, list) else [padding]) < 0


# What PyTorch accepts and we do not.
STRICTER = {
    "PyTorch passes over half of its checks where the batch is empty": has_empty_batch,
    "negative padding crops where padding_mode is not zeros, and is refused where it is":
        crops_by_its_border,
}


def refusal_of(function):
    """(what it answers, why it does not)"""
    try:
        return function(), None
    except (*REFUSALS, Refused) as error:
        return None, str(error)


@given(wild())
def test_the_oracle_refuses_what_pytorch_refuses(case):
    theirs, their_refusal = refusal_of(case.torch_answer)
    answer, refusal = refusal_of(case.answer)
    if theirs is None and their_refusal is None:
        return event("PyTorch cannot be asked")
    event(f"PyTorch {'refuses' if their_refusal else 'accepts'}")
    if refusal and not their_refusal:
        assert any(is_so(case) for is_so in STRICTER.values()), f"only we refuse: {refusal}"
    elif their_refusal:
        assert refusal, f"only PyTorch refuses: {their_refusal}"
    else:
        assert list(answer.output.shape) == list(theirs.shape)
        assert (answer.output - theirs).abs().max().item() <= 1e-12 if theirs.numel() else True


@given(wild())
def test_refused_or_answered_as_by_pytorch(server, case):
    check(server, case)


# A border of zeros by another name, which transposed convolutions do not have either.
@example(Case("conv_transpose1d", [1, 1, 1], [1, 1, 1], {"padding_mode": "constant"}))
# What minimal filtering can do, and what it cannot.
@example(Case("conv1d", [1, 3], [1, 1, 3], {"padding_mode": "reflect", "algorithm": "winograd"}))
@example(Case("conv2d", [1, 2, 9, 9], [3, 2, 3, 5], {"dilation": 2, "algorithm": "winograd"}))
@example(Case("conv2d", [1, 2, 9, 9], [3, 2, 3, 3], {"stride": 2, "algorithm": "winograd"}))
@example(Case("conv3d", [1, 2, 9, 9, 9], [3, 2, 3, 3, 3], {"dilation": 2, "algorithm": "winograd"}))
@example(Case("conv_transpose2d", [1, 2, 9, 9], [2, 3, 4, 5], {"stride": 2, "algorithm": "winograd"}))
@example(Case("conv_transpose2d", [1, 2, 9, 9], [2, 3, 3, 4], {"stride": 2, "algorithm": "winograd"}))
@example(Case("conv_transpose2d", [1, 2, 9, 9], [2, 3, 7, 4], {"stride": 2, "algorithm": "winograd"}))
@example(Case("conv_transpose1d", [2, 9], [2, 3, 16], {"stride": 8, "algorithm": "winograd"}))
@given(spoiled())
def test_refused_or_answered_as_by_the_contract(server, case):
    """ONNX's names, two names of one thing, words, and parameters of our own."""
    check(server, case)


def check(server, case):
    note(f"@example({case!r})")
    answer, refusal = refusal_of(case.answer)
    response = case.post(server)
    if refusal is None:
        assert response.status_code == 200, f"{response.status_code}: {response.text[:1000]}"
        assert_promised(wire.decode(response.json()["output"]), answer, case.dtype,
                        case.fields.get("precision", "default"))
        return event("answered")
    assert response.status_code == 422, f"{response.status_code}, but {refusal}"
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = response.json()
    [error] = problem["errors"]
    assert error["pointer"].split("/")[1:2] in [[], *([name] for name in case.body())], problem
    assert error["detail"] in problem["detail"] and 20 < len(problem["detail"]) < 600
    event("refused at " + error["pointer"])
