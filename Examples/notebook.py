# SPDX-License-Identifier: Apache-2.0
# %% [markdown]
# Cells for a notebook (Jupyter and VS Code open this file as one): the service beside PyTorch.
# Start it first: `make run`.

# %%
import requests
import torch
import torch.nn.functional as F

URL = "http://127.0.0.1:8080/v1/"


def conv(operation, x, w, **arguments):
    """torch.nn.functional's function of that name, computed by the service."""
    body = {"input": x.tolist(), "weight": w.tolist(), **arguments}
    reply = requests.post(URL + operation, json=body)
    assert reply.ok, reply.json()["detail"]
    return torch.tensor(reply.json()["output"])


# %% The arguments are PyTorch's
x, w = torch.randn(2, 6, 32, 32), torch.randn(12, 3, 3, 3)
arguments = dict(stride=2, padding=1, dilation=2, groups=2)
print(torch.allclose(conv("conv2d", x, w, **arguments), F.conv2d(x, w, **arguments), atol=1e-5))

# %% Up again
y, v = torch.randn(1, 8, 16, 16), torch.randn(8, 4, 3, 3)
arguments = dict(stride=2, padding=1, output_padding=1)
up = conv("conv_transpose2d", y, v, **arguments)
print(up.shape, torch.allclose(up, F.conv_transpose2d(y, v, **arguments), atol=1e-5))

# %% What goes wrong is told in words
print(requests.post(URL + "conv2d", json={
    "input": x.tolist(), "weight": w.tolist(), "groups": 4}).json()["detail"])
