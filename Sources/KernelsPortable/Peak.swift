// SPDX-License-Identifier: Apache-2.0

/// What one core can do at most: fused multiply-adds on registers alone.
enum Peak<V: KernelVector> {
    /// Twelve independent sums, enough to hide the latency of two units.
    typealias Sums = InlineArray<12, V>

    /// Runs `rounds` rounds and returns the floating-point operations that it did, a multiply-add
    /// being two. The sums stay near 1, far from denormals.
    @inline(never) static func run(_ rounds: Int) -> Int {
        var sums = Sums(repeating: .init(repeating: 1))
        let shrink = V(repeating: 1 - V.Scalar.ulpOfOne * V.Scalar(rounds & 7))
        let add = V(repeating: V.Scalar.ulpOfOne)
        for _ in 0..<rounds {
            for i in 0..<12 { sums[i] = V.muladd(sums[i], shrink, add) }
        }
        var total = V.zero
        for i in 0..<12 { total = V.sum(total, sums[i]) }
        // The result is used, so that the loop is not for nothing.
        return total[0] == 0 ? 0 : rounds * 12 * V.scalarCount * 2
    }
}
