# SPDX-License-Identifier: Apache-2.0
"""A real photograph (astronaut.png, which scikit-image ships) through three image filters."""
import numpy as np
import pytest
import skimage.data
import torch
import torch.nn.functional as F

from closeness import assert_close

SOBEL_X = torch.tensor([[1.0, 0, -1], [2, 0, -2], [1, 0, -1]])


@pytest.fixture(scope="module")
def photograph():
    """[1, 3, 512, 512], 0 ... 1."""
    image = skimage.data.astronaut()
    assert image.shape == (512, 512, 3)
    return torch.from_numpy(image.astype(np.float32) / 255).permute(2, 0, 1)[None].contiguous()


def exact(function, *tensors, **options):
    return function(*(t.double() for t in tensors), **options).numpy()


@pytest.mark.parametrize("spelling", ["nested", "flat", "base64"])
def test_sobel_edges(call, photograph, spelling):
    grey = photograph.mean(1, keepdim=True)
    weight = torch.stack([SOBEL_X, SOBEL_X.T])[:, None]
    gradient, _ = call("conv2d", spelling, input=grey, weight=weight, padding="same")
    assert_close(gradient, exact(F.conv2d, grey, weight, padding="same"), 9, "Sobel")
    edges = np.hypot(*gradient[0])
    assert edges.max() > 1, "a photograph has edges"


def test_gaussian_blur_of_each_colour(call, photograph):
    row = torch.tensor([1.0, 4, 6, 4, 1]) / 16
    weight = torch.outer(row, row).expand(3, 1, 5, 5).contiguous()
    output, _ = call(
        "conv2d", "base64", input=photograph, weight=weight, padding=2, groups=3)
    assert_close(
        output, exact(F.conv2d, photograph, weight, padding=2, groups=3), 25, "Gaussian")
    assert np.std(np.diff(output)) < np.std(np.diff(photograph.numpy())), "a blur smooths"


def test_upsampling_by_two(call, photograph):
    row = torch.tensor([1.0, 3, 3, 1]) / 4
    weight = torch.outer(row, row).expand(3, 1, 4, 4).contiguous()
    options = dict(stride=2, padding=1, groups=3)
    output, _ = call("conv_transpose2d", "base64", input=photograph, weight=weight, **options)
    assert output.shape == (1, 3, 1024, 1024)
    assert_close(output, exact(F.conv_transpose2d, photograph, weight, **options), 4, "upsampling")
    inside = F.interpolate(photograph, scale_factor=2, mode="bilinear")[..., 1:-1, 1:-1].numpy()
    assert np.allclose(output[..., 1:-1, 1:-1], inside, atol=1e-6), "it is bilinear interpolation"
