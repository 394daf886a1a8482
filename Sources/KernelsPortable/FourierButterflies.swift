// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// The passes of a transform over one line: vectors alone, since every lane is a signal of its own.
///
/// A block's twiddles are the same for all its points, so they stay in registers. Radix 4 is the widest
/// whose points all fit in sixteen registers.
enum FourierButterflies<V: KernelVector> {
    typealias Scalar = V.Scalar
    typealias Point = FourierPoint<V>
    typealias Memory = UnsafeMutablePointer<Scalar>

    /// One pass over some of its blocks.
    @inline(__always) static func forward(
        _ pass: FourierPass, _ blocks: Range<Int>, _ line: Memory, _ pitch: Int,
        _ twiddles: UnsafePointer<Scalar>
    ) {
        switch pass.radix {
        case 4: forEachPoint(pass, blocks, line, pitch, twiddles, radix: 4, forward4)
        case 3: forEachPoint(pass, blocks, line, pitch, twiddles, radix: 3, forward3)
        default: forEachPoint(pass, blocks, line, pitch, twiddles, radix: 2, forward2)
        }
    }

    /// What undoes it, times the radix.
    @inline(__always) static func inverse(
        _ pass: FourierPass, _ blocks: Range<Int>, _ line: Memory, _ pitch: Int,
        _ twiddles: UnsafePointer<Scalar>
    ) {
        switch pass.radix {
        case 4: forEachPoint(pass, blocks, line, pitch, twiddles, radix: 4, inverse4)
        case 3: forEachPoint(pass, blocks, line, pitch, twiddles, radix: 3, inverse3)
        default: forEachPoint(pass, blocks, line, pitch, twiddles, radix: 2, inverse2)
        }
    }

    /// Runs a butterfly for each point of each block. Two loops, since the last pass has one point a block
    /// and would spend its time on starting the inner one.
    @inline(__always) private static func forEachPoint(
        _ pass: FourierPass, _ blocks: Range<Int>, _ line: Memory, _ pitch: Int,
        _ twiddles: UnsafePointer<Scalar>, radix: Int,
        _ butterfly: (Memory, Int, Point, Point, Point) -> Void
    ) {
        let part = pass.points * pitch, step = 2 * (radix - 1)
        var p = line + blocks.lowerBound * radix * part
        var w = twiddles + pass.twiddles + blocks.lowerBound * step
        if pass.points == 1 {
            for _ in blocks {
                let (w1, w2, w3) = numbers(w, radix)
                butterfly(p, pitch, w1, w2, w3)
                p += radix * pitch
                w += step
            }
            return
        }
        for _ in blocks {
            let (w1, w2, w3) = numbers(w, radix)
            for _ in 0..<pass.points {
                butterfly(p, part, w1, w2, w3)
                p += pitch
            }
            p += (radix - 1) * part
            w += step
        }
    }

    /// c, c² and c³ of a block, as far as its radix needs them.
    @inline(__always) private static func numbers(
        _ w: UnsafePointer<Scalar>, _ radix: Int
    ) -> (Point, Point, Point) {
        let w1 = Point(repeating: w)
        let w2 = radix > 2 ? Point(repeating: w + 2) : w1
        return (w1, w2, radix > 3 ? Point(repeating: w + 4) : w1)
    }

    @inline(__always) private static func forward2(
        _ p: Memory, _ part: Int, _ w1: Point, _: Point, _: Point
    ) {
        let a = Point(at: p), b = Point(at: p + part) * w1
        (a + b).stored(at: p)
        (a - b).stored(at: p + part)
    }

    @inline(__always) private static func inverse2(
        _ p: Memory, _ part: Int, _ w1: Point, _: Point, _: Point
    ) {
        let a = Point(at: p), b = Point(at: p + part)
        (a + b).stored(at: p)
        (a - b).timesConjugate(of: w1).stored(at: p + part)
    }

    /// a + b + c and a − (b + c)/2 ± i·√3/2·(b − c)
    @inline(__always) private static func three(_ a: Point, _ b: Point, _ c: Point) -> (
        Point, Point, Point
    ) {
        let half = V(repeating: 0.5), height = V(repeating: 0.866025403784438646763723170752936183)
        let sum = b + c, difference = b - c
        let middle = Point(
            V.negmuladd(half, sum.re, a.re), V.negmuladd(half, sum.im, a.im))
        let side = Point(V.product(height, difference.re), V.product(height, difference.im))
        return (a + sum, .plusTurned(middle, side), .minusTurned(middle, side))
    }

    @inline(__always) private static func forward3(
        _ p: Memory, _ part: Int, _ w1: Point, _ w2: Point, _: Point
    ) {
        let (a, b, c) = three(
            Point(at: p), Point(at: p + part) * w1, Point(at: p + 2 * part) * w2)
        a.stored(at: p)
        b.stored(at: p + part)
        c.stored(at: p + 2 * part)
    }

    @inline(__always) private static func inverse3(
        _ p: Memory, _ part: Int, _ w1: Point, _ w2: Point, _: Point
    ) {
        let (a, c, b) = three(Point(at: p), Point(at: p + part), Point(at: p + 2 * part))
        a.stored(at: p)
        b.timesConjugate(of: w1).stored(at: p + part)
        c.timesConjugate(of: w2).stored(at: p + 2 * part)
    }

    @inline(__always) private static func forward4(
        _ p: Memory, _ part: Int, _ w1: Point, _ w2: Point, _ w3: Point
    ) {
        let c = Point(at: p + 2 * part) * w2
        let a = Point(at: p)
        let even = a + c, evenOff = a - c
        let b = Point(at: p + part) * w1, d = Point(at: p + 3 * part) * w3
        let odd = b + d, oddOff = b - d
        (even + odd).stored(at: p)
        (even - odd).stored(at: p + 2 * part)
        Point.plusTurned(evenOff, oddOff).stored(at: p + part)
        Point.minusTurned(evenOff, oddOff).stored(at: p + 3 * part)
    }

    @inline(__always) private static func inverse4(
        _ p: Memory, _ part: Int, _ w1: Point, _ w2: Point, _ w3: Point
    ) {
        let a = Point(at: p), c = Point(at: p + 2 * part)
        let even = a + c, evenOff = a - c
        let b = Point(at: p + part), d = Point(at: p + 3 * part)
        let odd = b + d, oddOff = b - d
        (even + odd).stored(at: p)
        (even - odd).timesConjugate(of: w2).stored(at: p + 2 * part)
        Point.minusTurned(evenOff, oddOff).timesConjugate(of: w1).stored(at: p + part)
        Point.plusTurned(evenOff, oddOff).timesConjugate(of: w3).stored(at: p + 3 * part)
    }
}
