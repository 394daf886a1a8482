// SPDX-License-Identifier: Apache-2.0

import CTensorText

/// A reading as a value.
struct Outcome: Equatable, CustomStringConvertible {
    var code: TensorTextCode
    var position: Int
    var byteCount = 0
    var path: [Int] = []
    var shape: [Int] = []
    /// Bit patterns of the numbers written.
    var numbers: [UInt64] = []
    var found = 0
    var expected = 0

    init(_ reading: TensorTextReading, numbers: [UInt64]) {
        code = reading.code
        position = reading.position
        byteCount = reading.byteCount
        path = withUnsafeBytes(of: reading.path) {
            Array($0.bindMemory(to: Int.self).prefix(Int(reading.pathLength)))
        }
        shape = withUnsafeBytes(of: reading.shape) {
            code == .ok ? Array($0.bindMemory(to: Int.self).prefix(Int(reading.rank))) : []
        }
        self.numbers = numbers
        found = reading.found
        expected = reading.expected
    }

    var description: String {
        "\(code) at \(position)+\(byteCount), path \(path), shape \(shape), \(numbers.count) numbers"
    }
}

/// Reads from a guarded text into exactly `capacity` numbers with poison behind them.
func read<Scalar: TextNumber>(
    _ text: GuardedText, as type: Scalar.Type, _ implementation: TensorTextImplementation,
    capacity: Int? = nil
) -> Outcome {
    let capacity = capacity ?? implementation.numberBound(text.start, text.count)
    let poison = Scalar.reference("-123.25")
    var numbers = [Scalar](repeating: poison, count: capacity + 8)
    let reading = numbers.withUnsafeMutableBufferPointer {
        Scalar.read(implementation, text.start, text.count, $0.baseAddress!, capacity)
    }
    precondition(numbers[capacity...].allSatisfy { $0 == poison }, "wrote past the capacity")
    return Outcome(reading, numbers: numbers.prefix(reading.count).map { UInt64($0.rawBits) })
}

func read<Scalar: TextNumber>(
    _ text: String, as type: Scalar.Type, _ implementation: TensorTextImplementation,
    capacity: Int? = nil
) -> Outcome {
    read(GuardedText(text), as: type, implementation, capacity: capacity)
}

/// Prints into exactly the byte bound, with poison behind it.
func print<Scalar: TextNumber>(
    _ numbers: [Scalar], shape: [Int], _ implementation: TensorTextImplementation
) -> [UInt8] {
    let bound = Scalar.byteBound(shape)
    let poison: [UInt8] = Array(repeating: 0xAB, count: 64)
    var out = [UInt8](repeating: 0, count: bound) + poison
    let length = out.withUnsafeMutableBytes {
        Scalar.print(
            implementation, $0.assumingMemoryBound(to: CChar.self).baseAddress!, numbers, shape)
    }
    precondition(length <= bound && Array(out.suffix(64)) == poison, "wrote past the byte bound")
    return Array(out.prefix(length))
}

func text<Scalar: TextNumber>(
    _ numbers: [Scalar], shape: [Int], _ implementation: TensorTextImplementation
) -> String {
    String(decoding: print(numbers, shape: shape, implementation), as: UTF8.self)
}
