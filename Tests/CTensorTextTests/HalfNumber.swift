// SPDX-License-Identifier: Apache-2.0

import CTensorText
import Foundation
import TestSupport

/// A number of 16 bits by its pattern.
protocol HalfNumber: TextNumber where RawBits == UInt16 {
    static var format: HalfReference { get }
}

extension HalfNumber {
    static var infinity: Self { Self(rawBits: format.infinity) }
    static var nan: Self { Self(rawBits: format.infinity | format.quiet) }
    static prefix func - (number: Self) -> Self { Self(rawBits: number.rawBits ^ 0x8000) }
    var isFinite: Bool { rawBits & 0x7FFF < Self.format.infinity }
    var isNaN: Bool { rawBits & 0x7FFF > Self.format.infinity }

    /// By way of the C library's double; one that is halfway between two numbers is not believed, but
    /// the decimals are compared.
    static func reference(_ text: String) -> Self {
        let double = strtod(text, nil), low = format.pattern(below: double.magnitude)
        let middle = format.midpoint(above: low)
        guard double.magnitude == middle else { return Self(rawBits: format.nearest(double)) }
        let (given, exact) = (ExactDecimal(text), ExactDecimal(middle))
        let isUp = exact < given || (given == exact && low & 1 == 1)
        return Self(rawBits: (isUp ? low + 1 : low) | (text.hasPrefix("-") ? 0x8000 : 0))
    }
}

/// float16
struct Half16: HalfNumber {
    static let textFormat = TensorTextFormat.float16
    static let format = HalfReference.float16
    var rawBits: UInt16

    static func read(
        _ implementation: TensorTextImplementation, _ text: UnsafePointer<CChar>, _ count: Int,
        _ numbers: UnsafeMutablePointer<Self>, _ capacity: Int
    ) -> TensorTextReading {
        numbers.withMemoryRebound(to: UInt16.self, capacity: capacity) {
            implementation.readFloat16(text, count, $0, capacity)
        }
    }

    static func print(
        _ implementation: TensorTextImplementation, _ out: UnsafeMutablePointer<CChar>,
        _ numbers: UnsafePointer<Self>, _ shape: [Int]
    ) -> Int {
        numbers.withMemoryRebound(to: UInt16.self, capacity: shape.reduce(1, *)) {
            implementation.printFloat16(out, $0, Int32(shape.count), shape)
        }
    }

    static func byteBound(_ shape: [Int]) -> Int {
        tensor_text_byte_bound_float16(Int32(shape.count), shape)
    }
}

/// bfloat16
struct BrainHalf: HalfNumber {
    static let textFormat = TensorTextFormat.bfloat16
    static let format = HalfReference.bfloat16
    var rawBits: UInt16

    static func read(
        _ implementation: TensorTextImplementation, _ text: UnsafePointer<CChar>, _ count: Int,
        _ numbers: UnsafeMutablePointer<Self>, _ capacity: Int
    ) -> TensorTextReading {
        numbers.withMemoryRebound(to: UInt16.self, capacity: capacity) {
            implementation.readBFloat16(text, count, $0, capacity)
        }
    }

    static func print(
        _ implementation: TensorTextImplementation, _ out: UnsafeMutablePointer<CChar>,
        _ numbers: UnsafePointer<Self>, _ shape: [Int]
    ) -> Int {
        numbers.withMemoryRebound(to: UInt16.self, capacity: shape.reduce(1, *)) {
            implementation.printBFloat16(out, $0, Int32(shape.count), shape)
        }
    }

    static func byteBound(_ shape: [Int]) -> Int {
        tensor_text_byte_bound_bfloat16(Int32(shape.count), shape)
    }
}
