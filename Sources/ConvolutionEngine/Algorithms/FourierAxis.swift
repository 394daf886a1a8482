// SPDX-License-Identifier: Apache-2.0

import KernelInterface
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// How lines of one length are transformed: the passes, and points of the unit circle for them.
///
/// A line of n points is a polynomial of degree below n, and its transform the values at the n roots of
/// tⁿ = i^quarters (see ``FourierPass``). 0 quarters are the usual transform. 1 quarter is for real
/// signals: modulo t²ⁿ + 1 = (tⁿ − i)(tⁿ + i) a real polynomial of 2n coefficients is known from its
/// values at the roots of tⁿ = i alone, the others being their conjugates; and modulo tⁿ − i it is
/// the n complex numbers a_j + i·a_{j+n}. So nothing is wasted on symmetry, and nothing has to be put
/// in order: products are those modulo t²ⁿ + 1, where what wraps around changes its sign.
///
/// Crandall and Fagin, "Discrete weighted transforms and large-integer arithmetic" (1994), call it the
/// right-angle convolution.
package final class FourierAxis<Scalar: TensorScalar>: @unchecked Sendable {
    /// Points.
    package let length: Int
    /// The passes of a forward transform.
    let passes: UnsafeBufferPointer<FourierPass>
    /// Each computed in double precision and rounded once.
    let twiddles: UnsafePointer<Scalar>

    package init(length: Int, quarters: Int) {
        self.length = length
        var passes: [FourierPass] = [], twiddles: [Scalar] = []
        var turns = [quarters], left = length
        for radix in Self.radices(length) {
            left /= radix
            passes.append(
                FourierPass(
                    radix: radix, blocks: turns.count, points: left, twiddles: twiddles.count))
            for turn in turns {
                for j in 1..<radix {
                    let (c, s) = Self.circle(turn * j, of: 4 * turns.count * radix)
                    twiddles += [Scalar(c), Scalar(s)]
                }
            }
            turns = Self.split(turns, radix)
        }
        self.passes = UnsafeBufferPointer(Self.copy(passes))
        self.twiddles = UnsafePointer(Self.copy(twiddles).baseAddress!)
    }

    /// Of each block of the next pass, the number that its polynomials are modulo: how far it has turned
    /// around the circle, in parts of four times as many as there are blocks.
    private static func split(_ turns: [Int], _ radix: Int) -> [Int] {
        turns.flatMap { turn in (0..<radix).map { turn + $0 * 4 * turns.count } }
    }

    /// In the order of a transform's values, the roots at which they are taken: in parts of the circle, of
    /// which there are four times the length.
    package static func roots(length: Int, quarters: Int) -> [Int] {
        radices(length).reduce([quarters], split)
    }

    deinit {
        passes.deallocate()
        twiddles.deallocate()
    }

    private static func copy<Element>(_ elements: [Element]) -> UnsafeMutableBufferPointer<Element>
    {
        let memory = UnsafeMutableBufferPointer<Element>.allocate(capacity: max(1, elements.count))
        _ = memory.initialize(from: elements)
        return UnsafeMutableBufferPointer(rebasing: memory[..<elements.count])
    }

    /// Threes and the odd two first, where the blocks are long and few.
    private static func radices(_ length: Int) -> [Int] {
        var radices: [Int] = [], left = length
        while left % 3 == 0 {
            radices.append(3)
            left /= 3
        }
        if left.trailingZeroBitCount % 2 == 1 {
            radices.append(2)
            left /= 2
        }
        precondition(left & (left - 1) == 0, "\(length) is no product of twos and threes")
        return radices + Array(repeating: 4, count: left.trailingZeroBitCount / 2)
    }

    /// Cosine and sine of so many parts of the circle, by those of an angle of at most π/4.
    private static func circle(_ turn: Int, of parts: Int) -> (Double, Double) {
        let quarters = (8 * turn + parts) / (2 * parts)
        let angle = Double(4 * turn - quarters * parts) / Double(2 * parts) * .pi
        let (c, s) = (cos(angle), sin(angle))
        switch quarters & 3 {
        case 0: return (c, s)
        case 1: return (-s, c)
        case 2: return (-c, -s)
        default: return (s, -c)
        }
    }
}

extension FourierAxis {
    /// Lines of this length.
    package func lines(
        _ first: UnsafeMutablePointer<Scalar>, pitch: Int, count: Int, linePitch: Int
    ) -> FourierLines<Scalar> {
        FourierLines(
            first: first, pitch: pitch, count: count, linePitch: linePitch, passes: passes,
            twiddles: twiddles, length: length)
    }

    /// The one that others have made already, where it is short enough to be kept.
    static func shared(length: Int, quarters: Int) -> FourierAxis {
        guard length <= 8192 else { return FourierAxis(length: length, quarters: quarters) }
        let key = FourierAxisCache.Key(dtype: Scalar.dtype, length: length, quarters: quarters)
        if let kept = FourierAxisCache.kept.withLock({ $0[key] }) as? FourierAxis { return kept }
        let made = FourierAxis(length: length, quarters: quarters)
        FourierAxisCache.kept.withLock { $0[key] = made }
        return made
    }
}

/// Sines take longer than many a convolution; there are some fifty lengths, of a megabyte together.
private enum FourierAxisCache {
    struct Key: Hashable, Sendable {
        let dtype: DType
        let length: Int
        let quarters: Int
    }

    static let kept = Mutex<[Key: any AnyObject & Sendable]>([:])
}
