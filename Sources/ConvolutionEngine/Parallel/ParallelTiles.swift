// SPDX-License-Identifier: Apache-2.0

/// The only place where the engine uses more than one core.
package enum ParallelTiles {
    /// `for task in 0..<count { body(task, worker) }`, on up to `threads` cores.
    ///
    /// Each worker goes through its share of neighbouring tasks, so that what a core computes at the same time is far
    /// from what another does, and that it finds in its caches what it wrote in the call before; who is done helps
    /// others with theirs, so a core that is disturbed takes fewer. Calls with the same `worker` (below `threads`)
    /// never overlap, so a worker may own scratch memory. Tasks write to
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
            let job = TileJob(count, workers: workers, body)
            TileHelpers.shared.call(for: job)
            job.work(as: 0)
            job.close()
        }
    }
}
