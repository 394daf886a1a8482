// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Glibc

extension HTTPServer {
    /// Ends without losing a request: `preStopSeconds` as before but not ready; then no new
    /// connections, `Connection: close` on every reply, up to `drainSeconds` for what is in flight;
    /// 503 for the rest.
    public func drain() async {
        await withCheckedContinuation { continuation in
            control.async { [self] in
                drainNow()
                continuation.resume()
            }
        }
    }

    /// The same, for callers that are not asynchronous. Blocks.
    public func stop() { control.sync { drainNow() } }

    private func drainNow() {
        status.beginDraining()
        let daemon = state.withLock { state in
            defer { (state.daemon, state.isOver) = (nil, true) }
            return state.daemon
        }
        guard let daemon else { return }
        _ = sweep(daemon, .serving, until: -1, seconds: Double(limits.preStopSeconds))
        let isEmpty = sweep(daemon, .draining, until: 0, seconds: Double(limits.drainSeconds))
        isEmpty ? daemon.stop() : giveUp(daemon)
    }

    /// The time is over. What computes cannot be stopped, and its connection has to outlive it.
    private func giveUp(_ daemon: Daemon) {
        status.beginEnding()
        let stragglers = flow.giveUp()
        flow.hooks.logger.warning(
            "\(stragglers) requests were still computed after \(limits.drainSeconds) s")
        _ = sweep(daemon, .ending, until: stragglers, seconds: 1)
        DispatchQueue.global().async { [flow] in
            while !flow.queue.isEmpty { usleep(10_000) }
            while daemon.sweep(.ending) > 0 { usleep(10_000) }
            daemon.stop()
        }
    }

    /// Whether no more than `count` connections were left in time.
    private func sweep(_ daemon: Daemon, _ stage: Daemon.Stage, until count: Int, seconds: Double)
        -> Bool
    {
        let start = Timestamp.now
        while Timestamp.now.milliseconds(since: start) < seconds * 1000 {
            let open = daemon.sweep(stage)
            status.setOpenConnections(open)
            if open <= count { return true }
            usleep(5_000)
        }
        return false
    }
}
