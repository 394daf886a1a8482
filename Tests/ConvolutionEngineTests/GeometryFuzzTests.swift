// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import TestSupport
import Testing

@Suite("Geometry: integers of any size")
struct GeometryFuzzTests {
    static let awkward = [
        Int.min, Int.min + 1, -(1 << 40), -1, 0, 1, 2, 3, 4, 7, 1 << 20, 1 << 31, 1 << 32,
        (1 << 40) - 1, 1 << 40, (1 << 40) + 1, 1 << 62, Int.max - 1, Int.max,
    ]

    /// A mix of small legal and awkward values, so that many requests get past the first check.
    private static func list(
        _ count: Int, _ legal: ClosedRange<Int>, _ random: inout SeededGenerator
    ) -> [Int] {
        (0..<count).map { _ in
            Int.random(in: 0..<10, using: &random) == 0
                ? awkward.randomElement(using: &random)! : Int.random(in: legal, using: &random)
        }
    }

    private static func request(_ random: inout SeededGenerator) -> GeometryCase {
        var request = GeometryCase()
        let odd = Int.random(in: 0..<12, using: &random) == 0 ? 1 : 0
        let rank = Int.random(in: 1...3, using: &random)
        request.direction = Bool.random(using: &random) ? .forward : .transposed
        request.spatialRank = odd == 1 ? list(1, 0...4, &random)[0] : rank
        request.input = list(rank + 2 + odd, 1...9, &random)
        request.weight = list(rank + 2, 1...3, &random)
        request.options.groups = list(1, 1...2, &random)[0]
        request.options.stride = list(
            [0, 1, rank, rank + odd].randomElement(using: &random)!, 1...4, &random)
        request.options.dilation = list(
            [0, 1, rank].randomElement(using: &random)!, 1...3, &random)
        request.options.outputPadding = list(
            [0, 0, 1].randomElement(using: &random)!, 0...1, &random)
        request.options.padding = padding(rank, &random)
        fitChannels(&request, &random)
        return request
    }

    private static func padding(
        _ rank: Int, _ random: inout SeededGenerator
    ) -> ConvolutionOptions.Padding {
        switch Int.random(in: 0..<4, using: &random) {
        case 0: .valid
        case 1: .same
        case 2: .symmetric(list(rank, 0...4, &random))
        default: .pairs((0..<rank).map { _ in list(2, 0...4, &random) })
        }
    }

    /// Lets most requests agree in their channels, so that the later checks are reached.
    private static func fitChannels(_ request: inout GeometryCase, _ random: inout SeededGenerator)
    {
        guard Int.random(in: 0..<8, using: &random) > 0 else { return }
        let groups = min(max(request.options.groups, 1), 1 << 20)
        if request.direction == .forward {
            request.weight[0] = groups &* 2
            request.input[1] = request.weight[1] &* groups
        } else {
            request.weight[0] = groups
            request.input[1] = groups
        }
        request.bias = nil
    }

    /// What can be sent and returned can be planned, in megabytes, and by the algorithm that was told.
    @Test func plansAreModest() {
        var random = SeededGenerator(seed: 2027)
        var planned = 0
        for _ in 0..<30_000 {
            guard let geometry = try? Self.request(&random).geometry(),
                geometry.outputCount <= 1 << 24, geometry.inputCount <= 1 << 24,
                geometry.parameterCount <= 1 << 20
            else { continue }
            for threads in [1, 64] {
                let plan = ConvolutionPlan(
                    geometry, dtype: .float32, algorithm: nil, kernels: .best, threads: threads,
                    serialWork: 0)
                #expect(plan.scratchByteCount <= threads << 25, "\(geometry)")
                #expect(plan.algorithm == Algorithm.fastest(for: geometry), "\(geometry)")
            }
            planned += 1
        }
        #expect(planned > 3_000, "too few: \(planned)")
    }

    @Test func neverTraps() {
        var random = SeededGenerator(seed: 2026)
        var legal = 0
        var fields: Set<String> = []
        for _ in 0..<50_000 {
            let request = Self.request(&random)
            do {
                let geometry = try request.geometry()
                legal += 1
                #expect(geometry.inputShape == request.input)
                #expect(geometry.weightShape == request.weight)
                #expect(geometry.outputShape.allSatisfy { (0...(1 << 40)).contains($0) })
                #expect(geometry.outputCount <= 1 << 40 && geometry.parameterCount > -1)
                #expect(geometry.multiplyAccumulates >= 0)
            } catch {
                fields.insert(error.field)
                #expect(!error.reason.isEmpty && error.reason.utf8.count < 500)
            }
        }
        #expect(legal > 5_000, "too few legal requests: \(legal)")
        let expected: Set = [
            "input", "weight", "bias", "stride", "padding", "dilation", "groups", "output_padding",
        ]
        #expect(fields.union(["bias"]) == expected)
    }

    /// Every awkward value in every place of a small request, alone.
    @Test func oneAwkwardValueAtATime() {
        for base in [GeometryCase.forward, .transposed, .plain] {
            for value in Self.awkward {
                for place in 0..<(base.input.count + base.weight.count + 7) {
                    var request = base
                    Self.put(value, at: place, of: &request)
                    _ = request.outputSizes
                }
            }
        }
    }

    private static func put(_ value: Int, at place: Int, of request: inout GeometryCase) {
        let shapes = request.input.count + request.weight.count
        switch place {
        case request.input.indices: request.input[place] = value
        case ..<shapes: request.weight[place - request.input.count] = value
        case shapes: request.options.groups = value
        case shapes + 1: request.options.stride = [value]
        case shapes + 2: request.options.dilation = [value]
        case shapes + 3: request.options.padding = .symmetric([value])
        case shapes + 4: request.options.padding = .pairs([[0, value], [value, value]])
        case shapes + 5: request.bias = [value]
        default: request.options.outputPadding = [value]
        }
    }
}
