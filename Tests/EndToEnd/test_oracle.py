# SPDX-License-Identifier: Apache-2.0
"""The oracle of the differential tests is itself held against PyTorch and ONNX."""
import itertools

import numpy as np
import onnx
import onnx.reference
import pytest
import torch
from hypothesis import given

import oracle
import strategies
from request_geometry import Refused

SIZES = [(5, 6), (7, 4)]
KERNELS = [(3, 2), (1, 4), (2, 5)]
STEPS = [(1, 1), (2, 3), (3, 1)]


def onnx_answer(operator, input, weight, bias=None, **attributes):
    """ONNX's reference evaluator, in float64."""
    names = ["X", "W", "B"][:2 + (bias is not None)]
    node = onnx.helper.make_node(operator, names, ["Y"], **attributes)
    value = lambda name: onnx.helper.make_tensor_value_info(name, onnx.TensorProto.DOUBLE, None)
    graph = onnx.helper.make_graph([node], "g", [value(n) for n in names], [value("Y")])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 22)])
    tensors = dict(zip(names, (t.numpy() for t in (input, weight, bias) if t is not None)))
    return onnx.reference.ReferenceEvaluator(model).run(None, tensors)[0]


def made(*shapes):
    random = np.random.default_rng(7)
    return [torch.from_numpy(random.standard_normal(shape)) for shape in shapes]


def ours(operation, input, weight, bias, fields):
    tensors = dict(input=input, weight=weight, bias=bias)
    return oracle.answer(operation, tensors, fields).output.numpy()


@pytest.mark.parametrize("auto_pad", ["NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"])
def test_conv_is_that_of_onnx(auto_pad):
    for size, kernel, strides, dilations in itertools.product(SIZES, KERNELS, STEPS, STEPS):
        input, weight, bias = made((2, 4, *size), (6, 2, *kernel), (6,))
        fields = dict(strides=list(strides), dilations=list(dilations), group=2,
                      kernel_shape=list(kernel), auto_pad=auto_pad)
        if auto_pad == "NOTSET":
            fields["pads"] = [4, 2, 3, 7]
        try:
            answer = ours("conv2d", input, weight, bias, fields)
        except Refused:
            assert auto_pad == "VALID" and any(
                n < d * (k - 1) + 1 for n, k, d in zip(size, kernel, dilations))
            continue
        expected = onnx_answer("Conv", input, weight, bias, **fields)
        np.testing.assert_allclose(answer, expected, rtol=0, atol=1e-12, err_msg=str(fields))


def natural(size, kernel, strides, dilations, output_padding=(0, 0)):
    """Everything that a transposed convolution makes, nothing cut off."""
    return [(n - 1) * s + d * (k - 1) + 1 + e
            for n, k, s, d, e in zip(size, kernel, strides, dilations, output_padding)]


@pytest.mark.parametrize("auto_pad", ["SAME_UPPER", "SAME_LOWER"])
@pytest.mark.parametrize("cut", [None, (0, 1), (3, 2)])
def test_conv_transpose_with_same_is_that_of_onnx(auto_pad, cut):
    """Where there is something to cut off. Where there is less than in * stride, the evaluator pads
    on both sides; ONNX Runtime and we at the end."""
    compared = 0
    for size, kernel, strides, dilations in itertools.product(SIZES, KERNELS, STEPS, STEPS):
        whole = natural(size, kernel, strides, dilations)
        wanted = [w - c for w, c in zip(whole, cut)] if cut else None
        if min(wanted or [1]) < 1 or any(
                w < (n * s) for w, n, s in zip(whole, size, strides) if not cut):
            continue
        input, weight, bias = made((2, 4, *size), (4, 3, *kernel), (3,))
        fields = dict(strides=list(strides), dilations=list(dilations), group=1, auto_pad=auto_pad,
                      **({"output_shape": wanted} if wanted else {}))
        answer = ours("conv_transpose2d", input, weight, bias, fields)
        expected = onnx_answer("ConvTranspose", input, weight, bias, **fields)
        np.testing.assert_allclose(answer, expected, rtol=0, atol=1e-12, err_msg=str(fields))
        compared += 1
    assert compared >= 15


@pytest.mark.parametrize("explicit", [{}, {"auto_pad": "NOTSET"}])
@pytest.mark.parametrize("cut", [(0, 1), (3, 2), (1, 4)])
def test_output_shape_alone_derives_the_pads_of_onnx(cut, explicit):
    """The operator's text: total = natural - output_shape, and for NOTSET
    pads[start] = total - total / 2, pads[end] = total / 2. (The evaluator takes no padding there,
    so it is given the pads.)"""
    for size, kernel, strides in itertools.product(SIZES, KERNELS, STEPS):
        whole = natural(size, kernel, strides, (1, 1))
        if min(w - c for w, c in zip(whole, cut)) < 1:
            continue
        input, weight, bias = made((1, 2, *size), (2, 3, *kernel), (3,))
        answer = ours("conv_transpose2d", input, weight, bias, dict(
            strides=list(strides), output_shape=[w - c for w, c in zip(whole, cut)], **explicit))
        pads = [c - c // 2 for c in cut] + [c // 2 for c in cut]
        expected = onnx_answer("ConvTranspose", input, weight, bias, strides=list(strides),
                               group=1, pads=pads)
        np.testing.assert_allclose(answer, expected, rtol=0, atol=1e-12)


def test_conv_transpose_with_pads_is_that_of_onnx():
    for size, kernel, strides, dilations in itertools.product(SIZES, KERNELS, STEPS, STEPS):
        extra = [s - 1 for s in strides]
        input, weight, bias = made((2, 4, *size), (4, 3, *kernel), (3,))
        fields = dict(strides=list(strides), dilations=list(dilations), pads=[1, 0, 0, 1],
                      output_padding=extra, group=1)
        answer = ours("conv_transpose2d", input, weight, bias, fields)
        expected = onnx_answer("ConvTranspose", input, weight, bias, **fields)
        np.testing.assert_allclose(answer, expected, rtol=0, atol=1e-12, err_msg=str(fields))


@given(strategies.convolutions(dtypes=("float64",)))
def test_it_says_what_pytorch_says(case):
    """Of requests that PyTorch can be asked: evenly padded, or of torch.nn's borders and sizes."""
    theirs = case.torch_answer()
    if theirs is not None and not case.add:
        sums = case.answer().sums
        assert theirs.shape == sums.shape
        torch.testing.assert_close(sums, theirs, rtol=0, atol=1e-12)
