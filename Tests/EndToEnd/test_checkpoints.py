# SPDX-License-Identifier: Apache-2.0
"""Whole checkpoints of re-parameterised networks: what is fused loads into the network's deploy form, and says what it said."""
import copy
import fnmatch

import numpy as np
import pytest
import requests
import torch
from safetensors.torch import load, save
from torch import nn

from checkpoints import (
    assert_says_the_same, by_command, by_http, conv_bn_net, COUNTER, difference, failed, forms, LARGE, post,
    refused, run_fuse)
from reparameterised import (
    NETWORKS, NORMS, PLAIN, MobileNetV2, RepLKNet, conv, conv_bn, folded, named, randomise)

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
