// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import Reparameterization
import Testing

/// A call that is refused, and the exact answer.
struct FusionRefusal: Sendable, CustomTestStringConvertible {
    let name: String
    let error: FusionError
    let call: @Sendable () throws -> Void
    var testDescription: String { name }

    init(
        _ name: String, _ pointer: String, _ reason: String,
        _ call: @escaping @Sendable () throws -> Void
    ) {
        self.name = name
        self.call = call
        error = FusionError(
            path: pointer.split(separator: "/").map(String.init), reason: reason)
    }
}

@Suite("Fusion: refusals name the place, the value, the rule and the cure")
struct FusionRefusalTests {
    @Test(arguments: FusionRefusals.all)
    func refuses(_ refusal: FusionRefusal) {
        #expect(throws: refusal.error) { try refusal.call() }
    }

    @Test func pathIsAPointer() {
        let error = FusionError(path: ["branches", "1", "bn", "running_var"], reason: "")
        #expect(error.pointer == "/branches/1/bn/running_var")
    }
}
