// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import Testing

/// One thing that is wrong with an `unfold` or `fold` request, and the exact answer.
struct WindowRefusal: Sendable, CustomTestStringConvertible {
    let name: String
    let input: [Int]
    let outputSize: WindowOptions.Amount?
    let options: WindowOptions
    let error: ConvolutionError
    var testDescription: String { name }

    /// Wrong with `unfold` of `input` in blocks of 3 x 3.
    init(
        unfold name: String, of input: [Int] = [1, 2, 5, 6], _ field: String, _ reason: String,
        _ change: (inout WindowOptions) -> Void = { _ in }
    ) {
        self.init("unfold, " + name, input, nil, .invalid(field: field, reason: reason), change)
    }

    /// Wrong with `fold` of `input` in blocks of 3 x 3 to 5 x 6.
    init(
        fold name: String, of input: [Int] = [1, 18, 12],
        to size: WindowOptions.Amount = .list([5, 6]),
        _ field: String, _ reason: String, _ change: (inout WindowOptions) -> Void = { _ in }
    ) {
        self.init("fold, " + name, input, size, .invalid(field: field, reason: reason), change)
    }

    private init(
        _ name: String, _ input: [Int], _ outputSize: WindowOptions.Amount?,
        _ error: ConvolutionError, _ change: (inout WindowOptions) -> Void
    ) {
        var options = WindowOptions(kernelSize: .number(3))
        change(&options)
        self.name = name
        self.input = input
        self.outputSize = outputSize
        self.options = options
        self.error = error
    }

    func geometry() throws -> WindowGeometry {
        guard let outputSize else {
            return try WindowGeometry(unfolding: input, options: options)
        }
        return try WindowGeometry(folding: input, outputSize: outputSize, options: options)
    }
}

@Suite("Windows: refusals name the field, the value, the rule and the cure")
struct WindowRefusalTests {
    @Test(arguments: WindowRefusals.all)
    func refuses(_ refusal: WindowRefusal) {
        #expect(throws: refusal.error) { try refusal.geometry() }
    }

    @Test("the bases are right")
    func bases() throws {
        let options = WindowOptions(kernelSize: .number(3))
        let unfold = try WindowGeometry(unfolding: [1, 2, 5, 6], options: options)
        #expect(unfold.columnsShape == [1, 18, 12])
        let fold = try WindowGeometry(
            folding: [1, 18, 12], outputSize: .list([5, 6]), options: options)
        #expect(fold == unfold)
    }

    /// The number of spatial dimensions is told by a list, else it is PyTorch's 2.
    @Test func spatialRank() throws {
        func rank(_ image: [Int], _ change: (inout WindowOptions) -> Void) throws -> Int {
            var options = WindowOptions(kernelSize: .number(1))
            change(&options)
            return try WindowGeometry(unfolding: image, options: options).spatialRank
        }
        #expect(try rank([1, 2, 5, 6]) { _ in } == 2)
        #expect(try rank([2, 5, 6]) { _ in } == 2)
        #expect(try rank([2, 5, 6]) { $0.kernelSize = .list([1]) } == 1)
        #expect(try rank([2, 5, 6, 7]) { $0.kernelSize = .list([1, 1, 1]) } == 3)
        #expect(try rank([5, 6]) { $0.stride = .list([2]) } == 1)
        #expect(try rank([2, 5, 6, 7]) { $0.dilation = .list([1, 1, 1]) } == 3)
        #expect(try rank([2, 5, 6, 7]) { $0.padding = .symmetric(.list([1, 1, 1])) } == 3)
        #expect(try rank([5, 6]) { $0.padding = .pairs([[0, 1]]) } == 1)
        #expect(try rank([2, 5, 6, 7]) { $0.padding = .pads([0, 0, 0, 1, 1, 1]) } == 3)
        #expect(
            try rank([2, 5, 6]) {
                $0.stride = .list([1])
                $0.dilation = .list([1, 1])
            } == 2)
        let columns = [4, 3]
        func folded(_ size: WindowOptions.Amount, _ kernel: WindowOptions.Amount) throws -> [Int] {
            try WindowGeometry(
                folding: columns, outputSize: size, options: WindowOptions(kernelSize: kernel)
            ).imageShape
        }
        #expect(try folded(.list([3]), .number(1)) == [4, 3])
        #expect(try folded(.list([1, 3]), .number(1)) == [4, 1, 3])
        #expect(try folded(.list([1, 1, 3]), .list([1])) == [4, 1, 1, 3])
        #expect(try folded(.number(3), .list([1])) == [4, 3])
        #expect(throws: ConvolutionError.self) { _ = try folded(.number(3), .number(1)) }
    }

    /// The largest sizes there are neither overflow nor pass.
    @Test func extremes() {
        for value in [Int.min, -1, 1 << 40, (1 << 40) + 1, Int.max] {
            for change in WindowRefusals.setters {
                var options = WindowOptions(kernelSize: .number(3))
                change(&options, value)
                for image in [
                    [1, 2, 5, 6], [0, 1, 1 << 30, 1], [value, 2, 5, 6], [1, value, 5, 6],
                ] {
                    _ = try? WindowGeometry(unfolding: image, options: options)
                    _ = try? WindowGeometry(
                        folding: image, outputSize: .number(value), options: options)
                    _ = try? WindowGeometry(
                        folding: Array(image.prefix(3)), outputSize: .list([5, value]),
                        options: options)
                }
            }
        }
    }
}
