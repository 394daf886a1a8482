// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// This module's kernels.
public let kernels = KernelTable(
    name: moduleName,
    float32: table(FloatVector.self, floatFourier),
    float64: table(DoubleVector.self, doubleFourier))

#if AVX512
@inline(__always) private func table<V: KernelVector>(
    _: V.Type, _ fourier: FourierKernels<V.Scalar>
) -> GEMMKernels<V.Scalar> {
    gemmKernels(TileFamily<V, 8, 3>.self, Packing<V, 8, 3>.self, fourier)
}
#elseif AVX2 || arch(arm64)
@inline(__always) private func table<V: KernelVector>(
    _: V.Type, _ fourier: FourierKernels<V.Scalar>
) -> GEMMKernels<V.Scalar> {
    gemmKernels(TileFamily<V, 4, 3>.self, Packing<V, 4, 3>.self, fourier)
}
#else
@inline(__always) private func table<V: KernelVector>(
    _: V.Type, _ fourier: FourierKernels<V.Scalar>
) -> GEMMKernels<V.Scalar> {
    gemmKernels(TileFamily<V, 4, 2>.self, Packing<V, 4, 2>.self, fourier)
}
#endif

@inline(__always) private func gemmKernels<V: KernelVector, let R: Int, let N: Int>(
    _: TileFamily<V, R, N>.Type, _: Packing<V, R, N>.Type, _ fourier: FourierKernels<V.Scalar>
) -> GEMMKernels<V.Scalar> {
    precondition(V.square == R, "a panel of A has as many rows as a transposed square")
    return GEMMKernels(
        lanes: V.scalarCount, mr: R, nr: N * V.scalarCount,
        multiply: { TileFamily<V, R, N>.multiply($0) },
        multiplyRows: { TileFamily<V, R, N>.multiply($0, gathering: $1) },
        gatherRows: { TileFamily<V, R, N>.gather($0) },
        multiplyColumn: { ColumnTile<V, R>.run($0) },
        slide: { TileFamily<V, R, N>.slide($0) },
        slideZipped: { TileFamily<V, R, N>.slide($0) },
        sumWindows: { TileFamily<V, R, N>.sumWindows($0) },
        pixels: pixelKernels(V.self),
        packWeights: { Packing<V, R, N>.weights($0) },
        packRows: { Packing<V, R, N>.rows($0) },
        packTapWeights: { Packing<V, R, N>.tapWeights($0) },
        fillRows: { Packing<V, R, N>.fillRows($0) },
        splitPhases: { TilePacking<V, R>.splitPhases($0) },
        packTaps: { Packing<V, R, N>.taps($0) },
        correlate: { Correlation<V>.run($0) },
        interleave: { Packing<V, R, N>.interleave($0) },
        interleavePieces: { Packing<V, R, N>.interleave($0, pieces: $1) },
        winograd: WinogradKernels(
            transform: { WinogradTransforms<V>.run($0, $1) },
            splitRows: { TilePacking<V, R>.splitRows($0) },
            splitTaps: { TilePacking<V, R>.splitTaps($0) }),
        peak: { Peak<V>.run($0) }, rows: rowKernels(V.self),
        fourier: fourier)
}

@inline(__always) private func pixelKernels<V: KernelVector>(
    _: V.Type
) -> PixelKernels<V.Scalar> {
    PixelKernels(
        lanes: V.scalarCount, pixels: PixelFamily<V>.mostPixels,
        vectors: PixelFamily<V>.mostVectors, sum: { PixelFamily<V>.sum($0) },
        filterLines: { LineFiltering<V>.run($0) },
        filterElements: { LineFiltering<V>.runElements($0) },
        turn: { SumTurning<V>.run($0) }, isFinite: { LineFiltering<V>.isFinite($0, $1) })
}

private typealias RowTiles<V: KernelVector> = RowFamily<V, 4, 2>

/// Tiles of one panel of four output channels, and with registers enough of two.
@inline(__always) private func sumChannels<V: KernelVector>(
    _ o: ChannelOperands<V.Scalar>, _: V.Type
) {
    #if AVX512
    if o.panels == 2 { ChannelTile<V, 8, 3>.cover(o) } else { ChannelTile<V, 4, 4>.cover(o) }
    #elseif AVX2 || arch(arm64)
    ChannelTile<V, 4, 3>.cover(o)
    #else
    ChannelTile<V, 4, 2>.cover(o)
    #endif
}

private var channelPanels: Int {
    #if AVX512
    2
    #else
    1
    #endif
}

@inline(__always) private func rowKernels<V: KernelVector>(_: V.Type) -> RowKernels<V.Scalar> {
    RowKernels(
        rows: 4, channels: 4, channelPanels: channelPanels, sumRows: { RowTiles<V>.sum($0) },
        rollingSide: RollingFamily<V>.side, rollRows: { RollingFamily<V>.sum($0) },
        sumChannels: { sumChannels($0, V.self) }, pixels: 8,
        sumLanes: { LaneTile<V, 8>.band($0) },
        sumLanePhases: { LaneTile<V, 8>.phases($0, $1) },
        correlateLanes: { LaneTile<V, 8>.correlate($0) })
}
