// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Synchronization

/// The only place where the engine uses more than one core.
package enum ParallelTiles {
    /// `for task in 0..<count { body(task, worker) }`, on up to `threads` cores.
    ///
    /// Tasks are handed out by a counter, so a core that is disturbed takes fewer; calls with the same
    /// `worker` (below `threads`) never overlap, so a worker may own scratch memory. Tasks write to
    /// places of their own: which worker runs which one changes nothing in the result.
    package static func run(
        _ count: Int, threads: Int, _ body: @Sendable (_ task: Int, _ worker: Int) -> Void
    ) {
        let workers = min(threads, count)
        if workers <= 1 {
            for task in 0..<count { body(task, 0) }
            return
        }
        let next = Atomic<Int>(0)
        DispatchQueue.concurrentPerform(iterations: workers) { worker in
            while true {
                let task = next.add(1, ordering: .relaxed).oldValue
                if task >= count { return }
                body(task, worker)
            }
        }
    }
}
