// SPDX-License-Identifier: Apache-2.0

import KernelInterface
import Synchronization

/// Convolution as products in the frequency domain (`fft`).
///
/// Goals, in order: the right answer for every geometry within bounded memory; the fastest for large
/// kernels, where the cost of a sum no longer grows with its length.
///
/// 1. The input is cut into boxes that overlap by the kernel's extent less one (overlap-save;
///    ``FourierTiling``), and each box of each channel is transformed (``FourierAxis``).
/// 2. At each frequency f the channels are added up, Y_o(f) = Σ_c X_c(f) · conj(W_oc(f)): conjugated,
///    since the operator is a correlation. W is the transform of the kernel, with the dilation's zeros.
/// 3. The inverse transform holds the outputs that saw no other end of their box, of which
///    those at multiples of the stride are stored.
///
/// A lane of a vector is one box, so transforms are arithmetic on whole vectors. With one channel in and
/// out of each group a core does all three steps for the boxes of a vector while they are in its
/// second-level cache. With more, the steps follow each other for as many boxes as memory is meant for;
/// step 2 is a matrix product at each frequency.
///
/// Mathieu, Henaff and LeCun, "Fast Training of Convolutional Networks through FFTs" (2014).
///
/// *Error*: that of transforms, relative to the rms of the box: rms 3e-7 and max 2e-6 of the output's
/// rms for signals like noise. Whole numbers come out rounded. A value that is not finite, and
/// sums beyond the largest number, would reach all outputs of a box: images in which an output is not
/// finite are computed again by ``ImplicitGEMM``, group by group. It computes them all where no output looks at the
/// input: what wraps around a box would be all that they have.
struct FFTConvolution<Scalar: TensorScalar>: Sendable {
    let geometry: ConvolutionGeometry
    let tiling: FourierTiling
    let gemm: GEMMKernels<Scalar>
    let tile: FourierTile<Scalar>
    let threads: Int

    /// Nil where ``FourierTiling`` finds none.
    init?(_ geometry: ConvolutionGeometry, kernels: GEMMKernels<Scalar>, threads: Int) {
        guard let tiling = FourierTiling(geometry) else { return nil }
        self.geometry = geometry
        self.tiling = tiling
        self.threads = threads
        gemm = kernels
        tile = FourierTile(size: tiling.size, kernels: kernels.fourier)
    }

    var kernels: FourierKernels<Scalar> { tile.kernels }
    var lanes: Int { tile.kernels.lanes }
    /// Elements that one core works in.
    var workerElements: Int { FourierBench.elementCount(tile) }
    /// Whether each output channel is the convolution of one input channel.
    var isDepthwise: Bool {
        geometry.inputChannelsPerGroup == 1 && geometry.outputChannelsPerGroup == 1
    }
    /// Boxes of a channel of the batch.
    var boxes: Int { geometry.batch * tiling.count.count }

    var scratchByteCount: Int {
        let shared = isDepthwise ? 0 : channels.elementCount
        return (threads * workerElements + shared) * MemoryLayout<Scalar>.stride
    }

    /// Writes the whole output.
    func run(_ operands: RunOperands<Scalar>, weights: WeightSet<Scalar>) {
        guard let spectra = weights.spectra else { preconditionFailure("weights of another plan") }
        let spoiled = Mutex<Set<Int>>([])
        let note: @Sendable (Int) -> Void = { image in
            spoiled.withLock { _ = $0.insert(image) }
        }
        if !geometry.looksAtInput {
            (0..<geometry.batch * geometry.groups).forEach(note)
        } else if isDepthwise {
            filterChannels(operands, spectra, bias: weights.bias, note)
        } else {
            multiplyChannels(operands, spectra, bias: weights.bias, note)
        }
        let images = spoiled.withLock { $0.sorted() }
        if images.isEmpty { return }
        weights.bias.withUnsafeBufferPointer {
            ImplicitGEMM(geometry, kernels: gemm, threads: threads)
                .compute(
                    images, operands, spectra.weight, of: spectra.raw, bias: $0.baseAddress)
        }
    }

    /// A box of the batch, by number, of one channel of input and output in each group.
    func lane(
        _ box: Int, group: Int, input: Int, output: Int, bias: [Scalar],
        _ operands: RunOperands<Scalar>
    ) -> FourierLane<Scalar> {
        let (image, place) = box.quotientAndRemainder(dividingBy: tiling.count.count)
        let g = geometry, (count, outputs) = (tiling.count, tiling.outputs)
        let first = SpatialTriple(
            depth: place / count.width / count.height * outputs.depth,
            height: place / count.width % count.height * outputs.height,
            width: place % count.width * outputs.width)
        let from = image * g.inputChannels + group * g.inputChannelsPerGroup + input
        let channel = group * g.outputChannelsPerGroup + output
        return FourierLane(
            input: operands.input + from * g.inputSize.count,
            z: first.depth * g.stride.depth - g.paddingBefore.depth,
            y: first.height * g.stride.height - g.paddingBefore.height,
            x: first.width * g.stride.width - g.paddingBefore.width,
            output: operands.output + (image * g.outputChannels + channel) * g.outputSize.count,
            firstOutput: first, bias: bias[channel], image: image * g.groups + group)
    }

    /// No box.
    func idle(_ operands: RunOperands<Scalar>) -> FourierLane<Scalar> {
        FourierLane(input: operands.input, output: operands.output)
    }
}

extension FFTConvolution {
    /// Transforms the weights.
    func prepare(
        _ weight: UnsafePointer<Scalar>, bias: UnsafePointer<Scalar>?
    ) -> WeightSet<Scalar> {
        // Without a bias −0, the number that changes no other when added.
        let biases = (0..<geometry.outputChannels).map { bias?[$0] ?? -Scalar.zero }
        return WeightSet(
            panels: [], bias: biases,
            spectra: isDepthwise ? depthwiseSpectra(weight) : channelSpectra(weight))
    }
}
