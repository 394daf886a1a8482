# SPDX-License-Identifier: Apache-2.0
"""float16 and bfloat16: stored in 16 bits, computed in float32, rounded once, as torch rounds."""
import base64
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from test_operators import Case

DTYPES = [torch.float16, torch.bfloat16]
SPELLINGS = ["flat", "base64"]
CASES = 60
WORDS = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def name(dtype):
    return str(dtype).removeprefix("torch.")


def encode(tensor, spelling):
    head = {"shape": list(tensor.shape), "dtype": name(tensor.dtype)}
    if spelling == "flat":
        numbers = tensor.double().reshape(-1).tolist()
        return head | {"data": [x if math.isfinite(x) else WORDS[str(x)] for x in numbers]}
    raw = bits(tensor).astype("<i2").tobytes()
    return head | {"base64": base64.b64encode(raw).decode()}


def decode(value, dtype):
    if isinstance(value, list):
        return torch.tensor(np.array(value, dtype=np.float64)).to(dtype)
    assert value["dtype"] == name(dtype)
    if "base64" in value:
        raw = base64.b64decode(value["base64"], validate=True)
        numbers = torch.from_numpy(np.frombuffer(raw, dtype="<i2").copy()).view(dtype)
    else:
        numbers = torch.from_numpy(np.array(value["data"], dtype=np.float64)).to(dtype)
    return numbers.reshape(value["shape"])


def bits(tensor):
    return tensor.contiguous().view(torch.int16).numpy()


def run(server, operation, spelling, dtype, tensors, **fields):
    body = {key: encode(value, spelling) for key, value in tensors.items() if value is not None}
    response = server.post(operation, body | fields)
    assert response.status_code == 200, response.text[:2000]
    output = response.json()["output"]
    assert isinstance(output, list) == (fields.get("format") == "nested")
    return decode(output, dtype)


def case_of(seed, dtype):
    """A random call with an output, its tensors small integers or drawn from a normal distribution."""
    case = Case(seed)
    case.dtype = torch.float32
    input, weight, bias = case.tensors()
    if seed % 2 == 0:
        input, weight, bias = (t if t is None else (3 * t).round() for t in (input, weight, bias))
    return case, [t if t is None else t.to(dtype) for t in (input, weight, bias)]


def ordered(tensor):
    """The bit patterns as integers in the order of their values, both zeros as one."""
    patterns = bits(tensor).astype(np.int64)
    return np.where(patterns < 0, -(patterns & 0x7FFF), patterns)


