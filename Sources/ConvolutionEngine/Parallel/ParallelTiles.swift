// SPDX-License-Identifier: Apache-2.0

import CLanes
import Dispatch
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The only place where the engine uses more than one core.
package enum ParallelTiles {
    /// `for task in 0..<count { body(task, worker) }`, on up to `threads` cores.
    ///
    /// Tasks are handed out by a counter, so a core that is disturbed takes fewer; calls with the same
    /// `worker` (below `threads`) never overlap, so a worker may own scratch memory. Tasks write to
    /// places of their own: which worker runs which one changes nothing in the result.
    ///
    /// The caller is worker 0 and begins at once; helpers join when Dispatch has a thread for them, or
    /// not at all where all cores are busy. At the end the caller watches for the helpers' last tasks
    /// instead of sleeping: `concurrentPerform` costs 70-90 µs a call on two cores of a virtual machine,
    /// 45 of them to wake the caller again.
    package static func run(
        _ count: Int, threads: Int, _ body: @Sendable (_ task: Int, _ worker: Int) -> Void
    ) {
        let workers = min(threads, count)
        if workers <= 1 {
            for task in 0..<count { body(task, 0) }
            return
        }
        withoutActuallyEscaping(body) { body in
            let job = TileJob(count, body)
            for worker in 1..<workers {
                DispatchQueue.global(qos: .userInitiated).async { job.help(as: worker) }
            }
            job.work(as: 0)
            job.close()
        }
    }
}

/// The tasks of one call, for as long as it lasts; a helper that comes later finds it closed.
private final class TileJob: @unchecked Sendable {
    private let count: Int
    private var body: (@Sendable (Int, Int) -> Void)?
    private let next = Atomic<Int>(0)
    private let helpers = Atomic<Int>(0)
    private let isClosed = Atomic<Bool>(false)

    init(_ count: Int, _ body: @escaping @Sendable (Int, Int) -> Void) {
        (self.count, self.body) = (count, body)
    }

    /// Takes tasks until there are none. Not inlined, so that its hold on `body` ends with it: the closure
    /// does not escape, and the runtime checks that when the call returns.
    @inline(never) func work(as worker: Int) {
        guard let body else { return }
        while true {
            let task = next.add(1, ordering: .relaxed).oldValue
            if task >= count { return }
            body(task, worker)
        }
    }

    /// Either the helper is seen by ``close()``, or it sees that the job is closed: both look after they
    /// have written, in one order for all threads.
    func help(as worker: Int) {
        helpers.add(1, ordering: .sequentiallyConsistent)
        if !isClosed.load(ordering: .sequentiallyConsistent) { work(as: worker) }
        helpers.subtract(1, ordering: .sequentiallyConsistent)
    }

    /// Returns when no helper is at a task.
    func close() {
        isClosed.store(true, ordering: .sequentiallyConsistent)
        var looks = 0
        while helpers.load(ordering: .sequentiallyConsistent) > 0 {
            looks += 1
            // About 100 µs of watching; then others may have the core.
            if looks < 2000 { lanes_pause() } else { sched_yield() }
        }
        body = nil
    }
}
