#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times another library on a layers file; one JSON object a line, like `convserve bench --json`.

    peer_layers.py torch|channels_last|onnxruntime layers.json [seconds per layer]

Random data, no bias, all cores, gradients off. `channels_last` has input and weight converted
beforehand, `onnxruntime` has the weight as a constant of the model, prepared.
"""
import json
import os
import sys
import time

import numpy as np

PARAMETERS = ("stride", "padding", "dilation", "groups", "output_padding")
CORES = len(os.sched_getaffinity(0))


def torch_call(layer, channels_last):
    import torch

    torch.set_grad_enabled(False)
    torch.set_num_threads(CORES)
    dtype = getattr(torch, layer.get("dtype", "float32"))
    input, weight = (torch.randn(layer[name], dtype=dtype) for name in ("input", "weight"))
    if channels_last:
        formats = {4: torch.channels_last, 5: torch.channels_last_3d}
        if input.dim() not in formats:
            return None
        input, weight = (t.contiguous(memory_format=formats[t.dim()]) for t in (input, weight))
    options = {name: layer[name] for name in PARAMETERS if name in layer}
    function = getattr(torch.nn.functional, layer["op"])
    return lambda: function(input, weight, None, **options)


def onnxruntime_call(layer):
    import onnx
    import onnxruntime
    from onnx import helper

    rank = len(layer["input"]) - 2
    each = lambda name, default: (
        layer[name] if isinstance(layer.get(name), list) else [layer.get(name, default)] * rank)
    attributes = dict(
        strides=each("stride", 1), dilations=each("dilation", 1), pads=each("padding", 0) * 2,
        group=layer.get("groups", 1))
    transposed = layer["op"].startswith("conv_transpose")
    if transposed:
        attributes["output_padding"] = each("output_padding", 0)
    dtype = np.dtype(layer.get("dtype", "float32"))
    kind = helper.np_dtype_to_tensor_dtype(dtype)
    weight = np.random.standard_normal(layer["weight"]).astype(dtype)
    graph = helper.make_graph(
        [helper.make_node("ConvTranspose" if transposed else "Conv", ["x", "w"], ["y"], **attributes)],
        "layer", [helper.make_tensor_value_info("x", kind, layer["input"])],
        [helper.make_tensor_value_info("y", kind, None)], [onnx.numpy_helper.from_array(weight, "w")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = CORES
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), settings, providers=["CPUExecutionProvider"])
    input = {"x": np.random.standard_normal(layer["input"]).astype(dtype)}
    return lambda: session.run(["y"], input)


def call_of(backend, layer):
    """None if the backend cannot do the layer."""
    if backend == "onnxruntime":
        try:
            return onnxruntime_call(layer)
        except Exception as error:  # no kernel for float64, for one
            print(f"{layer['name']}: {error}", file=sys.stderr)
            return None
    return torch_call(layer, channels_last=backend == "channels_last")


def times(call, seconds):
    """Milliseconds of each timed call, sorted."""
    for _ in range(3):
        call()
    taken, start = [], time.perf_counter()
    while len(taken) < 3 or (time.perf_counter() - start < seconds and len(taken) < 5000):
        begin = time.perf_counter()
        call()
        taken.append((time.perf_counter() - begin) * 1e3)
    return sorted(taken)


def main():
    if len(sys.argv) < 3 or sys.argv[1] not in ("torch", "channels_last", "onnxruntime"):
        sys.exit(__doc__)
    seconds = float(sys.argv[3]) if len(sys.argv) > 3 else 1.0
    with open(sys.argv[2]) as file:
        layers = json.load(file)
    for layer in layers:
        if call := call_of(sys.argv[1], layer):
            taken = times(call, seconds)
            print(json.dumps({
                "name": layer["name"], "ms": taken[len(taken) // 2], "min_ms": taken[0]}), flush=True)


if __name__ == "__main__":
    main()
