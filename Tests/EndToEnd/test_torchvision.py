# SPDX-License-Identifier: Apache-2.0
"""torchvision's own networks, whose names are nobody's invention here: fused, loaded, and saying what they said."""
import pytest

from reparameterised import folded, randomise
from checkpoints import assert_says_the_same, by_command, by_http, follow
from vision import models


@pytest.mark.parametrize("name, convolutions", [("resnet18", 20), ("resnet50", 53), ("mobilenet_v2", 52), ("vgg11_bn", 8),
                                                ("shufflenet_v2_x0_5", 56), ("regnet_y_400mf", 53)])
def test_a_network(name, convolutions, tmp_path):
    model = randomise(getattr(models, name)(), seed=2)
    fused = by_command(tmp_path, model.state_dict(), "--strict")
    assert len(fused.report["fused"]) == convolutions and fused.report["families"] == ["conv_bn"]
    assert_says_the_same(model, folded(model), fused.tensors)


def test_another_eps(server):
    """MNASNet's norms have PyTorch's eps, torchvision's Inception has 1e-3 in all of them."""
    model = randomise(models.googlenet(aux_logits=False, init_weights=False), seed=2)
    fused = by_http(server, model.state_dict(), eps=1e-3)
    assert_says_the_same(model, folded(model), fused.tensors)


def test_norms_in_front(server):
    """DenseNet: norm1, conv1, norm2, conv2. Some norm1 have as many channels as their conv1 gives, and are refused all the same."""
    model = randomise(models.densenet121(), seed=2)
    fused = by_http(server, model.state_dict())
    assert fused.report["fused"] == [] and len(fused.report["refused"]) > 100
    fused = by_http(server, model.state_dict(), pairs={"features.conv0": "features.norm0"})
    assert fused.blocks() == ["features.conv0"]
    assert_says_the_same(model, follow(model, fused.report), fused.tensors)
