# SPDX-License-Identifier: Apache-2.0
"""How far a convolution may be from the exact one."""
import numpy as np


def assert_close(output, exact, products, what=""):
    """`exact` was computed in float64; each output is a sum of `products` products.

    Rounding errors of a sum in any order grow like the root of its length when their signs are
    random. They are compared with the root mean square of the outputs, not with each output, which
    may be a small difference of large products. NaN anywhere is a failure.
    """
    exact = np.asarray(exact)
    assert output.shape == exact.shape, f"{what}: shape {output.shape}, expected {exact.shape}"
    if exact.size == 0:
        return
    epsilon = np.finfo(output.dtype).eps
    scale = np.sqrt(np.mean(np.square(exact, dtype=np.float64))) or 1.0
    error = np.abs(output.astype(np.float64) - exact)
    limit = 8 * epsilon * np.sqrt(products) * scale
    worst = np.unravel_index(np.argmax(np.where(np.isnan(error), np.inf, error)), error.shape)
    assert error[worst] <= limit, (
        f"{what}: at {tuple(map(int, worst))} got {output[worst]}, expected {exact[worst]}; "
        f"error {error[worst]:.3g}, allowed {limit:.3g}")
