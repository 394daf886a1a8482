// SPDX-License-Identifier: Apache-2.0

/// One value for each of depth, height and width, so that 1-d, 2-d and 3-d are one code path.
///
/// Fewer spatial dimensions are the last of the three; the leading ones are neutral (size, kernel,
/// stride and dilation 1, padding 0).
public struct SpatialTriple: Sendable, Hashable {
    /// The outermost dimension, the first one of 3-d.
    public let depth: Int
    /// The first dimension of 2-d.
    public let height: Int
    /// The innermost dimension, the only one of 1-d.
    public let width: Int

    /// The three values, outermost first.
    public init(depth: Int, height: Int, width: Int) {
        self.depth = depth
        self.height = height
        self.width = width
    }

    /// The same value for all dimensions.
    init(repeating value: Int) { self.init(depth: value, height: value, width: value) }

    /// The values for dimensions 0, 1 and 2.
    init(_ value: (Int) -> Int) { self.init(depth: value(0), height: value(1), width: value(2)) }

    /// One to three values for the last dimensions, `neutral` for those in front of them.
    init(last values: [Int], neutral: Int) {
        precondition((1...3).contains(values.count), "\(values.count) spatial dimensions")
        let padded = Array(repeating: neutral, count: 3 - values.count) + values
        self.init(depth: padded[0], height: padded[1], width: padded[2])
    }

    /// The same with a value of each axis, without arrays of them.
    init(_ axes: [Axis], neutral: Int, _ value: (Axis) -> Int) {
        func at(_ fromLast: Int) -> Int {
            fromLast < axes.count ? value(axes[axes.count - 1 - fromLast]) : neutral
        }
        self.init(depth: at(2), height: at(1), width: at(0))
    }

    /// The value for depth (0), height (1) or width (2).
    public subscript(dimension: Int) -> Int {
        switch dimension {
        case 0: depth
        case 1: height
        case 2: width
        default: preconditionFailure("spatial dimension \(dimension) of 0, 1, 2")
        }
    }

    /// The product of the three: of a size its elements, of a kernel its taps.
    public var count: Int { depth * height * width }

    /// The values of the last `spatialRank` dimensions, as a caller sends and reads them.
    public func last(_ spatialRank: Int) -> [Int] {
        [depth, height, width].suffix(spatialRank)
    }
}
