# SPDX-License-Identifier: Apache-2.0
"""Whole checkpoints of re-parameterised networks: what is fused loads into the network's deploy form, and says what it said."""
import contextlib
import copy
import fnmatch
import hashlib
import json
import os
import pathlib
import re
import resource
import signal
import subprocess
import time
from dataclasses import dataclass

import numpy as np
import pytest
import requests
import torch
import torch.nn.functional as F
from safetensors.torch import load, save
from torch import nn

from convserve_process import BINARY, environment, run
from reparameterised import (
    NETWORKS, NORMS, PLAIN, DiverseBranchBlock, MobileNetV2, RepLKNet, conv, conv_bn, conv_bn_relu, folded, image, named,
    put_into, randomise)

SAFETENSORS = "application/vnd.safetensors"
LARGE = {"repvgg_b1", "repvgg_b1g2", "repvgg_b1g4", "mobileone_s4", "resnet50"}
LIMIT = {torch.float32: 1e-4, torch.float64: 1e-11}
COUNTER = ".num_batches_tracked"


def forms(name, dtype=torch.float32, seed=0):
    """A network as trained, and its deploy form without its weights."""
    if name in NETWORKS:
        model, deployed = (NETWORKS[name](deploy) for deploy in (False, True))
    else:
        model = PLAIN[name]()
        deployed = folded(model)
    return randomise(model.to(dtype), seed), deployed.to(dtype).eval()


@dataclass
class Fused:
    content: bytes
    warnings: str = ""

    def __post_init__(self):
        self.tensors = load(self.content)
        self.metadata = header_of(self.content)["__metadata__"]
        self.report = json.loads(self.metadata["fusion_report"])

    def blocks(self, part="fused"):
        return [block["block"] for block in self.report[part]]


def header_of(content):
    length = int.from_bytes(content[:8], "little")
    return json.loads(content[8:8 + length])


def by_command(tmp_path, state, *options):
    """`state`: tensors by name, or the bytes of their file."""
    source, target, report = (tmp_path / name for name in ("trained.safetensors", "deployed.safetensors", "report.json"))
    source.write_bytes(content_of(state))
    code, out, err = run("fuse", source, target, "--report", report, *options, timeout=120)
    assert code == 0 and out, err
    fused = Fused(target.read_bytes(), err)
    assert json.loads(report.read_text()) == fused.report
    assert_accounted_for(source.read_bytes(), fused)
    return fused


def content_of(state):
    return state if isinstance(state, bytes) else save(state)


def post(server, content, headers={}, **parameters):
    text = {name: value if isinstance(value, str) else json.dumps(value) for name, value in parameters.items()}
    return requests.post(f"{server.url}/v1/fuse/checkpoint", data=content, params=text, timeout=120,
                         headers={"Content-Type": SAFETENSORS} | headers)


def by_http(server, state, **parameters):
    content = content_of(state)
    reply = post(server, content, **parameters)
    assert reply.status_code == 200, reply.text[:2000]
    assert reply.headers["Content-Type"] == SAFETENSORS
    fused = Fused(reply.content)
    assert_accounted_for(content, fused)
    return fused


def refused(server, state, **parameters):
    """The one error of a request that is not answered with a file."""
    reply = post(server, content_of(state), **parameters)
    assert reply.status_code in (400, 422), f"{reply.status_code}: {reply.content[:500]}"
    assert reply.headers["Content-Type"] == "application/problem+json"
    problem = reply.json()
    # What is wrong with the file as a whole has no place in it.
    [error] = problem.get("errors", [{"pointer": "", "detail": problem["detail"]}])
    return error


def raw(tensor):
    return tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes() if tensor.numel() else b""


def assert_accounted_for(content, fused):
    """Every tensor of the source is told of once; every tensor of the file was made or is as it was."""
    source, report = load(content), fused.report
    assert report["source_sha256"] == hashlib.sha256(content).hexdigest()
    left = report["kept"] + [name for block in report["refused"] for name in block["tensors"]]
    told = [name for block in report["fused"] for name in block["from"]] + report["dropped"] + left
    assert sorted(told) == sorted(source)
    made = [name for block in report["fused"] for name in block["to"]]
    same = {name.removeprefix("module."): name for name in left if not name.endswith(COUNTER)}
    assert sorted(made + list(same)) == sorted(fused.tensors)
    for name, origin in same.items():
        before, after = source[origin], fused.tensors[name]
        assert (before.shape, before.dtype, raw(before)) == (after.shape, after.dtype, raw(after)), name
    assert report["parameters_before"] == sum(tensor.numel() for tensor in source.values())
    assert report["parameters_after"] == sum(tensor.numel() for tensor in fused.tensors.values())
    for block in report["fused"]:
        weight = fused.tensors[next(name for name in block["to"] if name.endswith("weight"))]
        assert block["weight_shape"] == list(weight.shape) and block["from"] and block["family"] in report["families"]


def assert_says_the_same(model, deployed, tensors, probe=None):
    apart = difference(model, deployed, tensors, probe)
    assert apart <= LIMIT[next(model.parameters()).dtype]


def difference(model, deployed, tensors, probe=None):
    """Of the logits, beside the largest of them."""
    probe = image(dtype=next(model.parameters()).dtype) if probe is None else probe
    deployed.load_state_dict(tensors, strict=True)
    expected, got = model(probe), deployed.eval()(probe)
    scale = expected.abs().max()
    assert 0.5 < scale < 50
    return ((got - expected).abs().max() / scale).item()


