# SPDX-License-Identifier: Apache-2.0
"""What looks like a pair or a block and is none: refused, or fused as it runs, never wrong in silence."""
import copy
import json

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save
from torch import nn

from checkpoints import assert_says_the_same, by_command, by_http, follow, forms, post, refused
from reparameterised import DiverseBranchBlock, conv, conv_bn, conv_bn_relu, folded, named, put_into, randomise


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
