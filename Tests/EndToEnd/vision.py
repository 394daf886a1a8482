# SPDX-License-Identifier: Apache-2.0
"""torchvision's networks.

PyPI's torchvision has operators that are built for CUDA. Beside a PyTorch without CUDA they cannot be loaded, and then
`import torchvision` fails where it describes them. The networks are Python and need none of them, so declaring them is enough.
"""
import sys

import torch


def declared():
    """The operators that torchvision describes before it looks whether they are there."""
    library = torch.library.Library("torchvision", "FRAGMENT")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return library


try:
    from torchvision import models
except RuntimeError:
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[name]
    LIBRARY = declared()  # the declarations last as long as this
    from torchvision import models

__all__ = ["models"]
