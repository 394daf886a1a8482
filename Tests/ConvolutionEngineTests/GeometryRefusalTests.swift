// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import Testing

/// One thing that is wrong with a base request, and the exact answer.
struct Refusal: Sendable, CustomTestStringConvertible {
    let name: String
    let request: GeometryCase
    let error: ConvolutionError
    var testDescription: String { name }

    init(
        _ name: String, of base: GeometryCase = .forward, _ field: String, _ reason: String,
        _ change: (inout GeometryCase) -> Void
    ) {
        self.name = name
        var request = base
        change(&request)
        self.request = request
        error = .invalid(field: field, reason: reason)
    }
}

@Suite("Geometry: refusals name the field, the value, the rule and the cure")
struct GeometryRefusalTests {
    @Test(arguments: GeometryRefusals.all)
    func refuses(_ refusal: Refusal) {
        #expect(throws: refusal.error) { try refusal.request.geometry() }
    }

    @Test(arguments: [Int.min, -1, 0, 4, Int.max])
    func otherSpatialRanksAreUnsupported(rank: Int) {
        var request = GeometryCase.forward
        request.spatialRank = rank
        let reason = "\(rank) spatial dimensions: a convolution here has 1, 2 or 3"
        #expect(throws: ConvolutionError.unsupported(field: "input", reason: reason)) {
            try request.geometry()
        }
    }

    /// Presence before positive before mutual: the first of several mistakes is the one told.
    @Test func mistakesAreToldInOrderOfDependence() {
        var request = GeometryCase.transposed
        request.options.padding = .symmetric([40])
        request.bias = [9]
        request.options.stride = [0]
        request.options.groups = 0
        request.weight.removeLast()
        let mending: [(String, (inout GeometryCase) -> Void)] = [
            ("weight", { $0.weight.append(3) }),
            ("groups", { $0.options.groups = 2 }),
            ("stride", { $0.options.stride = [2] }),
            ("bias", { $0.bias = [10] }),
            ("padding", { $0.options.padding = .valid }),
        ]
        for (field, mend) in mending {
            #expect { try request.geometry() } throws: { ($0 as? ConvolutionError)?.field == field }
            mend(&request)
        }
        #expect(throws: Never.self) { try request.geometry() }
    }
}