# ---- networks -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*NETWORKS, *PLAIN])
def test_a_network_by_the_command(name, tmp_path):
    for dtype in [torch.float32] if name in LARGE else [torch.float32, torch.float64]:
        model, deployed = forms(name, dtype)
        fused = by_command(tmp_path, model.state_dict())
        assert not fused.report["refused"] and not fused.warnings
        assert fused.report["parameters_after"] < fused.report["parameters_before"]
        assert_says_the_same(model, deployed, fused.tensors)


@pytest.mark.parametrize("name", sorted({*NETWORKS, *PLAIN} - LARGE))
def test_a_network_by_http(server, name):
    model, deployed = forms(name, seed=1)
    fused = by_http(server, model.state_dict())
    assert not fused.report["refused"]
    assert_says_the_same(model, deployed, fused.tensors)


def test_both_ways_make_the_same_file(server, tmp_path):
    content = save(forms("timm_repvgg")[0].state_dict(), {"format": "pt", "epoch": "90"})
    files = [by_command(tmp_path, content), by_http(server, content), by_http(server, content)]
    assert files[0].content == files[1].content == files[2].content


@pytest.mark.parametrize("rank", [0, 1, 2, 3])
@pytest.mark.parametrize("parts", [{}, {"bias": False}, {"affine": False}], ids=["whole norm", "no shift", "statistics only"])
@pytest.mark.parametrize("bias", [True, False])
def test_pairs_of_every_rank(server, rank, bias, parts):
    """Linear layers too; with a bias and without; norms of which parts are missing."""
    if rank:
        first = [nn.Conv1d, nn.Conv2d, nn.Conv3d][rank - 1](4, 6, 3, groups=2, bias=bias)
        norm = NORMS[rank - 1](6, **parts)
    else:
        first, norm = nn.Linear(4, 6, bias=bias), nn.BatchNorm1d(6, **parts)
    model, probe = named(body=nn.Sequential(first, norm, nn.ReLU())), torch.randn([5, 4] + [7] * rank)
    randomise(model, probe=probe)
    fused = by_http(server, model.state_dict())
    assert fused.blocks() == ["body.0"] and fused.report["families"] == ["conv_bn"]
    assert_says_the_same(model, folded(model), fused.tensors, probe=probe)


@pytest.mark.parametrize("name", ["repvgg_a0_se", "dbb", "acnet", "timm_mobileone", "unireplknet"])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_stays_and_is_rounded_once(server, name, dtype):
    model, deployed = forms(name)
    state = {name: tensor.to(dtype) if tensor.is_floating_point() else tensor for name, tensor in model.state_dict().items()}
    exact = by_http(server, {name: tensor.double() if tensor.is_floating_point() else tensor for name, tensor in state.items()})
    fused = by_http(server, state)
    deployed.to(dtype).load_state_dict(fused.tensors, strict=True)
    assert {tensor.dtype for tensor in fused.tensors.values()} == {dtype}
    assert {block["dtype"] for block in fused.report["fused"]} == {str(dtype)[6:]}
    for block in fused.report["fused"]:
        for made in block["to"]:
            got, expected = fused.tensors[made].double().numpy(), nearest(exact.tensors[made].numpy(), dtype)
            assert np.array_equal(got, expected), made


def nearest(values, dtype):
    """float64 -> the nearest numbers of `dtype`, ties to even; torch itself goes through float32, which rounds twice."""
    if dtype == torch.float16:
        return values.astype(np.float16).astype(np.float64)
    mantissa, exponent = np.frexp(values)
    return np.ldexp(np.rint(np.ldexp(mantissa, 8)), exponent - 8)


# ---- what is in the file, and what is told about it ---------------------------------------------


def test_the_report_and_the_metadata(server):
    model = named(body=nn.Sequential(*forms("timm_repvgg")[0].stages[0]), extra=nn.Linear(3, 5))
    state = {"module." + name: tensor for name, tensor in model.state_dict().items()}
    content = save(state, {"format": "pt", "epoch": "90", "note": 'quotes " and\nlines'})
    fused = by_http(server, content)
    assert {name: fused.metadata[name] for name in ("format", "epoch")} == {"format": "pt", "epoch": "90"}
    assert fused.metadata["note"] == 'quotes " and\nlines' and fused.metadata["fused_by"].startswith("convserve ")
    report = fused.report
    assert {name: report[name] for name in ("fused_by", "source_sha256")} == {
        name: fused.metadata[name] for name in ("fused_by", "source_sha256")}
    assert report["families"] == ["repvgg"] and report["refused"] == []
    assert report["kept"] == ["module.extra.bias", "module.extra.weight"]
    assert sorted(fused.blocks()) == [f"body.{block}" for block in range(3)]
    block = next(block for block in report["fused"] if block["block"].endswith("body.1"))
    assert sorted(name for name in block["from"] if not name.endswith(COUNTER)) == sorted(
        name for name in state if name.startswith("module.body.1.") and not name.endswith(COUNTER))
    assert sorted(block["to"]) == ["body.1.reparam_conv.bias", "body.1.reparam_conv.weight"]
    assert (block["family"], block["weight_shape"], block["dtype"], block["eps"], block["warnings"]) == (
        "repvgg", [32, 8, 3, 3], "float32", 1e-5, [])
    only = post(server, content, headers={"Accept": "application/json"})
    assert only.headers["Content-Type"].startswith("application/json") and only.json() == report


