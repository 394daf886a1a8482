# SPDX-License-Identifier: Apache-2.0
"""Some outputs of a layer by the definition, in float64: what every contestant's errors are against."""
import math

import numpy as np

SAMPLE = 2048


def errors(layer, input, weight, output):
    """Largest and rms error on a sample of the output, relative to the rms of the sampled sums."""
    terms = math.prod(layer["weight"][2:]) * (input.shape[1] // layer.get("groups", 1))
    count = min(output.size, SAMPLE, max(256, 2**23 // terms))
    at = np.random.default_rng(0).choice(output.size, count, replace=False, shuffle=False)
    expected = elements(layer, input, weight, output.shape, at)
    found = output[np.unravel_index(at, output.shape)].astype(np.float64)
    scale = math.sqrt(np.mean(expected**2))
    difference = np.abs(found - expected)
    return float(difference.max() / scale), math.sqrt(np.mean(difference**2)) / scale


def elements(layer, input, weight, output_shape, at):
    """The elements of the output with the flat indices `at`: for each tap a product over channels."""
    rank = input.ndim - 2
    each = lambda name, default: np.broadcast_to(layer.get(name, default), rank)
    stride, padding, dilation = each("stride", 1), each("padding", 0), each("dilation", 1)
    groups, transposed = layer.get("groups", 1), layer["op"].startswith("conv_transpose")
    image, channel, *pixel = np.unravel_index(at, output_shape)
    inputs, outputs = input.shape[1] // groups, output_shape[1] // groups
    seen = (channel // outputs * inputs)[:, None] + np.arange(inputs)

    sums = np.zeros(len(at))
    for tap in np.ndindex(*weight.shape[2:]):
        if transposed:
            places = [p + padding[d] - tap[d] * dilation[d] for d, p in enumerate(pixel)]
            inside = np.logical_and.reduce([p % stride[d] == 0 for d, p in enumerate(places)])
            places = [p // stride[d] for d, p in enumerate(places)]
        else:
            places = [p * stride[d] + tap[d] * dilation[d] - padding[d] for d, p in enumerate(pixel)]
            inside = True
        for d, place in enumerate(places):
            inside = inside & (0 <= place) & (place < input.shape[2 + d])
        (i,) = np.nonzero(inside)
        values = input[(image[i, None], seen[i], *(place[i, None] for place in places))]
        ends = (seen[i], (channel[i] % outputs)[:, None]) if transposed else (
            channel[i, None], np.arange(inputs))
        factors = weight[(*ends, *tap)]
        sums[i] += np.einsum("ic,ic->i", values.astype(np.float64), factors.astype(np.float64))
    return sums