@pytest.mark.parametrize("seed", range(CASES), ids=lambda seed: f"seed-{seed}")
@pytest.mark.parametrize("dtype", DTYPES, ids=name)
def test_random_geometry(server, dtype, seed):
    """Bit for bit where sums are exact, else within one unit in the last place of what torch makes of
    the float64 answer (or of the float32 sum's own error, where the sum cancels)."""
    case, (input, weight, bias) = case_of(seed, dtype)
    exact = case.without_extra_ranks(case.exact(input, weight, bias), "input")
    tensors = dict(
        input=case.without_extra_ranks(input, "input"),
        weight=case.without_extra_ranks(weight, "weight"), bias=bias)
    operation = ("conv_transpose" if case.transposed else "conv") + f"{case.rank}d"
    output = run(server, operation, SPELLINGS[seed // 2 % 2], dtype, tensors, **case.fields())
    # Once: float64 to float32 is exact for integers, so torch rounds these once as well.
    expected = exact.float().to(dtype)
    assert output.shape == expected.shape
    if seed % 2 == 0:
        assert np.array_equal(ordered(output), ordered(expected))
        return
    products = case.channels // case.groups * math.prod(case.kernel) + 1
    error = (output.double() - exact).abs().numpy()
    scale = exact.square().mean().sqrt().item() if exact.numel() else 1
    distance = np.abs(ordered(output) - ordered(expected))
    assert ((distance <= 1) | (error <= 8 * 2**-23 * math.sqrt(products) * scale)).all()


def test_the_cases_are_many_sided():
    cases = [case_of(seed, torch.float16)[0] for seed in range(CASES)]
    for transposed in (False, True):
        assert sum(c.transposed == transposed for c in cases) >= 10
    assert sum(c.groups > 1 for c in cases) >= 10
    assert sum(case_of(s, torch.float16)[0].exact(*case_of(s, torch.float16)[1]).numel() > 0
               for s in range(CASES)) >= 40


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("dtype", DTYPES, ids=name)
def test_sums_that_must_be_rounded(server, dtype, spelling):
    """Integers whose sums have more bits than the type: every tie among them goes to the even one."""
    torch.manual_seed(1)
    input = torch.randint(-64, 65, (2, 16, 20, 20)).to(dtype)
    weight = torch.randint(-8, 9, (8, 16, 3, 3)).to(dtype)
    exact = F.conv2d(input.double(), weight.double(), padding=1)
    unrepresentable = (exact.to(dtype).double() != exact).double().mean()
    assert unrepresentable > (0.01 if dtype == torch.float16 else 0.3)
    output = run(server, "conv2d", spelling, dtype, dict(input=input, weight=weight), padding=1)
    assert np.array_equal(ordered(output), ordered(exact.float().to(dtype)))


@pytest.mark.parametrize("format", ["nested", "flat", "base64"])
@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("dtype", DTYPES, ids=name)
def test_every_bit_pattern_through_an_identity(server, dtype, spelling, format):
    sent = torch.arange(-2**15, 2**15).to(torch.int16).view(dtype).reshape(1, 1, 256, 256)
    weight = torch.ones(1, 1, 1, 1, dtype=dtype)
    received = run(
        server, "conv2d", spelling, dtype, dict(input=sent, weight=weight), format=format)
    nan = sent.isnan()
    assert torch.equal(received.isnan(), nan)
    assert np.array_equal(bits(received)[~nan.numpy()], bits(sent)[~nan.numpy()])


@pytest.mark.parametrize("dtype", DTYPES, ids=name)
def test_everything_on_the_way_out_is_float32(server, dtype):
    """Bias, residual and activation come before the one rounding."""
    torch.manual_seed(2)
    input, weight = torch.randn(1, 6, 9, 11).to(dtype), torch.randn(5, 6, 3, 3).to(dtype)
    bias, add = torch.randn(5).to(dtype), torch.randn(1, 5, 9, 11).to(dtype)
    exact = F.silu(F.conv2d(
        input.double(), weight.double(), bias.double(), padding=1) + add.double())
    output = run(
        server, "conv2d", "base64", dtype, dict(input=input, weight=weight, bias=bias, add=add),
        padding=1, activation="silu")
    error = (output.double() - exact).abs().numpy()
    distance = np.abs(ordered(output) - ordered(exact.to(dtype)))
    assert ((distance <= 1) | (error <= 1e-5)).all()
    assert (distance == 0).mean() > 0.99


@pytest.mark.parametrize("dtype", DTYPES, ids=name)
def test_gradients(server, dtype):
    """Small integers, whose sums are exact: those of torch.autograd in float64, rounded once."""
    torch.manual_seed(4)
    shapes = dict(input=(2, 4, 9, 9), weight=(6, 4, 3, 3), bias=(6,))
    tensors = {key: torch.randint(-9, 10, shape).to(dtype) for key, shape in shapes.items()}
    grad_output = torch.randint(-9, 10, (2, 6, 5, 5)).to(dtype)
    with torch.enable_grad():
        exact = {key: value.double().requires_grad_() for key, value in tensors.items()}
        output = F.conv2d(**exact, stride=2, padding=1)
        expected = torch.autograd.grad(output, list(exact.values()), grad_output.double())
    response = server.post("conv2d/backward", {
        key: encode(value, "base64") for key, value in (tensors | {"grad_output": grad_output}).items()
    } | {"stride": 2, "padding": 1})
    assert response.status_code == 200, response.text[:2000]
    for key, gradient in zip(tensors, expected):
        received = decode(response.json()["grad_" + key], dtype)
        assert np.array_equal(ordered(received), ordered(gradient.float().to(dtype))), key


@pytest.mark.parametrize("dtype", DTYPES, ids=name)
def test_unfold_and_fold(server, dtype):
    torch.manual_seed(5)
    image = torch.randint(-60, 61, (2, 3, 8, 9)).to(dtype)
    columns = F.unfold(image.double(), 3, padding=1)
    received = run(server, "unfold", "flat", dtype, dict(input=image), kernel_size=3, padding=1)
    assert np.array_equal(ordered(received), ordered(columns.to(dtype)))
    folded = F.fold(columns, (8, 9), 3, padding=1)
    received = run(
        server, "fold", "base64", dtype, dict(input=columns.to(dtype)), kernel_size=3, padding=1,
        output_size=[8, 9])
    assert np.array_equal(ordered(received), ordered(folded.float().to(dtype)))


@pytest.mark.parametrize("dtype", DTYPES, ids=name)
def test_overflow_is_infinite_on_the_way_out_and_refused_on_the_way_in(server, dtype):
    greatest = torch.full((1, 1, 2), torch.finfo(dtype).max, dtype=dtype)
    greatest[0, 0, 1] *= -1
    output = run(
        server, "conv1d", "flat", dtype,
        dict(input=greatest, weight=torch.full((1, 1, 1), 2, dtype=dtype)))
    assert output.flatten().tolist() == [math.inf, -math.inf]
    response = server.post("conv1d", {
        "input": {"shape": [1, 1, 1], "dtype": name(dtype), "data": [2 * torch.finfo(dtype).max]},
        "weight": encode(torch.ones(1, 1, 1, dtype=dtype), "flat")})
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "/input/data/0"
    assert f"does not fit {name(dtype)}" in response.json()["detail"]


@pytest.mark.parametrize("other", [torch.float32, torch.float64, "the other one"], ids=str)
@pytest.mark.parametrize("dtype", DTYPES, ids=name)
def test_dtypes_are_not_mixed(server, dtype, other):
    other = DTYPES[1 - DTYPES.index(dtype)] if isinstance(other, str) else other
    weight = {"shape": [1, 1, 1], "dtype": name(other), "data": [1]}
    response = server.post(
        "conv1d", {"input": encode(torch.ones(1, 1, 3, dtype=dtype), "flat"), "weight": weight})
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "/weight"
    assert name(dtype) in response.json()["detail"] and name(other) in response.json()["detail"]


@pytest.mark.parametrize("dtype", DTYPES, ids=name)
def test_fusing(server, dtype):
    """Computed in float64, rounded once; verified with what torch tolerates for the dtype."""
    torch.manual_seed(3)
    weight, bias = torch.randn(6, 4, 3, 3).to(dtype), torch.randn(6).to(dtype)
    norm = torch.nn.BatchNorm2d(6).eval()
    for parameter in (norm.weight, norm.bias, norm.running_mean):
        parameter.copy_(torch.randn(6))
    norm.running_var.copy_(torch.rand(6) + 0.5)
    statistics = {key: value.double().tolist() for key, value in dict(
        weight=norm.weight, bias=norm.bias, running_mean=norm.running_mean,
        running_var=norm.running_var).items()}
    response = server.post("fuse/conv_bn", {
        "weight": encode(weight, "base64"), "bias": encode(bias, "base64"), "verify": True,
        "bn": statistics})
    assert response.status_code == 200, response.text[:2000]
    reply = response.json()
    scale = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
    fused = weight.double() * scale[:, None, None, None]
    shift = (bias.double() - norm.running_mean.double()) * scale + norm.bias.double()
    # torch goes from float64 to 16 bits by way of float32; these values are no near-ties.
    assert np.array_equal(bits(decode(reply["weight"], dtype)), bits(fused.to(dtype)))
    assert np.array_equal(bits(decode(reply["bias"], dtype)), bits(shift.to(dtype)))
    assert reply["verify"]["all_close"] is True