def test_tensors_of_every_dtype_are_kept_as_they_are(server, tmp_path):
    state = conv_bn_net().state_dict()
    for number, dtype in enumerate([torch.bool, torch.uint8, torch.int8, torch.int16, torch.uint16, torch.int32, torch.uint32,
                                    torch.int64, torch.uint64, torch.float16, torch.bfloat16, torch.float32, torch.float64,
                                    torch.float8_e4m3fn, torch.float8_e5m2]):
        data = torch.from_numpy(np.random.default_rng(number).integers(0, 2 if number == 0 else 256, 2 * 3 * 8, dtype=np.uint8))
        state[f"extra.{number}"] = data.view(dtype).reshape(2, 3, -1)
    state |= {"extra.none": torch.zeros(3, 0), "extra.scalar": torch.tensor(7), "extra.nan": torch.tensor([float("nan")])}
    for fused in (by_http(server, state), by_command(tmp_path, state)):
        assert set(fused.report["kept"]) >= {name for name in state if name.startswith("extra")}


def conv_bn_net():
    return randomise(named(layers=nn.Sequential(conv_bn_relu(3, 8, 3), conv_bn(8, 12, 3))))


def test_prefixes(server, tmp_path):
    model, deployed = forms("timm_mobileone")
    for prefix, options, parameters in [
        ("module.", [], {}), ("model.student.", ["--strip-prefix", "model.student."], {"strip_prefix": "model.student."}),
        ("", ["--strip-prefix", ""], {"strip_prefix": ""}),
    ]:
        state = {prefix + name: tensor for name, tensor in model.state_dict().items()}
        for content in (run_fuse(tmp_path, state, *options), post(server, save(state), **parameters).content):
            assert_says_the_same(model, deployed, load(content))
    kept = post(server, save({"module." + name: tensor for name, tensor in model.state_dict().items()}), strip_prefix="").content
    assert all(name.startswith("module.") for name in load(kept))


def run_fuse(tmp_path, state, *options):
    source, target = tmp_path / "trained.safetensors", tmp_path / "deployed.safetensors"
    source.write_bytes(save(state))
    code, _, err = run("fuse", source, target, *options, timeout=120)
    assert code == 0, err
    return target.read_bytes()


def test_a_prefix_that_would_make_two_tensors_one(server):
    state = conv_bn_net().state_dict()
    error = refused(server, state | {"module.layers.0.conv.weight": state["layers.0.conv.weight"].clone()})
    assert "layers.0.conv.weight" in error["detail"]


def test_nothing_to_fuse(server, tmp_path):
    state = forms("timm_repvgg")[0].state_dict()
    deployed = by_http(server, state).tensors
    for nothing in (deployed, {"weight": torch.zeros(2, 2)}, {}):
        assert post(server, save(nothing)).status_code == 422
        assert "fuse" in failed(tmp_path, save(nothing))


# ---- options ------------------------------------------------------------------------------------


def test_eps_and_patterns_of_it(server, tmp_path):
    """A network that came from TensorFlow has eps of 1e-3; here a part of one."""
    model = MobileNetV2()
    for name, module in model.named_modules():
        if isinstance(module, nn.BatchNorm2d) and fnmatch.fnmatchcase(name, "features.1?.*"):
            module.eps = 1e-3
    randomise(model.double())
    state = model.state_dict()
    for fused in [
        by_http(server, state, eps={"features.1?.*": 1e-3}), by_http(server, state, eps={"*": 1e-5, "features.1?.*": 1e-3}),
        by_http(server, state, eps={"*": 1e-3, "features.?.*": 1e-5}),
        by_command(tmp_path, state, "--eps-for", "features.1?.*=1e-3"),
        by_command(tmp_path, state, "--eps", "1e-3", "--eps-for", "features.?.*=0.00001"),
    ]:
        assert_says_the_same(model, folded(model), fused.tensors)
        assert {block["eps"] for block in fused.report["fused"]} == {1e-3, 1e-5}
    for wrong in ({}, {"eps": 1e-3}):
        assert difference(model, folded(model), by_http(server, state, **wrong).tensors) > 1e-4


def test_blocks_that_are_excluded_stay(server, tmp_path):
    model, deployed = forms("timm_repvgg")
    deployed.stages[1] = copy.deepcopy(model.stages[1])
    state = model.state_dict()
    for fused in (by_http(server, state, exclude=["stages.1.*"]), by_command(tmp_path, state, "--exclude", "stages.1.*"),
                  by_command(tmp_path, state, "--exclude", "stages.1.0", "--exclude", "stages.?.1")):
        assert not fused.report["refused"]
        if "stages.0.1.reparam_conv.weight" not in fused.tensors:
            deployed.stages[0][1] = copy.deepcopy(model.stages[0][1])
        assert_says_the_same(model, deployed, fused.tensors)


def test_pairs_with_names_of_their_own(server, tmp_path):
    model = randomise(named(projection=conv(3, 8, 3), scaling=nn.BatchNorm2d(8), act=nn.ReLU(), last=conv_bn(8, 12, 1)))
    state = model.state_dict()
    without = by_http(server, state)
    assert without.blocks() == ["last.conv"] or without.blocks() == ["last"]
    assert {"projection.weight", "scaling.weight"} <= set(without.report["kept"])
    for fused in (by_http(server, state, pairs={"projection": "scaling"}), by_command(tmp_path, state, "--pair", "projection=scaling")):
        assert_says_the_same(model, folded(model), fused.tensors)
    for pairs, word in [({"projection": "scalling"}, "scalling"), ({"projector": "scaling"}, "projector"),
                        ({"projection": "last.conv"}, "last.conv"), ({"scaling": "projection"}, "scaling")]:
        assert word in refused(server, state, pairs=pairs)["detail"]


