// SPDX-License-Identifier: Apache-2.0

/// A convolution as the caller sent it; its extensions hold the checks, by topic.
///
/// Every message is value, rule and cure, in the words of the HTTP contract.
struct GeometryRequest {
    let direction: ConvolutionGeometry.Direction
    let spatialRank: Int
    let input: [Int]
    let weight: [Int]
    let bias: [Int]?
    let options: ConvolutionOptions

    /// The spatial sizes of the input; of a checked form.
    var inputSizes: [Int] { Array(input.suffix(spatialRank)) }
    /// The sizes of the kernel; of a checked form.
    var kernelSizes: [Int] { Array(weight.suffix(spatialRank)) }
}

/// The words for messages.
extension GeometryRequest {
    /// "conv2d", "conv_transpose3d"
    var operation: String {
        (direction == .forward ? "conv" : "conv_transpose") + "\(spatialRank)d"
    }

    /// The names of the spatial dimensions.
    var axisNames: [String] {
        spatialRank == 1 ? ["length"] : ["depth", "height", "width"].suffix(spatialRank)
    }

    /// "[N, C_in, H, W]"
    var inputLayout: String { layout(["N", "C_in"]) }
    /// "[C_in, H, W]"
    var unbatchedLayout: String { layout(["C_in"]) }
    /// "[H, W]"
    var plainLayout: String { layout([]) }
    /// "[kH, kW]"
    var kernelLayout: String { layout([], prefix: "k") }
    /// "[C_out, C_in/groups, kH, kW]"
    var weightLayout: String {
        let channels =
            direction == .forward ? ["C_out", "C_in/groups"] : ["C_in", "C_out/groups"]
        return layout(channels, prefix: "k")
    }

    private func layout(_ first: [String], prefix: String = "") -> String {
        let letters = spatialRank == 1 ? ["L"] : ["D", "H", "W"].suffix(spatialRank)
        return "[" + (first + letters.map { prefix + $0 }).joined(separator: ", ") + "]"
    }

    /// How a product of sizes is counted that is too large in spite of a 0.
    static func zeroNote(_ shape: [Int]) -> String {
        shape.contains(0) ? " (a 0 counting as 1)" : ""
    }
}
