// SPDX-License-Identifier: Apache-2.0

extension ConvolutionGeometry {
    /// C_in / groups.
    public var inputChannelsPerGroup: Int { inputChannels / groups }

    /// C_out / groups.
    public var outputChannelsPerGroup: Int { outputChannels / groups }

    /// Elements of one kernel: the product of its sizes.
    public var taps: Int { kernel.count }

    /// What the kernel covers in each dimension: `d(k − 1) + 1`.
    public var kernelExtent: SpatialTriple {
        SpatialTriple(
            depth: dilation.depth * (kernel.depth - 1) + 1,
            height: dilation.height * (kernel.height - 1) + 1,
            width: dilation.width * (kernel.width - 1) + 1)
    }

    /// The shape of the input, as it was sent.
    public var inputShape: [Int] { shape(channels: inputChannels, inputSize) }

    /// The shape of the output: the input's rank.
    public var outputShape: [Int] { shape(channels: outputChannels, outputSize) }

    /// The shape of the weight, as it was sent.
    public var weightShape: [Int] {
        let sizes = kernel.last(spatialRank)
        switch (form, direction) {
        case (.plain, _): return sizes
        case (_, .forward): return [outputChannels, inputChannelsPerGroup] + sizes
        case (_, .transposed): return [inputChannels, outputChannelsPerGroup] + sizes
        }
    }

    /// The padding used, `[before, after]` for each spatial dimension.
    public var paddingPairs: [[Int]] {
        zip(paddingBefore.last(spatialRank), paddingAfter.last(spatialRank)).map { [$0, $1] }
    }

    /// What the kernel covers in each spatial dimension: `d(k − 1) + 1`.
    public var effectiveKernel: [Int] { kernelExtent.last(spatialRank) }

    /// Elements of the weight and of the bias.
    public var parameterCount: Int {
        let weights =
            direction == .forward
            ? outputChannels * inputChannelsPerGroup : inputChannels * outputChannelsPerGroup
        return weights * taps + (hasBias ? outputChannels : 0)
    }

    /// Elements of the input.
    public var inputCount: Int { batch * inputChannels * inputSize.count }

    /// Elements of the output.
    public var outputCount: Int { batch * outputChannels * outputSize.count }

    private func shape(channels: Int, _ size: SpatialTriple) -> [Int] {
        switch form {
        case .batched: [batch, channels] + size.last(spatialRank)
        case .unbatched: [channels] + size.last(spatialRank)
        case .plain: size.last(spatialRank)
        }
    }
}