def test_families(server, tmp_path):
    model = RepLKNet()
    state = randomise(model).state_dict()
    fused = by_http(server, state)
    assert {block["family"] for block in fused.report["fused"]} == {"replknet"}
    for fused in (by_http(server, state, family=["replknet", "conv_bn"]),
                  by_command(tmp_path, state, "--family", "replknet", "--family", "conv_bn")):
        assert {block["family"] for block in fused.report["fused"]} == {"replknet", "conv_bn"}
        assert_says_the_same(model, folded(RepLKNet(deploy=True)), fused.tensors)
    repvgg = forms("timm_repvgg")[0]
    assert_says_the_same(repvgg, folded(repvgg), by_http(server, repvgg.state_dict(), family="conv_bn").tensors)
    assert post(server, save(state), family="repvgg").status_code == 422
    error = refused(server, state, family="resnet")
    assert "family" in error["pointer"] and "repvgg" in error["detail"]


def partly_refused():
    """A pair, and a norm without statistics behind a convolution."""
    model = named(first=conv_bn(3, 8, 3), conv1=conv(8, 8, 3), bn1=nn.BatchNorm2d(8, track_running_stats=False))
    return randomise(model)


def test_refused_blocks_are_told_and_with_strict_they_are_errors(server, tmp_path):
    state = partly_refused().state_dict()
    fused = by_command(tmp_path, state)
    [block] = fused.report["refused"]
    assert set(block["tensors"]) >= {"bn1.weight", "bn1.bias"} and "statistic" in block["reason"] and block["hint"]
    assert "bn1" in fused.warnings
    assert "bn1" in failed(tmp_path, save(state), "--strict")
    error = refused(server, state, strict=True)
    assert "bn1" in error["detail"]
    assert by_http(server, state, strict=False).report == fused.report
    by_http(server, conv_bn_net().state_dict(), strict=True)


@pytest.mark.parametrize("parameters, pointer", [
    ({"eps": "large"}, "/eps"), ({"eps": -1}, "/eps"), ({"eps": {"*": "x"}}, "/eps"), ({"exclude": {"a": 1}}, "/exclude"),
    ({"groups": {"*": 0}}, "/groups"), ({"strict": "perhaps"}, "/strict"), ({"pairs": ["a", "b"]}, "/pairs"),
    ({"transposed": 3}, "/transposed"), ({"famly": "repvgg"}, "/famly"), ({"family": []}, "/family"),
])
def test_parameters_that_are_none(server, parameters, pointer):
    assert refused(server, conv_bn_net().state_dict(), **parameters)["pointer"].startswith(pointer)


def test_other_contents(server):
    content = save(conv_bn_net().state_dict())
    assert post(server, content, headers={"Content-Type": "application/json"}).status_code == 415
    assert post(server, content, headers={"Accept": "image/png"}).status_code == 406
    assert requests.get(f"{server.url}/v1/fuse/checkpoint", timeout=10).status_code == 405


# ---- what looks like a pair and is none ---------------------------------------------------------


def follow(model, report):
    """The structure that a report tells of: the pairs it names are one layer."""
    model = copy.deepcopy(model)
    for block in report["fused"]:
        modules = {name.rpartition(".")[0] for name in block["from"]}
        [norm] = [name for name in modules if isinstance(model.get_submodule(name), NORMS)]
        [layer] = modules - {norm}
        put_into(model, norm, model.get_submodule(layer))
    return model


