# SPDX-License-Identifier: Apache-2.0
"""What PyTorch refuses, we refuse, and our message tells at least as much.

Each row is a call that PyTorch raises on (the test makes the call) and that the service answers with
422 and a problem whose pointer is the field at fault, and whose text has the field, the value, the
rule and a cure.
"""
import re
from dataclasses import dataclass, field

import pytest
import torch
import torch.nn.functional as F

import wire


@dataclass
class Row:
    """A call, and what has to be in the message."""

    name: str
    operation: str
    input: list
    weight: list
    pointer: str
    says: list  # regular expressions: the value and the rule
    torch_says: str
    bias: list = None
    options: dict = field(default_factory=dict)
    dtypes: tuple = (torch.float32, torch.float32)
    names: str = None  # what the text calls the field, if not by its name


def conv(name, pointer, says, torch_says, input=(1, 4, 5, 5), weight=(8, 4, 3, 3), **rest):
    return Row(name, "conv2d", list(input), list(weight), pointer, says, torch_says, **rest)


def transposed(name, pointer, says, torch_says, input=(1, 4, 5, 5), weight=(4, 8, 3, 3), **rest):
    operation = "conv_transpose2d"
    return Row(name, operation, list(input), list(weight), pointer, says, torch_says, **rest)


ROWS = [
    conv("rank", "/input", [r"\[5, 5\]", "2 dimensions", r"\[N, C_in, H, W\]"],
         r"Expected 3D \(unbatched\) or 4D", input=(5, 5)),
    conv("rank of the weight", "/weight", [r"\[4, 3, 3\]", "3 dimensions"],
         "expected|Expected", weight=(4, 3, 3)),
    conv("channels", "/weight", [r"\[8, 4, 3, 3\]", r"\[1, 3, 5, 5\]", "channels"],
         "to have 4 channels, but got 3", input=(1, 3, 5, 5)),
    transposed("channels, transposed", "/weight", [r"\[4, 8, 3, 3\]", r"\[1, 3, 5, 5\]", "channels"],
               "to have 4 channels, but got 3", input=(1, 3, 5, 5)),
    conv("output channels and groups", "/groups", ["groups is 2", "9", "divi"],
         "divisible by 2", weight=(9, 2, 3, 3), options=dict(groups=2)),
    conv("input channels and groups", "/groups", ["groups is 3", "4", "divi"],
         "to have 3 channels|divisible", weight=(9, 1, 3, 3), options=dict(groups=3)),
    conv("groups 0", "/groups", ["groups is 0", "at least 1"],
         "non-positive groups", options=dict(groups=0)),
    conv("negative groups", "/groups", ["groups is -1", "at least 1"],
         "non-positive groups", options=dict(groups=-1)),
    conv("stride 0", "/stride", ["stride is 0", "at least 1"],
         "non-positive stride", options=dict(stride=0)),
    conv("one stride negative", "/stride", [r"\[1, -2\]", "at least 1"],
         "non-positive stride", options=dict(stride=[1, -2])),
    conv("negative padding", "/padding", ["padding is -1", "at least 0"],
         "negative padding", options=dict(padding=-1)),
    conv("dilation 0", "/dilation", ["dilation is 0", "at least 1"],
         "dilation should be greater than zero", options=dict(dilation=0)),
    conv("kernel larger than the input", "/weight", ["3", "2", "padding"],
         "Kernel size can't be greater", input=(1, 4, 2, 2), names="kernel"),
    conv("dilated kernel larger than the input", "/weight", ["7", "5", "dilation 3"],
         "Kernel size can't be greater", options=dict(dilation=3), names="kernel"),
    conv("bias", "/bias", [r"\[7\]", "8", r"\[8, 4, 3, 3\]"],
         "expected bias to be 1-dimensional with 8", bias=[7]),
    conv("bias of two dimensions", "/bias", [r"\[1, 8\]", r"\[8\]"],
         "expected bias to be 1-dimensional", bias=[1, 8]),
    conv("list length of stride", "/stride", [r"\[1, 1, 1\]", "2"],
         "list of 2 values", options=dict(stride=[1, 1, 1])),
    conv("empty list of stride", "/stride", [r"\[\]|0 values", "2"],
         "list of 2 values", options=dict(stride=[])),
    conv("list length of padding", "/padding", [r"\[1, 1, 1\]", "2"],
         "list of 2 values", options=dict(padding=[1, 1, 1])),
    conv("list length of dilation", "/dilation", [r"\[1, 1, 1\]", "2"],
         "list of 2 values", options=dict(dilation=[1, 1, 1])),
    conv("dtype", "/weight", ["float32", "float64"],
         "expected|should be the same", dtypes=(torch.float32, torch.float64)),
    conv("same with stride", "/padding", ["same", "stride", "2"],
         "not supported for strided", options=dict(padding="same", stride=2)),
    conv("unknown padding word", "/padding", ["fulll", "same", "valid"],
         "Invalid padding string", options=dict(padding="fulll")),
    conv("padding word of another library", "/padding", ["SAME", "same"],
         "Invalid padding string", options=dict(padding="SAME")),
    conv("no weight rows", "/weight", [r"\[0, 4, 3, 3\]", "at least 1"],
         "at least 1 at dimension 0", weight=(0, 4, 3, 3)),
    conv("empty kernel", "/weight", [r"\[8, 4, 0, 3\]", "at least 1"],
         "greater than zero", weight=(8, 4, 0, 3)),
    conv("empty space", "/input", [r"\[1, 4, 0, 5\]", "at least 1", "batch"],
         "Only zero batch or zero channel", input=(1, 4, 0, 5), options=dict(padding=2)),
    transposed("output padding", "/output_padding", ["output_padding is 2", "stride", "dilation"],
               "smaller than either stride or dilation", options=dict(stride=2, output_padding=2)),
    transposed("negative output padding", "/output_padding", ["output_padding is -1", "at least 0"],
               "negative output_padding", options=dict(stride=2, output_padding=-1)),
    transposed("list length of output padding", "/output_padding", [r"\[0, 0, 0\]", "2"],
               "list of 2 values", options=dict(output_padding=[0, 0, 0])),
    transposed("padding cuts everything off", "/padding", ["padding", "4", "7"],
               "Output size is too small", options=dict(padding=4)),
    transposed("padding word", "/padding", ["same", "number"],
               "must be tuple of ints", options=dict(padding="same")),
]
CURE = re.compile(
    r"\b(use|send|set|give|leave|choose|swap|ask|raise|cut off|takes|must be|one of|are|or)\b")


