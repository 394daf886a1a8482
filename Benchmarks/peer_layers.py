#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times another library on a layers file; one JSON object a line, like `convserve bench --json`.

    peer_layers.py torch|channels_last|onnxruntime layers.json [seconds per layer] [--check]
    peer_layers.py torch|channels_last layers.json [seconds per layer] --gradient input|weight

Random data, no bias, all cores, nothing recorded for gradients. `channels_last` has input and weight converted
beforehand, `onnxruntime` has the weight as a constant of the model, prepared. What a library cannot do
has an "error" in place of times.
"""
import argparse
import json
import os
import time

import numpy as np

from definition import errors

PARAMETERS = ("stride", "padding", "dilation", "groups", "output_padding")
BACKENDS = ("torch", "channels_last", "onnxruntime")


class Unable(Exception):
    """Why a library cannot do a layer."""


def torch_call(layer, threads, channels_last):
    """(input, weight, what computes, its result as an array)"""
    import torch

    torch.set_grad_enabled(False)
    torch.set_num_threads(threads)
    dtype = getattr(torch, layer.get("dtype", "float32"))
    input, weight = (torch.randn(layer[name], dtype=dtype) for name in ("input", "weight"))
    arrays = input.numpy(), weight.numpy()
    if channels_last:
        formats = {4: torch.channels_last, 5: torch.channels_last_3d}
        if input.dim() not in formats:
            raise Unable("no such layout")
        input, weight = (t.contiguous(memory_format=formats[t.dim()]) for t in (input, weight))
    options = {name: layer[name] for name in PARAMETERS if name in layer}
    function = getattr(torch.nn.functional, layer["op"])
    return *arrays, lambda: function(input, weight, None, **options), lambda output: output.numpy()


def gradient_call(layer, threads, channels_last, wanted):
    """Computes one gradient, as autograd does."""
    import torch

    input, weight, forward, _ = torch_call(layer, threads, channels_last)
    rank = len(layer["input"]) - 2
    each = lambda name, default: (
        layer[name] if isinstance(layer.get(name), list) else [layer.get(name, default)] * rank)
    memory = {4: torch.channels_last, 5: torch.channels_last_3d}[rank + 2] if channels_last else (
        torch.contiguous_format)
    input, weight = (torch.from_numpy(t).contiguous(memory_format=memory) for t in (input, weight))
    gradient = torch.randn_like(forward()).contiguous(memory_format=memory)
    mask = [wanted == "input", wanted == "weight", False]
    return lambda: torch.ops.aten.convolution_backward(
        gradient, input, weight, None, each("stride", 1), each("padding", 0), each("dilation", 1),
        layer["op"].startswith("conv_transpose"), each("output_padding", 0), layer.get("groups", 1),
        mask)


def onnxruntime_call(layer, threads):
    """The same."""
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
    input, weight = (
        np.random.standard_normal(layer[name]).astype(dtype) for name in ("input", "weight"))
    graph = helper.make_graph(
        [helper.make_node("ConvTranspose" if transposed else "Conv", ["x", "w"], ["y"], **attributes)],
        "layer", [helper.make_tensor_value_info("x", kind, layer["input"])],
        [helper.make_tensor_value_info("y", kind, None)], [onnx.numpy_helper.from_array(weight, "w")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = threads
    settings.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), settings, providers=["CPUExecutionProvider"])
    except Exception as error:  # no kernel for float64, for one
        raise Unable("not implemented" if "NOT_IMPLEMENTED" in str(error) else str(error)) from error
    return input, weight, lambda: session.run(["y"], {"x": input}), lambda outputs: outputs[0]


def call_of(backend, layer, threads):
    if backend == "onnxruntime":
        return onnxruntime_call(layer, threads)
    return torch_call(layer, threads, channels_last=backend == "channels_last")


def times(call, seconds):
    """Milliseconds of each timed call, sorted."""
    start = time.perf_counter()
    for _ in range(3):
        if time.perf_counter() - start < seconds:
            call()
    taken, start = [], time.perf_counter()
    while len(taken) < 3 or (time.perf_counter() - start < seconds and len(taken) < 5000):
        begin = time.perf_counter()
        call()
        taken.append((time.perf_counter() - begin) * 1e3)
    return sorted(taken)


def measured(backend, layer, options):
    try:
        if options.gradient:
            call = gradient_call(layer, options.threads, backend == "channels_last", options.gradient)
        else:
            input, weight, call, array = call_of(backend, layer, options.threads)
        taken = times(call, options.seconds)
        line = {"ms": taken[len(taken) // 2], "min_ms": taken[0]}
        if options.check and not options.gradient:
            line["max_error"], line["rms_error"] = errors(layer, input, weight, array(call()))
    except (Unable, RuntimeError) as error:  # RuntimeError: what PyTorch refuses
        line = {"error": str(error).splitlines()[0]}
    return {"name": layer["name"]} | line


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("backend", choices=BACKENDS)
    parser.add_argument("layers")
    parser.add_argument("seconds", type=float, nargs="?", default=1.0, help="for each layer")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--check", action="store_true", help="max_error and rms_error as well")
    parser.add_argument("--gradient", choices=("input", "weight"), help="in place of the output")
    options = parser.parse_args()
    if options.gradient and options.backend == "onnxruntime":
        parser.error("ONNX Runtime has no gradients")
    with open(options.layers) as file:
        layers = json.load(file)
    for layer in layers:
        print(json.dumps(measured(options.backend, layer, options)), flush=True)


if __name__ == "__main__":
    main()
