// SPDX-License-Identifier: Apache-2.0

import CTensorText
import Foundation
import TestSupport
import Testing

/// What every test of reading and printing runs on: all that this processor can run, as the kernel tells. One that
/// is not found fails the tests: nothing is skipped in silence.
let implementationNames: [String] = {
    #if arch(x86_64)
    guard let flags = try? CPUFlags() else { return ["portable", "sse4", "avx2", "avx512"] }
    var names = ["portable"]
    if flags.contain("ssse3", "sse4_2", "popcnt") { names.append("sse4") }
    if flags.contain("avx2", "bmi1", "bmi2", "abm") { names.append("avx2") }
    if flags.contain(
        "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl", "avx512vbmi")
    {
        names.append("avx512")
    }
    return names
    #else
    return ["portable"]
    #endif
}()

func implementation(_ name: String) throws -> TensorTextImplementation {
    try #require(
        tensor_text_implementation_named(name),
        "the processor can run \(name), but it was not found"
    ).pointee
}

/// What the types differ in.
protocol TextNumber: Equatable, Sendable {
    associatedtype RawBits: UnsignedInteger & FixedWidthInteger
    static var nan: Self { get }
    static var infinity: Self { get }
    static prefix func - (number: Self) -> Self
    var isFinite: Bool { get }
    var isNaN: Bool { get }
    var rawBits: RawBits { get }
    init(rawBits: RawBits)
    static func read(
        _ implementation: TensorTextImplementation, _ text: UnsafePointer<CChar>, _ count: Int,
        _ numbers: UnsafeMutablePointer<Self>, _ capacity: Int
    ) -> TensorTextReading
    static func print(
        _ implementation: TensorTextImplementation, _ out: UnsafeMutablePointer<CChar>,
        _ numbers: UnsafePointer<Self>, _ shape: [Int]
    ) -> Int
    static func byteBound(_ shape: [Int]) -> Int
    /// The type, for functions that take any.
    static var textFormat: TensorTextFormat { get }
    /// The C library's reading of a number.
    static func reference(_ text: String) -> Self
}

/// The types that are Swift's own.
protocol TextScalar: TextNumber, BinaryFloatingPoint {}

extension Float: TextScalar {
    static var textFormat: TensorTextFormat { .float32 }
    var rawBits: UInt32 { bitPattern }
    init(rawBits: UInt32) { self.init(bitPattern: rawBits) }

    static func read(
        _ implementation: TensorTextImplementation, _ text: UnsafePointer<CChar>, _ count: Int,
        _ numbers: UnsafeMutablePointer<Self>, _ capacity: Int
    ) -> TensorTextReading { implementation.readFloat32(text, count, numbers, capacity) }

    static func print(
        _ implementation: TensorTextImplementation, _ out: UnsafeMutablePointer<CChar>,
        _ numbers: UnsafePointer<Self>, _ shape: [Int]
    ) -> Int { implementation.printFloat32(out, numbers, Int32(shape.count), shape) }

    static func byteBound(_ shape: [Int]) -> Int {
        tensor_text_byte_bound_float32(Int32(shape.count), shape)
    }

    static func reference(_ text: String) -> Self { strtof(text, nil) }
}

extension Double: TextScalar {
    static var textFormat: TensorTextFormat { .float64 }
    var rawBits: UInt64 { bitPattern }
    init(rawBits: UInt64) { self.init(bitPattern: rawBits) }

    static func read(
        _ implementation: TensorTextImplementation, _ text: UnsafePointer<CChar>, _ count: Int,
        _ numbers: UnsafeMutablePointer<Self>, _ capacity: Int
    ) -> TensorTextReading { implementation.readFloat64(text, count, numbers, capacity) }

    static func print(
        _ implementation: TensorTextImplementation, _ out: UnsafeMutablePointer<CChar>,
        _ numbers: UnsafePointer<Self>, _ shape: [Int]
    ) -> Int { implementation.printFloat64(out, numbers, Int32(shape.count), shape) }

    static func byteBound(_ shape: [Int]) -> Int {
        tensor_text_byte_bound_float64(Int32(shape.count), shape)
    }

    static func reference(_ text: String) -> Self { strtod(text, nil) }
}