def tensors(row):
    """None for what cannot be made."""
    dtypes = row.dtypes
    made = [torch.zeros(row.input, dtype=dtypes[0]), torch.zeros(row.weight, dtype=dtypes[1])]
    return made + [None if row.bias is None else torch.zeros(row.bias, dtype=dtypes[0])]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name.replace(" ", "_"))
def test_refused_as_pytorch_refuses(server, row):
    input, weight, bias = tensors(row)
    with pytest.raises((RuntimeError, ValueError, TypeError), match=row.torch_says):
        getattr(F, row.operation)(input, weight, bias, **row.options)

    body = {"input": wire.encode(input.numpy()), "weight": wire.encode(weight.numpy())}
    if bias is not None:
        body["bias"] = wire.encode(bias.numpy())
    response = server.post(row.operation, body | row.options)

    assert response.status_code == 422, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == 422 and problem["title"] and problem["request_id"]
    [error] = problem["errors"]
    assert error["pointer"].startswith(row.pointer), problem
    for text in (problem["detail"], error["detail"]):
        for pattern in [row.names or row.pointer[1:], *row.says]:
            assert re.search(pattern, text), f"no {pattern!r} in: {text}"
        assert CURE.search(text), f"no cure in: {text}"
        assert len(text) < 500


UNKNOWN = [
    ("strid", "stride"), ("pad", "padding"), ("wieght", "weight"), ("inputs", "input"),
    ("Dilation", "dilation"), ("grups", "groups"), ("outputpadding", "output_padding"),
]


@pytest.mark.parametrize("given, nearest", UNKNOWN)
def test_an_unknown_field_is_named_with_the_nearest(server, given, nearest):
    response = server.post(
        "conv_transpose2d", {"input": [[1, 2], [3, 4]], "weight": [[1]], given: 1})
    assert response.status_code == 422, response.text
    problem = response.json()
    assert problem["errors"][0]["pointer"] == "/" + given
    assert given in problem["detail"] and nearest in problem["detail"]


@pytest.mark.parametrize("missing", ["input", "weight"])
def test_a_missing_field_is_named(server, missing):
    body = {"input": [[1, 2], [3, 4]], "weight": [[1]]}
    del body[missing]
    response = server.post("conv2d", body)
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "/" + missing


TENSORS = [
    ("ragged row", [[1, 2], [3]], "/input/1", ["2", "1"]),
    ("a list among numbers", [[1, [2]], [3, 4]], "/input/0/1", []),
    ("a word", [[1, "two"], [3, 4]], "/input/0/1", ["string"]),
    ("an object", [[1, {}], [3, 4]], "/input/0/1", []),
    ("a number", 5, "/input", []),
    ("null", None, "/input", []),
    ("too few", {"shape": [2, 2], "data": [1, 2, 3]}, "/input/data", ["3", "4", r"\[2, 2\]"]),
    ("no shape", {"data": [1, 2, 3, 4]}, "/input/shape", ["shape"]),
    ("no data", {"shape": [2, 2]}, "/input/data", ["data", "base64"]),
    ("data and base64", {"shape": [1, 1], "data": [1], "base64": "AACAPw=="}, "/input/base64",
     ["both", "data", "base64"]),
    ("negative size", {"shape": [-1, 4], "data": [1, 2, 3, 4]}, "/input/shape", ["-1"]),
    ("half a size", {"shape": [1.5, 4], "data": [1, 2, 3, 4]}, "/input/shape", ["1.5"]),
    ("unknown dtype", {"shape": [1, 1], "dtype": "int8", "data": [1]}, "/input/dtype",
     ["int8", "float32"]),
    ("too few bytes", {"shape": [2, 2], "base64": "AACAPw=="}, "/input/base64", ["4", "16"]),
    ("no base64", {"shape": [1, 1], "base64": "AAC*Pw=="}, "/input/base64", []),
    ("unknown name", {"shape": [1, 1], "dta": [1]}, "/input/dta", ["dta", "data"]),
]