class PreActivation(nn.Module):
    """ResNet's second version: the norms stand before the convolutions that they are named like."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(inputs), conv(inputs, outputs, 3, stride)
        self.bn2, self.conv2 = nn.BatchNorm2d(outputs), conv(outputs, outputs, 3)
        self.shortcut = nn.Sequential(conv(inputs, outputs, 1, stride)) if inputs != outputs else nn.Identity()

    def forward(self, x):
        y = F.relu(self.bn1(x))
        return self.conv2(F.relu(self.bn2(self.conv1(y)))) + self.shortcut(y)


class PreActivationNet(nn.Module):
    """With a pair at the end, so that there is something to fuse."""

    def __init__(self):
        super().__init__()
        self.conv1 = conv(3, 16, 3, 2)
        self.layer1 = nn.Sequential(PreActivation(16, 16, 1), PreActivation(16, 16, 1))
        self.layer2 = nn.Sequential(PreActivation(16, 32, 2), PreActivation(32, 32, 1))
        self.bn, self.tail, self.linear = nn.BatchNorm2d(32), conv_bn(32, 32, 1), nn.Linear(32, 100)

    def forward(self, x):
        x = self.tail(F.relu(self.bn(self.layer2(self.layer1(self.conv1(x))))))
        return self.linear(x.mean((2, 3)))


def test_norms_before_their_convolutions(server, tmp_path):
    model = randomise(PreActivationNet())
    for fused in (by_http(server, model.state_dict()), by_command(tmp_path, model.state_dict())):
        assert_says_the_same(model, follow(model, fused.report), fused.tensors)
        refused = {name for block in fused.report["refused"] for name in block["tensors"]}
        assert "layer2.0.conv1.weight" in refused and "layer2.0.bn1.weight" in refused
        assert all(block["reason"] and block["hint"] for block in fused.report["refused"])


def test_names_elsewhere_do_not_vouch(server):
    """Blocks of one width, whose shapes do not tell an order, behind pairs of the same names that run in the usual one."""
    stem = named(conv1=conv(3, 16, 3, 2), bn1=nn.BatchNorm2d(16), relu=nn.ReLU())
    residual = named(**dict(stem.named_children()), layer1=nn.Sequential(*(PreActivation(16, 16, 1) for _ in range(3))))
    down = nn.Sequential(conv_bn_relu(3, 16, 3, stride=2), conv_bn_relu(16, 32, 3, stride=2))
    plain = named(down=down, body=nn.Sequential(*(named(bn=nn.BatchNorm2d(32), act=nn.ReLU(), conv=conv(32, 32, 3)) for _ in range(3))))
    for model in (residual, plain):
        randomise(model)
        fused = by_http(server, model.state_dict())
        assert_says_the_same(model, follow(model, fused.report), fused.tensors)


class DenseLayer(nn.Module):
    def __init__(self, inputs):
        super().__init__()
        self.norm1, self.conv1 = nn.BatchNorm2d(inputs), conv(inputs, 128, 1)
        self.norm2, self.conv2 = nn.BatchNorm2d(128), conv(128, 32, 3)

    def forward(self, x):
        return torch.cat([x, self.conv2(F.relu(self.norm2(self.conv1(F.relu(self.norm1(x))))))], 1)


class DenseNet(nn.Module):
    """Two blocks of DenseNet-121, as torchvision names them."""

    def __init__(self):
        super().__init__()
        blocks = [named(**{f"denselayer{layer + 1}": DenseLayer(inputs + 32 * layer) for layer in range(depth)})
                  for inputs, depth in [(64, 6), (128, 4)]]
        transition = named(norm=nn.BatchNorm2d(256), relu=nn.ReLU(), conv=conv(256, 128, 1), pool=nn.AvgPool2d(2))
        self.features = named(
            conv0=conv(3, 64, 7, 2), norm0=nn.BatchNorm2d(64), relu0=nn.ReLU(), pool0=nn.MaxPool2d(3, 2, 1),
            denseblock1=blocks[0], transition1=transition, denseblock2=blocks[1], norm5=nn.BatchNorm2d(256))
        self.classifier = nn.Linear(256, 100)

    def forward(self, x):
        return self.classifier(F.relu(self.features(x)).mean((2, 3)))


def test_dense_blocks(server):
    """norm1, conv1, norm2, conv2; the third layer's norm1 has as many channels as its conv1 has outputs."""
    model = randomise(named(body=DenseNet(), tail=nn.Sequential(nn.Linear(100, 100), nn.BatchNorm1d(100))))
    fused = by_http(server, model.state_dict())
    assert "tail.0" in fused.blocks() and not any("denselayer" in block for block in fused.blocks())
    assert_says_the_same(model, follow(model, fused.report), fused.tensors)
    layers = [name for name, module in model.named_modules() if isinstance(module, DenseLayer)]
    fused = by_http(server, model.state_dict(), pairs={"body.features.conv0": "body.features.norm0"} | {
        f"{layer}.conv1": f"{layer}.norm2" for layer in layers})
    assert len(fused.report["fused"]) == 2 + len(layers)
    assert_says_the_same(model, follow(model, fused.report), fused.tensors)


@pytest.mark.parametrize("layers", [
    (nn.BatchNorm2d(3), conv(3, 3, 3)), (conv(3, 8, 3), nn.ReLU(), nn.BatchNorm2d(8)),
    (nn.BatchNorm2d(3), conv(3, 3, 3), nn.BatchNorm2d(3)), (conv(3, 3, 3), conv(3, 3, 3), nn.BatchNorm2d(3)),
    (conv(3, 3, 3), nn.BatchNorm2d(3), nn.BatchNorm2d(3)), (conv(3, 8, 3), nn.GroupNorm(2, 8)),
], ids=["norm first", "relu between", "norms around", "two layers", "two norms", "another norm"])
def test_sequences_of_other_orders(server, layers):
    model = randomise(named(body=nn.Sequential(*copy.deepcopy(layers)), tail=conv_bn(8 if layers[0].weight.shape[0] == 8 else 3, 20, 1)))
    fused = by_http(server, model.state_dict())
    assert any("tail" in block for block in fused.blocks())
    assert_says_the_same(model, follow(model, fused.report), fused.tensors)


def test_layers_in_a_row_with_the_names_of_branches(server):
    """MobileViT's blocks as timm names them: a pair, then a 1×1 convolution without a norm."""
    model = randomise(named(block=named(conv_kxk=conv_bn_relu(3, 8, 3), conv_1x1=conv(8, 8, 1), conv_proj=conv_bn_relu(8, 12, 1))))
    fused = by_http(server, model.state_dict())
    assert {block["family"] for block in fused.report["fused"]} == {"conv_bn"}
    assert_says_the_same(model, folded(model), fused.tensors)


def test_one_norm_behind_two_layers(server):
    state = named(left=conv(3, 8, 3), right=conv(3, 8, 3), bn=nn.BatchNorm2d(8), tail=conv_bn(8, 8, 1)).state_dict()
    error = refused(server, state, pairs={"left": "bn", "right": "bn"})
    assert "bn" in error["detail"]


def decoder():
    """Layers of 2x2 and stride 2: once square, so that the weight is as that of a convolution; once in groups; once with others."""
    def up(inputs, outputs, groups=1):
        return nn.Sequential(nn.ConvTranspose2d(inputs, outputs, 2, 2, groups=groups, bias=False), nn.BatchNorm2d(outputs), nn.ReLU())
    return randomise(named(down=conv_bn_relu(3, 8, 3, stride=2), square=up(8, 8), grouped=up(8, 8, 4), wider=up(8, 12, 2)), seed=3)


