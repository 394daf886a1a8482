# SPDX-License-Identifier: Apache-2.0
"""Fusing a checkpoint by the command and over HTTP, and what holds for whatever comes out."""
import copy
import hashlib
import json
from dataclasses import dataclass

import requests
import torch
from safetensors.torch import load, save
from torch import nn

from convserve_process import run
from reparameterised import NETWORKS, NORMS, PLAIN, conv_bn, conv_bn_relu, folded, image, named, put_into, randomise

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


def conv_bn_net():
    return randomise(named(layers=nn.Sequential(conv_bn_relu(3, 8, 3), conv_bn(8, 12, 3))))


def run_fuse(tmp_path, state, *options):
    source, target = tmp_path / "trained.safetensors", tmp_path / "deployed.safetensors"
    source.write_bytes(save(state))
    code, _, err = run("fuse", source, target, *options, timeout=120)
    assert code == 0, err
    return target.read_bytes()


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


def follow(model, report):
    """The structure that a report tells of: the pairs it names are one layer."""
    model = copy.deepcopy(model)
    for block in report["fused"]:
        modules = {name.rpartition(".")[0] for name in block["from"]}
        [norm] = [name for name in modules if isinstance(model.get_submodule(name), NORMS)]
        [layer] = modules - {norm}
        put_into(model, norm, model.get_submodule(layer))
    return model
