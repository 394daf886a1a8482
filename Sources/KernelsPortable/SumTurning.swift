// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// ``TurnedSums``: squares are turned in registers, the last ones moved back over those before them. Of some output
/// channels all pixels, so that rows of outputs are written from end to end.
enum SumTurning<V: KernelVector> {
    typealias Scalar = V.Scalar

    static func run(_ o: TurnedSums<Scalar>) {
        let least = min(o.pixels, o.channels)
        if least >= V.wholeSide {
            cover(o, V.wholeSide) { V.turnWhole($0, o.sumsPitch, $1, o.outputPitch) }
        } else if least >= V.side {
            cover(o, V.side) { V.turn($0, o.sumsPitch, $1, o.outputPitch) }
        } else {
            for c in 0..<o.channels {
                for p in 0..<o.pixels {
                    o.output[c * o.outputPitch + p] = o.sums[p * o.sumsPitch + c]
                }
            }
        }
    }

    @inline(__always) private static func cover(
        _ o: TurnedSums<Scalar>, _ side: Int,
        _ turn: (UnsafePointer<Scalar>, UnsafeMutablePointer<Scalar>) -> Void
    ) {
        for c in stride(from: 0, to: o.channels, by: side) {
            let c = min(c, o.channels - side)
            for p in stride(from: 0, to: o.pixels, by: side) {
                let p = min(p, o.pixels - side)
                turn(o.sums + p * o.sumsPitch + c, o.output + c * o.outputPitch + p)
            }
        }
    }
}