def test_transposed_layers_need_a_word(server, tmp_path):
    model = decoder()
    state, all_three = model.state_dict(), ("square", "grouped", "wider")
    fused = by_http(server, state)
    assert len(fused.blocks()) == 1 and "down" in fused.blocks()[0]
    told = {name for block in fused.report["refused"] for name in block["tensors"]}
    assert told >= {f"{name}.0.weight" for name in all_three}
    assert all("transposed" in block["hint"] for block in fused.report["refused"])
    structure = folded(model)
    for name in all_three:
        put_into(structure, f"{name}.1", structure.get_submodule(f"{name}.0"))
    for fused in (by_http(server, state, transposed=["square.0", "grouped.*", "w?der.0"]),
                  by_http(server, state, transposed=["*.0"], groups={"grouped.0": 4, "wider.0": 2}),
                  by_command(tmp_path, state, "--transposed", "*.0", "--groups", "wider.0=2")):
        assert not fused.report["refused"]
        assert_says_the_same(model, structure, fused.tensors)
    assert "grouped" in json.dumps(post(server, save(state), transposed=["*.0"], groups={"grouped.0": 2}, strict=True).json())


def test_blocks_that_are_not_whole(server):
    """Without one of its norms' statistics a block is refused; beside its own deploy form too. The others are fused."""
    whole = forms("timm_repvgg")[0].state_dict()
    missing = {name: tensor for name, tensor in whole.items() if name != "stages.0.1.conv_1x1.bn.running_mean"}
    twice = whole | {"stages.0.1.reparam_conv.weight": torch.zeros(32, 8, 3, 3), "stages.0.1.reparam_conv.bias": torch.zeros(32)}
    integers = whole | {"stages.0.1.conv_kxk.conv.weight": torch.ones(32, 8, 3, 3, dtype=torch.int8)}
    for state, word in [(missing, "running_mean"), (twice, "reparam_conv"), (integers, "I8")]:
        fused = by_http(server, state)
        [block] = fused.report["refused"]
        assert "stages.0.1" in block["block"] and word in block["reason"] + block["hint"]
        assert "stages.0.2.reparam_conv.weight" in fused.tensors


def test_branches_with_a_gap_in_their_numbers(server):
    """Of four convolutions side by side one is missing: the sum of the others is another block."""
    state = forms("timm_mobileone")[0].state_dict()
    for number in (0, 2):
        rest = {name: tensor for name, tensor in state.items() if not name.startswith(f"stages.0.1.conv_kxk.{number}.")}
        [block] = by_http(server, rest).report["refused"]
        assert block["block"] == "stages.0.1" and "conv_kxk" in block["reason"]


@pytest.mark.parametrize("place, exact", [("dbb_origin.conv", True), ("dbb_1x1.conv", True), ("dbb_1x1_kxk.conv2", True),
                                          ("dbb_avg.conv", False), ("dbb_1x1_kxk.conv1", False)])
def test_a_bias_inside_a_diverse_branch_block(server, place, exact):
    """The border around an inner norm is what it makes of zeros, which a bias before it is not."""
    model, deployed = (named(block=DiverseBranchBlock(3, 8, inner=6, deploy=deploy)) for deploy in (False, True))
    layer = model.get_submodule(f"block.{place}")
    layer.bias = nn.Parameter(torch.zeros(layer.out_channels))
    randomise(model)
    fused = by_http(server, model.state_dict())
    if exact:
        assert_says_the_same(model, deployed, fused.tensors)
    else:
        [block] = fused.report["refused"]
        assert f"block.{place}.bias" in block["tensors"] and "bias" in block["reason"] + block["hint"]


def test_norms_in_float32_beside_halves(server):
    """What mixed precision keeps: the layer's dtype is the fused one's."""
    model, deployed = forms("timm_mobileone")
    state = {name: tensor.half() if tensor.is_floating_point() and tensor.dim() > 1 else tensor for name, tensor in model.state_dict().items()}
    fused = by_http(server, state)
    for block in fused.report["fused"]:
        assert {fused.tensors[name].dtype for name in block["to"]} == {torch.float16}


# ---- damage -------------------------------------------------------------------------------------


def edited(change):
    """The header as JSON, changed."""
    def damage(content):
        length, header = int.from_bytes(content[:8], "little"), header_of(content)
        text = change(header)
        text = text if isinstance(text, str) else json.dumps(header)
        return len(text).to_bytes(8, "little") + text.encode() + content[8 + length:]
    return damage


def entry(name, **fields):
    return edited(lambda header: header[name].update(fields))


def valued(name, change):
    """A tensor of the state changed."""
    def damage(content):
        state = load(content)
        state[name] = change(state[name].clone())
        return save(state)
    return damage


def with_value(number):
    def change(tensor):
        tensor[3] = number
        return tensor
    return change


