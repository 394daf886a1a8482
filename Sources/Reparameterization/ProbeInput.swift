// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// What a verification runs on.
public enum ProbeInput: Sendable {
    /// `[N, C_in, *S]` or `[C_in, *S]`, in the dtype of the weights; of a linear layer `[N, C_in]` or `[C_in]`.
    case given(Tensor)
    /// Seeded noise of shape `[1, C_in, *size]`, uniform in [−1, 1); one size for all spatial
    /// dimensions, one for each, or none for the standard one.
    case noise(size: [Int], seed: UInt64)

    /// Noise of the standard size: the same on every run and machine.
    public static let standard = ProbeInput.noise(size: [], seed: 2026)

    /// 256 MiB of float32; answers the request for terabytes of noise in a few characters.
    static let largestNoiseCount = 1 << 26

    /// In each dimension: hundreds to thousands of outputs, in milliseconds.
    static func standardSize(spatialRank: Int) -> Int { [1, 256, 32, 12][spatialRank] }

    /// Rows of noise for a linear layer, which has no size to make many outputs of.
    private static let linearRows = 64

    func tensor(channels: Int, spatialRank: Int, dtype: DType) throws(FusionError) -> Tensor {
        switch self {
        case .given(let tensor):
            try LayerChecks.checkDType(tensor, "input", as: dtype, at: ["input"])
            try Self.checkShape(tensor.shape, channels: channels, spatialRank: spatialRank)
            return tensor
        case .noise(let size, let seed):
            let sizes = try Self.checkedSizes(size, channels: channels, spatialRank: spatialRank)
            let images = spatialRank == 0 ? Self.linearRows : 1
            return Self.noise(shape: [images, channels] + sizes, dtype: dtype, seed: seed)
        }
    }

    private static func checkShape(
        _ shape: [Int], channels: Int, spatialRank: Int
    ) throws(FusionError) {
        let spatial = shape.suffix(spatialRank)
        guard (1...2).contains(shape.count - spatialRank), !spatial.contains(0),
            shape[shape.count - spatialRank - 1] == channels
        else {
            throw FusionError(
                path: ["input"],
                reason:
                    "input shape is \(Spelling.list(shape)); it must be [N, \(channels), *size] "
                    + "or [\(channels), *size] with "
                    + "\(Spelling.count(spatialRank, "spatial dimension")) of at least 1")
        }
    }

    private static func checkedSizes(
        _ size: [Int], channels: Int, spatialRank: Int
    ) throws(FusionError) -> [Int] {
        guard spatialRank > 0 || size.isEmpty else {
            throw FusionError(
                path: ["input_size"],
                reason:
                    "input_size is \(Spelling.list(size)), but a linear layer (weight [C_out, C_in]) "
                    + "has no spatial dimensions; leave it out")
        }
        let one = size.first ?? standardSize(spatialRank: spatialRank)
        let sizes = size.count <= 1 ? Array(repeating: one, count: spatialRank) : size
        guard sizes.count == spatialRank, sizes.allSatisfy({ $0 >= 1 }) else {
            throw FusionError(
                path: ["input_size"],
                reason: "input_size is \(Spelling.list(size)); it must be "
                    + Spelling.oneOrEach(spatialRank) + ", of at least 1")
        }
        let fits = sizes.reduce(channels) { min($0, largestNoiseCount + 1) * min($1, 1 << 30) }
        guard fits <= largestNoiseCount else {
            throw FusionError(
                path: ["input_size"],
                reason: "input_size is \(sizes), which with \(channels) channels is more than "
                    + "\(largestNoiseCount) elements, the most noise to verify with; use a smaller one"
            )
        }
        return sizes
    }

    static func noise(shape: [Int], dtype: DType, seed: UInt64) -> Tensor {
        var generator = SplitMix64(seed: seed)
        let values = (0..<shape.reduce(1, *)).map { _ in generator.nextUniform() }
        return Tensor(shape: shape, rounding: values, to: dtype)
    }
}

/// A small generator with the same numbers everywhere (Steele, Lea, Flood, OOPSLA 2014).
struct SplitMix64 {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A multiple of 2^−23 in [−1, 1), which float32 holds exactly.
    mutating func nextUniform() -> Double {
        Double(next() >> 40) * 0x1p-23 - 1
    }
}
