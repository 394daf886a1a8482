// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import Testing

@Suite("Geometry: what a legal request resolves to")
struct GeometryTests {
    @Test func forwardInAllItsParts() throws {
        var request = GeometryCase.forward
        request.options.stride = [2, 1]
        request.options.dilation = [1, 3]
        request.options.padding = .pairs([[1, 2], [0, 4]])
        let geometry = try request.geometry()
        #expect(geometry.outputShape == [2, 10, 6, 9])
        #expect(geometry.inputShape == request.input)
        #expect(geometry.weightShape == request.weight)
        #expect(geometry.paddingPairs == [[1, 2], [0, 4]])
        #expect(geometry.effectiveKernel == [5, 7])
        #expect(geometry.batch == 2)
        #expect(geometry.inputChannelsPerGroup == 3)
        #expect(geometry.outputChannelsPerGroup == 5)
        #expect(geometry.taps == 15)
        #expect(geometry.multiplyAccumulates == 2 * 10 * (6 * 9) * 3 * 15)
        #expect(geometry.parameterCount == 10 * 3 * 15 + 10)
        #expect(geometry.inputSize == SpatialTriple(depth: 1, height: 13, width: 11))
        #expect(geometry.kernel == SpatialTriple(depth: 1, height: 5, width: 3))
        #expect(geometry.stride == SpatialTriple(depth: 1, height: 2, width: 1))
        #expect(geometry.dilation == SpatialTriple(depth: 1, height: 1, width: 3))
        #expect(geometry.paddingBefore == SpatialTriple(depth: 0, height: 1, width: 0))
        #expect(geometry.paddingAfter == SpatialTriple(depth: 0, height: 2, width: 4))
        #expect((0..<3).map { geometry.outputSize[$0] } == [1, 6, 9])
    }

    @Test func transposedInAllItsParts() throws {
        var request = GeometryCase.transposed
        request.options.outputPadding = [1, 2]
        request.options.padding = .symmetric([1])
        let geometry = try request.geometry()
        #expect(geometry.outputShape == [2, 10, 28, 33])
        #expect(geometry.weightShape == request.weight)
        #expect(geometry.outputChannels == 10)
        #expect(geometry.outputChannelsPerGroup == 5)
        #expect(geometry.outputPadding == SpatialTriple(depth: 0, height: 1, width: 2))
        #expect(geometry.multiplyAccumulates == 2 * 6 * (13 * 11) * 5 * 15)
        #expect(geometry.parameterCount == 6 * 5 * 15 + 10)
    }

    @Test func outputHasTheInputsRank() throws {
        var unbatched = GeometryCase.forward
        unbatched.input.removeFirst()
        #expect(try unbatched.geometry().outputShape == [10, 9, 9])
        #expect(try unbatched.geometry().inputShape == [6, 13, 11])
        let plain = try GeometryCase.plain.geometry()
        #expect(plain.outputShape == [9, 9])
        #expect(plain.weightShape == [5, 3])
        #expect(plain.multiplyAccumulates == 81 * 15)
        #expect(plain.parameterCount == 15)
    }

    @Test(arguments: [[1], []])
    func plainTakesOneBiasElement(bias: [Int]) throws {
        var request = GeometryCase.plain
        request.bias = bias
        #expect(try request.geometry().parameterCount == 16)
    }

    @Test func oneAndThreeDimensions() throws {
        let line = try GeometryCase.single(
            .forward, input: 7, kernel: 3, stride: 2, dilation: 1, padding: 0
        ).geometry()
        #expect(line.outputShape == [1, 1, 3])
        #expect(line.inputSize == SpatialTriple(depth: 1, height: 1, width: 7))
        var volume = GeometryCase(spatialRank: 3, input: [1, 2, 5, 6, 7], weight: [3, 2, 2, 3, 4])
        volume.bias = nil
        #expect(try volume.geometry().outputShape == [1, 3, 4, 4, 4])
        #expect(try volume.geometry().kernel == SpatialTriple(depth: 2, height: 3, width: 4))
    }

    @Test func sameSplitsItsOddElementBehind() throws {
        var request = GeometryCase.forward
        request.weight = [10, 3, 4, 3]
        request.options.padding = .same
        request.options.dilation = [1, 2]
        let geometry = try request.geometry()
        #expect(geometry.outputShape == [2, 10, 13, 11])
        #expect(geometry.paddingPairs == [[1, 2], [2, 2]])
    }

    @Test func emptyBatchIsLegal() throws {
        for base in [GeometryCase.forward, .transposed] {
            var request = base
            request.input[0] = 0
            #expect(try request.geometry().outputShape.first == 0)
            #expect(try request.geometry().multiplyAccumulates == 0)
            #expect(try request.geometry().outputCount == 0)
        }
    }

    @Test func zeroInputChannelsAreLegal() throws {
        var request = GeometryCase.forward
        request.input[1] = 0
        request.weight[1] = 0
        #expect(try request.geometry().outputShape == [2, 10, 9, 9])
        #expect(try request.geometry().parameterCount == 10)
        request = .transposed
        request.input[1] = 0
        request.weight[0] = 0
        #expect(try request.geometry().outputShape == [2, 10, 29, 33])
        #expect(try request.geometry().multiplyAccumulates == 0)
    }

    @Test func equalRequestsAreEqualGeometries() throws {
        var spelled = GeometryCase.forward
        spelled.options.stride = [1, 1]
        spelled.options.padding = .valid
        #expect(try Set([spelled.geometry(), GeometryCase.forward.geometry()]).count == 1)
    }
}
