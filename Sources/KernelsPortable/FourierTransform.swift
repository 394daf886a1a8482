// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// Transforms of lines, and what is done to a line while it is in the cache.
enum FourierTransform<V: KernelVector> {
    typealias Scalar = V.Scalar
    typealias Point = FourierPoint<V>
    typealias Lines = FourierLines<Scalar>
    typealias Memory = UnsafeMutablePointer<Scalar>

    /// Half of a first-level cache: as many bytes of a line are finished before the next ones.
    private static var blockByteCount: Int { 16 * 1024 }

    /// The first pass whose blocks are short enough to be finished one by one.
    @inline(__always) private static func split(_ o: Lines) -> Int {
        var pass = 0
        let bytes = o.length * 2 * V.scalarCount * MemoryLayout<Scalar>.stride
        while pass < o.passes.count, bytes > blockByteCount * o.passes[pass].blocks { pass += 1 }
        return pass
    }

    /// Passes over the whole line until its blocks are short, then block by block.
    @inline(__always) private static func forward(_ o: Lines, _ line: Memory, split: Int) {
        for pass in o.passes[..<split] {
            FourierButterflies<V>.forward(pass, 0..<pass.blocks, line, o.pitch, o.twiddles)
        }
        let count = blocks(o, split)
        for block in 0..<count { forward(o, line, split: split, block: block, of: count) }
    }

    @inline(__always) private static func forward(
        _ o: Lines, _ line: Memory, split: Int, block: Int, of count: Int
    ) {
        for pass in o.passes[split...] {
            let some = pass.blocks / count
            FourierButterflies<V>.forward(
                pass, block * some..<(block + 1) * some, line, o.pitch, o.twiddles)
        }
    }

    @inline(__always) private static func inverse(
        _ o: Lines, _ line: Memory, split: Int, block: Int, of count: Int
    ) {
        for pass in o.passes[split...].reversed() {
            let some = pass.blocks / count
            FourierButterflies<V>.inverse(
                pass, block * some..<(block + 1) * some, line, o.pitch, o.twiddles)
        }
    }

    /// The end of an inverse transform: the passes over the whole line.
    @inline(__always) private static func finishInverse(_ o: Lines, _ line: Memory, split: Int) {
        for pass in o.passes[..<split].reversed() {
            FourierButterflies<V>.inverse(pass, 0..<pass.blocks, line, o.pitch, o.twiddles)
        }
    }

    /// Blocks that are finished one by one.
    @inline(__always) private static func blocks(_ o: Lines, _ split: Int) -> Int {
        split < o.passes.count ? o.passes[split].blocks : 1
    }

    /// Forward, in place.
    @inline(never) static func forward(_ o: Lines) {
        let split = split(o)
        for l in 0..<o.count { forward(o, o.first + l * o.linePitch, split: split) }
    }

    /// Inverse, in place.
    @inline(never) static func inverse(_ o: Lines) {
        let split = split(o), count = blocks(o, split)
        for l in 0..<o.count {
            let line = o.first + l * o.linePitch
            for block in 0..<count { inverse(o, line, split: split, block: block, of: count) }
            finishInverse(o, line, split: split)
        }
    }

    /// Forward, times a spectrum, inverse, in place.
    @inline(never) static func filter(_ o: Lines, _ spectrum: LineSpectrum<Scalar>) {
        let split = split(o), count = blocks(o, split), some = o.length / count
        let perPoint = spectrum.isPerLane ? 2 * V.scalarCount : 2
        var values = spectrum.values
        for l in 0..<o.count {
            let line = o.first + l * o.linePitch
            for pass in o.passes[..<split] {
                FourierButterflies<V>.forward(pass, 0..<pass.blocks, line, o.pitch, o.twiddles)
            }
            for block in 0..<count {
                forward(o, line, split: split, block: block, of: count)
                multiply(line + block * some * o.pitch, o.pitch, some, values, spectrum.isPerLane)
                inverse(o, line, split: split, block: block, of: count)
                values += some * perPoint
            }
            finishInverse(o, line, split: split)
        }
    }

    @inline(__always) private static func multiply(
        _ points: Memory, _ pitch: Int, _ count: Int, _ values: UnsafePointer<Scalar>,
        _ isPerLane: Bool
    ) {
        var p = points, v = values
        if isPerLane {
            for _ in 0..<count {
                Point(at: p).timesConjugate(of: Point(at: v)).stored(at: p)
                p += pitch
                v += 2 * V.scalarCount
            }
        } else {
            for _ in 0..<count {
                Point(at: p).timesConjugate(of: Point(repeating: v)).stored(at: p)
                p += pitch
                v += 2
            }
        }
    }

    /// Forward, then each point to where it belongs.
    @inline(never) static func analyze(_ o: Lines, _ points: ScatteredPoints<Scalar>) {
        let split = split(o), runs = o.length / points.run
        var to = points.first
        for l in 0..<o.count {
            let line = o.first + l * o.linePitch
            forward(o, line, split: split)
            var from = line
            for _ in 0..<runs {
                for i in 0..<points.run {
                    Point(at: from).stored(at: to + i * points.pitch)
                    from += o.pitch
                }
                to += points.runPitch
            }
        }
    }

    /// Each point from where it is, then inverse.
    @inline(never) static func synthesize(_ o: Lines, _ points: ScatteredPoints<Scalar>) {
        let split = split(o), count = blocks(o, split), runs = o.length / points.run
        var from = points.first
        for l in 0..<o.count {
            let line = o.first + l * o.linePitch
            var to = line
            for _ in 0..<runs {
                for i in 0..<points.run {
                    Point(at: from + i * points.pitch).stored(at: to)
                    to += o.pitch
                }
                from += points.runPitch
            }
            for block in 0..<count { inverse(o, line, split: split, block: block, of: count) }
            finishInverse(o, line, split: split)
        }
    }
}
