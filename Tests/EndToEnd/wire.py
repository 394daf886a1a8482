# SPDX-License-Identifier: Apache-2.0
"""The three spellings of a tensor, as a client would write them."""
import base64

import ml_dtypes  # NumPy knows the name "bfloat16" from here on
import numpy as np

SPELLINGS = ("nested", "flat", "base64")


def encode(array, spelling="flat"):
    """`array` as JSON values; nested arrays are float32 whatever the array's dtype."""
    array = np.ascontiguousarray(array)
    if spelling == "nested":
        return array.tolist()
    head = {"shape": list(array.shape), "dtype": array.dtype.name}
    if spelling == "flat":
        return head | {"data": array.reshape(-1).tolist()}
    little = array.astype(array.dtype.newbyteorder("<"))
    return head | {"base64": base64.b64encode(little.tobytes()).decode()}


def spelling_of(value):
    if isinstance(value, list):
        return "nested"
    return "flat" if "data" in value else "base64"


def decode(value):
    """A tensor of a reply as an array. NumPy reads the words "NaN", "Infinity" and "-Infinity"."""
    if isinstance(value, list):
        return np.array(value, dtype=np.float32)
    if "data" in value:
        # ml_dtypes reads no words; every bfloat16 is a float64.
        read = np.float64 if value["dtype"] == "bfloat16" else value["dtype"]
        return np.array(value["data"], read).astype(value["dtype"]).reshape(value["shape"])
    raw = np.frombuffer(base64.b64decode(value["base64"], validate=True), dtype=value["dtype"])
    return raw.reshape(value["shape"])
