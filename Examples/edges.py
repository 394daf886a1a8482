#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The edges of a photograph, by one call.

    pip install numpy pillow requests
    make run                                            # in another terminal
    python Examples/edges.py photograph.jpg edges.png
"""
import base64
import os
import sys

import numpy as np
import requests
from PIL import Image

URL = os.environ.get("CONVSERVE_URL", "http://127.0.0.1:8080")
SOBEL = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]], dtype=np.float32)


def tensor(array):
    """Base64 is the smallest and fastest spelling; array.tolist() would do as well."""
    data = base64.b64encode(np.ascontiguousarray(array, dtype="<f4").tobytes()).decode()
    return {"shape": list(array.shape), "dtype": "float32", "base64": data}


def edges(image):
    """The length of the gradient at each pixel of a grey image [H, W] of 0 ... 1."""
    reply = requests.post(f"{URL}/v1/conv2d", timeout=60, json={
        "input": tensor(image[None]),  # [C_in, H, W]
        "weight": tensor(np.stack([SOBEL, SOBEL.T])[:, None]),  # [C_out, C_in, 3, 3]
        "padding": "same",
    })
    if not reply.ok:
        sys.exit(reply.json()["detail"])
    output = reply.json()["output"]
    across, down = np.frombuffer(base64.b64decode(output["base64"]), "<f4").reshape(output["shape"])
    print(reply.headers["Server-Timing"])
    return np.hypot(across, down)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    image = np.asarray(Image.open(sys.argv[1]).convert("L"), dtype=np.float32) / 255
    strength = edges(image)
    Image.fromarray((strength / strength.max() * 255).astype(np.uint8)).save(sys.argv[2])
    print(f"{sys.argv[2]}: {strength.shape[1]} x {strength.shape[0]}")


if __name__ == "__main__":
    main()