@pytest.mark.parametrize("tensor, pointer, says", [t[1:] for t in TENSORS], ids=[
    t[0].replace(" ", "_") for t in TENSORS])
def test_a_tensor_that_is_none(server, tensor, pointer, says):
    response = server.post("conv2d", {"input": tensor, "weight": [[1]]})
    assert response.status_code == 422, response.text
    problem = response.json()
    assert problem["errors"][0]["pointer"].startswith(pointer), problem
    for pattern in says:
        assert re.search(pattern, problem["detail"]), f"no {pattern!r} in: {problem['detail']}"


DOCUMENTS = [
    ("", 0), ("{", 1), ('{"input": [[1, 2], [3, 4]], "weight": [[1]]', None), ("[1, 2", None),
    ('{"input": [[1,, 2]], "weight": [[1]]}', 14), ('{"input": [[1 2]], "weight": [[1]]}', None),
    ("{'input': 1}", 1), ('{"input": [[01]], "weight": [[1]]}', None), ("\ufeff{}", 0),
    ('{"input": [[1]], "weight": [[1]]} x', 34), ('{"input": [[1.]], "weight": [[1]]}', None),
    ('{"input": ' + "[" * 100_000, None),
]


@pytest.mark.parametrize("document, offset", DOCUMENTS, ids=[str(i) for i in range(len(DOCUMENTS))])
def test_what_is_no_json_is_told_with_its_place(server, document, offset):
    response = server.session.post(
        server.url + "/v1/conv2d", data=document.encode(), timeout=30,
        headers={"Content-Type": "application/json"})
    assert response.status_code == 400, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    detail = response.json()["detail"]
    assert re.search(r"byte \d+", detail), detail
    if offset is not None:
        assert f"byte {offset}" in detail, detail


FUSIONS = [
    ("a negative variance", "conv_bn", "/bn/running_var", ["-1"],
     dict(weight=[[[1]]], bn=dict(running_mean=[0], running_var=[-1]))),
    ("no statistics", "conv_bn", "/bn/running_mean", ["running_mean"],
     dict(weight=[[[1]]], bn=dict(weight=[1], bias=[0]))),
    ("variance and eps are 0", "conv_bn", "/bn/running_var", ["eps"],
     dict(weight=[[[1]]], bn=dict(running_mean=[0], running_var=[0], eps=0))),
    ("length of the statistics", "conv_bn", "/bn/running_mean", ["2", "1"],
     dict(weight=[[[1]]], bn=dict(running_mean=[0, 0], running_var=[1, 1]))),
    ("identity that changes channels", "repvgg", "/branches/1/kind", ["identity"],
     dict(branches=[dict(kind="conv", weight=[[[[1]]], [[[1]]]]), dict(kind="identity")])),
    ("identity with a stride", "repvgg", "/branches/1/kind", ["stride"],
     dict(branches=[dict(kind="conv", weight=[[[[1]]]]), dict(kind="identity")], stride=2)),
    ("kernels without a common centre", "repvgg", "/branches/", ["cent"],
     dict(branches=[dict(kind="conv", weight=[[[[1, 2], [3, 4]]]]), dict(kind="identity")])),
    ("unknown kind", "repvgg", "/branches/0/kind", ["linear", "conv"],
     dict(branches=[dict(kind="linear", weight=[[1]])])),
    ("no branches", "repvgg", "/branches", ["branch"], dict(branches=[])),
]


@pytest.mark.parametrize("operation, pointer, says, body", [f[1:] for f in FUSIONS], ids=[
    f[0].replace(" ", "_") for f in FUSIONS])
def test_a_fusion_that_would_be_wrong(server, operation, pointer, says, body):
    response = server.post("fuse/" + operation, body)
    assert response.status_code == 422, response.text
    problem = response.json()
    assert problem["errors"][0]["pointer"].startswith(pointer), problem
    for pattern in says:
        assert re.search(pattern, problem["detail"]), f"no {pattern!r} in: {problem['detail']}"


def test_a_small_request_cannot_ask_for_a_huge_reply(server):
    """Padding asks for a hundred gigabytes, or for far more, in fifty bytes."""
    response = server.post("conv2d", {"input": [[1]], "weight": [[1]], "padding": 100_000})
    assert response.status_code == 422, response.text
    assert "max-output-bytes" in response.json()["detail"]
    for padding in (1_000_000, 2**62, 10**30):
        response = server.post("conv2d", {"input": [[1]], "weight": [[1]], "padding": padding})
        assert response.status_code == 422, response.text
        assert response.json()["errors"][0]["pointer"] in ("/padding", "/input", "")
