# SPDX-License-Identifier: Apache-2.0
"""One request as few numbers: its repr makes it again, which is how a counterexample is kept."""
from dataclasses import dataclass, field

import ml_dtypes
import numpy as np
import torch

import oracle
import pytorch
import wire

NUMPY = {"float32": np.float32, "float64": np.float64, "float16": np.float16,
         "bfloat16": ml_dtypes.bfloat16}


@dataclass(frozen=True)
class Case:
    operation: str
    input: list
    weight: list
    fields: dict = field(default_factory=dict)
    bias: list | None = None
    add: bool | list = False
    dtype: str = "float32"
    spelling: str = "flat"
    # "normal", or "integers" so small that no sum is rounded
    numbers: str = "normal"
    seed: int = 0

    def arrays(self):
        """input, weight, bias and add, each an array of the dtype or absent."""
        random = np.random.default_rng(self.seed)
        shapes = dict(input=self.input, weight=self.weight, bias=self.bias, add=self.add_shape())
        return {name: self._draw(random, shape).astype(NUMPY[self.dtype])
                for name, shape in shapes.items() if shape is not None}

    def _draw(self, random, shape):
        if self.numbers == "integers":
            return random.integers(-4, 5, shape).astype(np.float64)
        return random.standard_normal(shape)

    def add_shape(self):
        """True stands for the shape of the output."""
        if self.add is True:
            empty = {name: torch.zeros(shape) for name, shape in
                     (("input", self.input), ("weight", self.weight))}
            return list(oracle.answer(self.operation, empty, self.fields).output.shape)
        return self.add or None

    def tensors(self):
        """The arrays as PyTorch has them, with the values that the dtype left."""
        return {name: torch.from_numpy(array.astype(np.float64)).to(getattr(torch, self.dtype))
                for name, array in self.arrays().items()}

    def body(self):
        return {name: wire.encode(array, self.spelling)
                for name, array in self.arrays().items()} | self.fields

    def post(self, server, **more):
        return server.post(self.operation, self.body() | more)

    def answer(self):
        return oracle.answer(self.operation, self.tensors(), self.fields)

    def torch_answer(self):
        return pytorch.torch_answer(self.operation, self.tensors(), self.fields)
