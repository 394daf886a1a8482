// SPDX-License-Identifier: Apache-2.0

import KernelInterface

#if AVX512
let floatFourier = fourierKernels(
    FourierLanes<FloatVector, 16>.self, SpectrumProducts<FloatVector, 4, 3>.self)
let doubleFourier = fourierKernels(
    FourierLanes<DoubleVector, 8>.self, SpectrumProducts<DoubleVector, 4, 3>.self)
#elseif AVX2
let floatFourier = fourierKernels(
    FourierLanes<FloatVector, 8>.self, SpectrumProducts<FloatVector, 2, 3>.self)
let doubleFourier = fourierKernels(
    FourierLanes<DoubleVector, 4>.self, SpectrumProducts<DoubleVector, 2, 3>.self)
#else
let floatFourier = fourierKernels(
    FourierLanes<FloatVector, 4>.self, SpectrumProducts<FloatVector, 2, 2>.self)
let doubleFourier = fourierKernels(
    FourierLanes<DoubleVector, 2>.self, SpectrumProducts<DoubleVector, 2, 2>.self)
#endif

/// The kernels of one vector type with `L` lanes, whose tiles of products have `O` outputs.
@inline(__always) private func fourierKernels<V: KernelVector, let L: Int, let O: Int, let N: Int>(
    _: FourierLanes<V, L>.Type, _: SpectrumProducts<V, O, N>.Type
) -> FourierKernels<V.Scalar> {
    precondition(V.scalarCount == L, "a square has as many rows as a vector has lanes")
    return FourierKernels(
        lanes: L, outputs: O, vectors: N,
        gather: { FourierLanes<V, L>.gather($0) },
        spread: { FourierLanes<V, L>.spread($0) },
        emit: { FourierLanes<V, L>.emit($0) },
        forward: { FourierTransform<V>.forward($0) },
        inverse: { FourierTransform<V>.inverse($0) },
        filter: { FourierTransform<V>.filter($0, $1) },
        analyze: { FourierTransform<V>.analyze($0, $1) },
        synthesize: { FourierTransform<V>.synthesize($0, $1) },
        multiply: { SpectrumProducts<V, O, N>.multiplySome($0) })
}