VAR, NORM, WEIGHT = "layers.1.bn.running_var", "layers.1.bn.bias", "layers.1.conv.weight"
DAMAGE = {
    "empty": (lambda content: b"", ""),
    "a few bytes": (lambda content: content[:5], ""),
    "header cut off": (lambda content: content[:100], ""),
    "last tensor cut off": (lambda content: content[:-5], WEIGHT),
    "bytes left over": (lambda content: content + b"more", ""),
    "a huge header": (lambda content: (1 << 62).to_bytes(8, "little") + content[8:], ""),
    "a negative header": (lambda content: b"\xff" * 8 + content[8:], ""),
    "no JSON": (edited(lambda header: "{" + json.dumps(header)), ""),
    "a list": (edited(lambda header: json.dumps([header])), ""),
    "no UTF-8": (lambda content: content[:9] + b"\xff\xfe" + content[11:], ""),
    "a name twice": (edited(lambda header: json.dumps(header)[:-1] + f', "{NORM}": ' + json.dumps(header[NORM]) + "}"), NORM),
    "overlapping": (edited(lambda header: header[NORM].update(shape=[9], data_offsets=[
        header[NORM]["data_offsets"][0] - 4, header[NORM]["data_offsets"][1]])), NORM),
    "twice the same": (edited(lambda header: header[NORM].update(data_offsets=header[VAR]["data_offsets"])), "layers.1.bn"),
    "a gap": (edited(lambda header: header.pop(NORM)), ""),
    "beyond the end": (entry(NORM, data_offsets=[1 << 40, (1 << 40) + 32]), "layers.1.bn"),
    "backwards": (entry(NORM, data_offsets=[64, 32]), NORM),
    "another shape": (entry(WEIGHT, shape=[8, 8, 3, 4]), WEIGHT),
    "a huge shape": (entry(WEIGHT, shape=[1 << 32, 1 << 32, 3, 3]), WEIGHT),
    "a negative shape": (entry(WEIGHT, shape=[-8, 8, 3, -3]), WEIGHT),
    "another dtype": (entry(WEIGHT, dtype="F12"), WEIGHT),
    "no offsets": (edited(lambda header: header[NORM].pop("data_offsets")), NORM),
    "mixed up": (valued(NORM, lambda tensor: torch.zeros(7)), NORM),
    "another width": (lambda content: save({name: torch.ones(7) if tensor.dim() == 1 and "layers.1" in name else tensor
                                            for name, tensor in load(content).items()}), "layers.1.bn"),
    "a matrix for a norm": (valued(NORM, lambda tensor: torch.zeros(8, 1)), NORM),
    "NaN": (valued(VAR, with_value(float("nan"))), VAR),
    "negative": (valued(VAR, with_value(-0.5)), VAR),
    "infinite": (valued(NORM, with_value(float("inf"))), NORM),
    "NaN in a weight": (valued(WEIGHT, with_value(float("nan"))), WEIGHT),
}
damages = pytest.mark.parametrize("kind", DAMAGE)


def damaged(kind):
    damage, name = DAMAGE[kind]
    return damage(save(conv_bn_net().state_dict())), name


@damages
def test_damage_by_http(server, kind):
    content, name = damaged(kind)
    error = refused(server, content)
    assert name in error["detail"] and error["detail"]
    if name:
        assert error["pointer"].startswith(f"/{name}")


def failed(tmp_path, content, *options):
    """What the command says as it fails; that it leaves everything as it was."""
    source, target = tmp_path / "damaged.safetensors", tmp_path / "output" / "deployed.safetensors"
    target.parent.mkdir(exist_ok=True)
    source.write_bytes(content)
    for existing in (None, b"what was there"):
        target.unlink(missing_ok=True)
        if existing:
            target.write_bytes(existing)
        code, out, err = run("fuse", source, target, *options, timeout=60)
        assert code == 1 and not out and err.count("\n") == 1 and err.endswith("\n"), (code, out, err)
        assert [path.read_bytes() for path in target.parent.iterdir()] == ([existing] if existing else [])
    return err


@damages
def test_damage_by_the_command(tmp_path, kind):
    content, name = damaged(kind)
    assert name in failed(tmp_path, content)


def test_names_that_have_to_be_escaped_in_pointers(server):
    state = {name.replace("layers.1", "a/b~c"): tensor for name, tensor in conv_bn_net().state_dict().items()}
    state["a/b~c.bn.running_var"][0] = -1
    assert refused(server, state)["pointer"].startswith("/a~1b~0c.bn.running_var")


def test_a_variance_of_zero_without_eps(server):
    state = conv_bn_net().state_dict()
    state[VAR][2] = 0
    by_http(server, state)
    assert VAR in refused(server, state, eps=0)["pointer"]


# ---- files --------------------------------------------------------------------------------------


def test_where_the_file_goes(tmp_path):
    content = save(conv_bn_net().state_dict())
    source = tmp_path / "net.safetensors"
    source.write_bytes(content)
    for arguments in [(source, tmp_path / "none" / "out.safetensors"), (tmp_path / "none.safetensors", tmp_path / "out.safetensors"),
                      (source, tmp_path), (tmp_path, tmp_path / "out.safetensors"),
                      (source, tmp_path / "out.safetensors", "--report", tmp_path / "none" / "report.json")]:
        code, out, err = run("fuse", *arguments)
        assert code == 1 and not out and err.count("\n") == 1 and str(tmp_path) in err, (code, out, err)
        assert [path.name for path in tmp_path.iterdir()] == [source.name]
    code, _, err = run("fuse", source, f"{tmp_path}/./net.safetensors")
    assert code == 0, err
    assert Fused(source.read_bytes()).report["source_sha256"] == hashlib.sha256(content).hexdigest()
    assert [path.name for path in tmp_path.iterdir()] == [source.name]


def test_a_link_is_written_through_or_replaced_but_its_target_is_whole(tmp_path):
    source, target, link = (tmp_path / name for name in ("in.safetensors", "real.safetensors", "link.safetensors"))
    source.write_bytes(save(conv_bn_net().state_dict()))
    target.write_bytes(b"what was there")
    link.symlink_to(target)
    assert run("fuse", source, link)[0] == 0
    Fused(link.read_bytes())
    assert target.read_bytes() in (b"what was there", link.read_bytes())


