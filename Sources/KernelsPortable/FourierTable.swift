// SPDX-License-Identifier: Apache-2.0

import KernelInterface

#if AVX512
let floatFourier = fourierKernels(
    FourierLanes<FloatVector, 8>.self, SpectrumProducts<FloatVector, 4, 3>.self)
let doubleFourier = fourierKernels(
    FourierLanes<DoubleVector, 4>.self, SpectrumProducts<DoubleVector, 4, 3>.self)
#elseif AVX2
let floatFourier = fourierKernels(
    FourierLanes<FloatVector, 4>.self, SpectrumProducts<FloatVector, 2, 3>.self)
let doubleFourier = fourierKernels(
    FourierLanes<DoubleVector, 2>.self, SpectrumProducts<DoubleVector, 2, 3>.self)
#else
let floatFourier = fourierKernels(
    FourierLanes<FloatVector, 2>.self, SpectrumProducts<FloatVector, 2, 2>.self)
let doubleFourier = fourierKernels(
    FourierLanes<DoubleVector, 1>.self, SpectrumProducts<DoubleVector, 2, 2>.self)
#endif

/// The kernels of one vector type with twice `H` lanes, whose tiles of products have `O` outputs.
@inline(__always) private func fourierKernels<V: KernelVector, let H: Int, let O: Int, let N: Int>(
    _: FourierLanes<V, H>.Type, _: SpectrumProducts<V, O, N>.Type
) -> FourierKernels<V.Scalar> {
    precondition(V.scalarCount == 2 * H, "a square has as many rows as a vector has lanes")
    return FourierKernels(
        lanes: 2 * H, outputs: O, vectors: N,
        gather: { FourierLanes<V, H>.gather($0) },
        spread: { FourierLanes<V, H>.spread($0) },
        emit: { FourierLanes<V, H>.emit($0) },
        forward: { FourierTransform<V>.forward($0) },
        inverse: { FourierTransform<V>.inverse($0) },
        filter: { FourierTransform<V>.filter($0, $1) },
        analyze: { FourierTransform<V>.analyze($0, $1) },
        synthesize: { FourierTransform<V>.synthesize($0, $1) },
        multiply: { SpectrumProducts<V, O, N>.multiplySome($0) })
}
