// SPDX-License-Identifier: Apache-2.0

/// How far an output without bias is from the same sums in float64, on a sample of its elements.
package struct SampledError: Sendable {
    /// Largest difference, relative to the root mean square of the sums; NaN if one is not a number.
    package let largest: Double
    /// Root mean square of the differences, relative to that of the sums.
    package let rms: Double

    /// 4096 elements, fewer where each is a long sum: the sample takes well below a second. float16 and
    /// bfloat16 are compared as they are, rounding of the output included.
    package init(_ geometry: ConvolutionGeometry, input: Tensor, weight: Tensor, output: Tensor) {
        let terms = geometry.inputChannelsPerGroup * geometry.kernel.count
        let indices = Self.sample(
            geometry.outputCount, count: min(4096, max(256, (1 << 25) / max(1, terms))))
        let expected = Convolve.reference(geometry, input: input, weight: weight, at: indices)
        self.init(Self.values(output.widened(), at: indices), expected)
    }

    /// Of values beside those that are expected.
    package init(_ found: [Double], _ expected: [Double]) {
        var largest = 0.0, errors = 0.0, power = 0.0
        for (a, e) in zip(found, expected) {
            let difference = abs(a - e)
            largest = difference.isNaN || largest.isNaN ? .nan : max(largest, difference)
            errors += difference * difference
            power += e * e
        }
        self.largest = largest == 0 ? 0 : largest / (power / Double(expected.count)).squareRoot()
        rms = errors == 0 ? 0 : (errors / power).squareRoot()
    }

    /// `count` of the indices below `total`, some of them twice where they are most of it, or all:
    /// multiples of the golden ratio, which are spread evenly over rows, tiles and channels of any length.
    package static func sample(_ total: Int, count: Int) -> [Int] {
        if total <= count { return Array(0..<total) }
        return (0..<count).map {
            let place = Double($0) * 0.618_033_988_749_894_9
            return min(total - 1, Int((place - place.rounded(.down)) * Double(total)))
        }
    }

    private static func values(_ tensor: Tensor, at indices: [Int]) -> [Double] {
        tensor.dtype == .float64
            ? tensor.withElements(of: Double.self) { all in indices.map { all[$0] } }
            : tensor.withElements(of: Float.self) { all in indices.map { Double(all[$0]) } }
    }
}

extension Convolve {
    /// Some elements of the output by the definition, in double precision, without bias.
    package static func reference(
        _ geometry: ConvolutionGeometry, input: Tensor, weight: Tensor, at indices: [Int]
    ) -> [Double] {
        func elements<Scalar: TensorScalar>(_: Scalar.Type) -> [Double] {
            input.widened().withElements(of: Scalar.self) { input in
                weight.widened().withElements(of: Scalar.self) { weight in
                    Reference.elements(geometry, at: indices, input: input, weight: weight)
                }
            }
        }
        return input.dtype == .float64 ? elements(Double.self) : elements(Float.self)
    }
}