def test_what_others_may_read_they_may_read_then(tmp_path):
    """A new file has the permissions that the shell's umask leaves, not those of a temporary one."""
    source, target = tmp_path / "in.safetensors", tmp_path / "out.safetensors"
    source.write_bytes(save(conv_bn_net().state_dict()))
    assert run("fuse", source, target)[0] == 0
    umask = os.umask(0)
    os.umask(umask)
    assert target.stat().st_mode & 0o777 == 0o666 & ~umask


def test_a_disk_that_is_full(tmp_path):
    source, target = tmp_path / "in.safetensors", tmp_path / "output" / "out.safetensors"
    target.parent.mkdir()
    sparse_checkpoint(source, pairs(4))

    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    done = subprocess.run([BINARY, "fuse", source, target], capture_output=True, text=True, timeout=60, env=environment(),
                          restore_signals=False, preexec_fn=limited)
    assert done.returncode == 1 and done.stderr.count("\n") == 1, done
    assert list(target.parent.iterdir()) == []


def pairs(count, kept=0):
    """Names and shapes of convolutions of 18 MiB with norms, and of a tensor of `kept` numbers."""
    shapes = {"embedding": [kept]} if kept else {}
    for layer in range(count):
        shapes[f"layers.{layer}.conv.weight"] = [512, 1024, 3, 3]
        shapes |= {f"layers.{layer}.bn.{name}": [512] for name in ("weight", "bias", "running_mean", "running_var")}
    return shapes


def sparse_checkpoint(path, shapes, values={}):
    """A file of zeros that takes no time and no space, but for the given values."""
    header, end = {}, 0
    for name, shape in shapes.items():
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [end, end + 4 * int(np.prod(shape))]}
        end = header[name]["data_offsets"][1]
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name, array in values.items():
            file.seek(8 + len(text) + header[name]["data_offsets"][0])
            file.write(array.astype("<f4").tobytes())
        file.truncate(8 + len(text) + end)


@contextlib.contextmanager
def started(*arguments):
    process = subprocess.Popen([BINARY, "fuse", *arguments], env=environment(), text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def written(process):
    """Bytes so far; the file has no name yet."""
    return int(re.search(r"wchar: (\d+)", pathlib.Path(f"/proc/{process.pid}/io").read_text())[1])


@contextlib.contextmanager
def removed(*paths):
    """Gigabytes are not left to pytest, which keeps the directories of some runs."""
    try:
        yield
    finally:
        for path in paths:
            path.unlink(missing_ok=True)


@pytest.mark.parametrize("existing", [False, True])
def test_killed_while_it_writes(tmp_path, existing):
    source, target = tmp_path / "in.safetensors", tmp_path / "output" / "out.safetensors"
    target.parent.mkdir()
    sparse_checkpoint(source, pairs(20, kept=1 << 28))
    if existing:
        target.write_bytes(b"what was there")
    with removed(source), started(source, target) as process:
        deadline = time.monotonic() + 60
        while written(process) < 1 << 20:
            assert process.poll() is None and time.monotonic() < deadline, "it ended before it was killed"
            time.sleep(0.002)
        process.kill()
        assert process.wait() == -signal.SIGKILL
        assert (target.read_bytes() == b"what was there") if existing else not target.exists()
        # Where the file system has nameless files, nothing is left at all.
        left = {path.name for path in target.parent.iterdir()} - {target.name}
        assert all(name.startswith(".convserve.") for name in left)
        for path in target.parent.iterdir():
            path.unlink()


def test_two_gigabytes_take_little_memory(tmp_path):
    random = np.random.default_rng(0)
    source, target = tmp_path / "in.safetensors", tmp_path / "out.safetensors"
    values = {"layers.70.conv.weight": random.standard_normal((512, 1024, 3, 3), dtype=np.float32)}
    values |= {f"layers.70.bn.{name}": random.uniform(0.5, 1.5, 512) for name in ("weight", "bias", "running_mean", "running_var")}
    sparse_checkpoint(source, pairs(100, kept=80 << 20), values)
    assert source.stat().st_size > 2 << 30
    with removed(source, target), started(source, target) as process:
        peak = 0
        while process.poll() is None:
            found = re.search(r"VmHWM:\s*(\d+) kB", pathlib.Path(f"/proc/{process.pid}/status").read_text())
            peak = max(peak, int(found[1]) << 10) if found else peak
            time.sleep(0.005)
        assert process.returncode == 0, process.stderr.read()
        assert 0 < peak < 400 << 20, f"{peak >> 20} MiB"
        scale = values["layers.70.bn.weight"].astype("f4").astype(float) / np.sqrt(
            values["layers.70.bn.running_var"].astype("f4").astype(float) + 1e-5)
        weight = tensor_of_file(target, "layers.70.conv.weight").reshape(512, -1)
        expected = values["layers.70.conv.weight"].reshape(512, -1) * scale[:, None]
        assert np.abs(weight - expected).max() < 1e-6
        assert not tensor_of_file(target, "layers.69.conv.weight").any()


def read_head(file):
    start = file.read(8)
    return start + file.read(int.from_bytes(start, "little"))


def tensor_of_file(path, name):
    with path.open("rb") as file:
        head = read_head(file)
        low, high = header_of(head)[name]["data_offsets"]
        file.seek(len(head) + low)
        return np.frombuffer(file.read(high - low), "<f4")
