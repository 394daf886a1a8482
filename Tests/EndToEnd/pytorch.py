# SPDX-License-Identifier: Apache-2.0
"""What PyTorch itself says to a request, by the function or the module that has its parameters."""
import torch
import torch.nn.functional as F

from oracle import is_transposed, spatial_rank


def torch_answer(operation, tensors, fields):
    """PyTorch's own output, or its own exception; None if it has no such parameter."""
    fields = dict(fields)
    input, weight, bias = (tensors.get(name) for name in ("input", "weight", "bias"))
    foreign = set(fields) - {"stride", "padding", "dilation", "groups", "output_padding",
                             "output_size", "padding_mode", "algorithm", "precision", "format"}
    padding, rank = fields.get("padding", 0), spatial_rank(operation)
    words = [] if is_transposed(operation) else ["valid", "same"]
    pairs = isinstance(padding, list) and padding and isinstance(padding[0], list)
    if foreign or pairs or (isinstance(padding, str) and padding not in words):
        return None
    if input.dim() not in (rank + 1, rank + 2):
        return None
    if fields.get("padding_mode") == "constant" or fields.get("algorithm", "auto") != "auto":
        return None
    if "output_size" in fields or fields.get("padding_mode", "zeros") != "zeros":
        return module_answer(operation, input, weight, bias, fields)
    options = {name: fields[name] for name in
               ("stride", "padding", "dilation", "groups", "output_padding") if name in fields}
    return getattr(F, operation)(input, weight, bias, **options)


def module_answer(operation, input, weight, bias, fields):
    """What only `torch.nn` has: borders and output sizes."""
    rank, groups = spatial_rank(operation), fields.get("groups", 1)
    if is_transposed(operation):
        if "output_padding" in fields and "output_size" in fields:
            return None  # torch.nn passes over the first of them, we refuse both
        channels = weight.shape[0], weight.shape[1] * groups
        kind = getattr(torch.nn, f"ConvTranspose{rank}d")
    else:
        channels = weight.shape[1] * groups, weight.shape[0]
        kind = getattr(torch.nn, f"Conv{rank}d")
    options = {name: tuple(each) if isinstance(each, list) and len(each) > 1
               else each[0] if isinstance(each, list) else each
               for name, each in fields.items()
               if name in ("stride", "padding", "dilation", "padding_mode", "output_padding")}
    module = kind(*channels, tuple(weight.shape[2:]), groups=groups, bias=bias is not None,
                  dtype=weight.dtype, **options)
    module.weight.data = weight
    if bias is not None:
        module.bias.data = bias
    if "output_size" in fields:
        size = fields["output_size"]
        sizes = size if isinstance(size, list) else [size]
        return module(input, output_size=sizes * rank if len(sizes) == 1 else sizes)
    return module(input)
