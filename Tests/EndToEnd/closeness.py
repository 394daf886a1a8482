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


# The largest error that each precision allows, in root mean squares of the output: as documented,
# and measured for direct sums, Winograd F(4,3) and F(6,3).
PROMISED = {"default": 2e-5, "strict": 5e-6, "fast": 1e-4, "float64": 1e-12}
# The steepest slope of any activation (hardswish) multiplies an error of its sums.
STEEPEST = 1.5


def assert_promised(output, answer, dtype, precision="default"):
    """`answer`: an oracle.Answer; `output`: what was replied, an array of `dtype`.

    float16 and bfloat16 are computed in float32 and rounded once: to the nearest, or to the one
    beside it where the float32 sums were on the other side of the middle.
    """
    exact, sums = answer.output.numpy(), answer.sums.numpy()
    assert output.dtype.name == dtype, f"dtype {output.dtype}, expected {dtype}"
    assert output.shape == exact.shape, f"shape {output.shape}, expected {exact.shape}"
    computed = "float64" if dtype == "float64" else "float32"
    promise = PROMISED["float64" if dtype == "float64" else precision]
    limit = STEEPEST * promise * max(answer.scale, rms(sums))
    limit = limit + 8 * np.finfo(computed).eps * np.maximum(np.abs(sums), np.abs(exact))
    if dtype in ("float16", "bfloat16"):
        limit = limit + ulp(exact, dtype)
    error = np.abs(output.astype(np.float64) - exact)
    wrong = np.argwhere(~(error <= limit))
    if wrong.size:
        at = tuple(map(int, wrong[0]))
        raise AssertionError(
            f"{len(wrong)} of {exact.size} are wrong; at {at} {output[at]!r}, "
            f"expected {exact[at]!r}: error {error[at]:.3g}, allowed {limit[at]:.3g}")


def rms(values):
    return float(np.sqrt(np.mean(np.square(values)))) if values.size else 0.0


def ulp(values, dtype):
    """The distance of `dtype`'s numbers around each of `values`."""
    mantissa_bits, least = {"float16": (10, -24), "bfloat16": (7, -133)}[dtype]
    _, exponent = np.frexp(values)  # values are in [0.5, 1) * 2^exponent
    return np.exp2(np.maximum(exponent - 1 - mantissa_bits, least).astype(np.float64))
