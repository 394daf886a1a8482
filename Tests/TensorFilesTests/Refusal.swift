// SPDX-License-Identifier: Apache-2.0

import TensorFiles
import Testing

/// A file with one thing wrong, and the exact answer.
struct Refusal: Sendable, CustomTestStringConvertible {
    let name: String
    let file: [UInt8]
    let tensor: String?
    let reason: String
    var testDescription: String { name }

    init(_ name: String, _ file: [UInt8], tensor: String? = nil, _ reason: String) {
        (self.name, self.file, self.tensor, self.reason) = (name, file, tensor, reason)
    }

    /// Expects `read` to throw the answer.
    func check<Result>(_ read: ([UInt8]) throws(TensorFileError) -> Result) {
        do throws(TensorFileError) {
            _ = try read(file)
            Issue.record("\(name) is read")
        } catch {
            #expect(error.tensor == tensor, "\(name)")
            #expect(error.reason == reason, "\(name)")
        }
    }
}

extension FixedWidthInteger {
    /// As files have it.
    var littleEndianBytes: [UInt8] { withUnsafeBytes(of: littleEndian) { Array($0) } }
}
