// SPDX-License-Identifier: Apache-2.0

/// One dimension of a kernel matrix: which taps connect which inputs with which outputs.
///
/// A tap `k` connects step `i` of the side that the kernel steps over with element
/// `i·stride + k·dilation − before` of the other one, if there is such an element; outputs step over
/// inputs forward, inputs over outputs transposed.
struct AxisTaps: Sendable {
    /// Where the taps of each output begin; one more than there are outputs.
    private(set) var starts: [Int]
    /// The taps that each output has, ascending.
    private(set) var taps: [Int32]
    /// The input that each of them reads.
    private(set) var inputs: [Int32]

    /// The taps of output `index`, as indices into ``taps`` and ``inputs``.
    func range(_ index: Int) -> Range<Int> { starts[index]..<starts[index + 1] }

    /// For a dimension whose outputs and ``mostPairs(_:_:)`` are known to be few.
    init(_ geometry: ConvolutionGeometry, _ dimension: Int) {
        let outputs = geometry.outputSize[dimension]
        var counts = [Int](repeating: 0, count: outputs + 1)
        Self.forEach(geometry, dimension) { _, output, _ in counts[output + 1] += 1 }
        for i in 0..<outputs { counts[i + 1] += counts[i] }
        starts = counts
        taps = Array(repeating: 0, count: counts[outputs])
        inputs = taps
        Self.forEach(geometry, dimension) { tap, output, input in
            taps[counts[output]] = Int32(tap)
            inputs[counts[output]] = Int32(input)
            counts[output] += 1
        }
    }

    /// No fewer than there are pairs of an output and an input that a tap connects, by numbers alone; nil
    /// where that is more than a number holds.
    ///
    /// The taps of one step lie a dilation apart in the field, and an element of the field is met by each
    /// tap and each step at most once.
    static func mostPairs(_ geometry: ConvolutionGeometry, _ dimension: Int) -> Int? {
        let kernel = geometry.kernel[dimension], dilation = geometry.dilation[dimension]
        let (steps, field) = sides(geometry, dimension)
        let bySteps = SizeLimit.overflowChecked(
            [steps, min(kernel, (field + dilation - 1) / dilation)])
        let byField = SizeLimit.overflowChecked([field, min(kernel, steps)])
        guard let bySteps, let byField else { return bySteps ?? byField }
        return min(bySteps, byField)
    }

    /// The size that the kernel steps over, and that of the other side.
    private static func sides(
        _ geometry: ConvolutionGeometry, _ dimension: Int
    ) -> (steps: Int, field: Int) {
        let inputs = geometry.inputSize[dimension], outputs = geometry.outputSize[dimension]
        return geometry.direction == .forward ? (outputs, inputs) : (inputs, outputs)
    }

    private static func forEach(
        _ geometry: ConvolutionGeometry, _ dimension: Int,
        _ body: (_ tap: Int, _ output: Int, _ input: Int) -> Void
    ) {
        for tap in 0..<geometry.kernel[dimension] {
            let offset = offset(geometry, dimension, tap: tap)
            for step in steps(geometry, dimension, tap: tap) {
                let place = step * geometry.stride[dimension] + offset
                switch geometry.direction {
                case .forward: body(tap, step, place)
                case .transposed: body(tap, place, step)
                }
            }
        }
    }

    private static func offset(
        _ geometry: ConvolutionGeometry, _ dimension: Int, tap: Int
    ) -> Int {
        tap * geometry.dilation[dimension] - geometry.paddingBefore[dimension]
    }

    /// The steps at which a tap meets an element.
    private static func steps(
        _ geometry: ConvolutionGeometry, _ dimension: Int, tap: Int
    ) -> Range<Int> {
        let (count, field) = sides(geometry, dimension)
        return StepRange.inside(
            field, count: count,
            stride: geometry.stride[dimension], offset: offset(geometry, dimension, tap: tap))
    }
}
