// SPDX-License-Identifier: Apache-2.0

import KernelInterface
import Synchronization

extension KernelTable {
    /// Runs multiply-adds on registers alone, on `threads` cores at once: the most that any kernel of
    /// this instruction set could do in the same time.
    ///
    /// - Returns: floating-point operations done by all cores, a multiply-add being two
    public func runPeak(dtype: DType, threads: Int, rounds: Int) -> Int {
        let each =
            switch dtype {
            case .float32, .float16, .bfloat16: float32.peak
            case .float64: float64.peak
            }
        let done = Atomic<Int>(0)
        ParallelTiles.run(threads, threads: threads) { _, _ in
            done.add(each(rounds), ordering: .relaxed)
        }
        return done.load(ordering: .relaxed)
    }
}
