// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import Dispatch

/// Times contestants on one layer, in turns.
struct BenchRun {
    let data: BenchData
    let contestants: [any BenchContestant]
    let seconds: Double
    let threads: Int

    /// - Parameters:
    ///   - check: whether errors are told
    ///   - tellsChoice: whether results say if the engine would have chosen this algorithm
    func measure(check: Bool, tellsChoice: Bool) -> [BenchResult] {
        let before = peakRate()
        let times = times()
        let peak = max(before, peakRate())
        let choice = tellsChoice ? data.plan(nil, threads: threads).algorithm.name : nil
        return zip(contestants, times).map { contestant, times in
            BenchResult(
                name: data.layer.name, algorithm: contestant.algorithm,
                milliseconds: times[times.count / 2] * 1e3, leastMilliseconds: times[0] * 1e3,
                operations: 2 * Double(data.geometry.multiplyAccumulates), peak: peak,
                isChosen: choice.map { $0 == contestant.algorithm },
                error: check ? contestant.error() : nil)
        }
    }

    /// Sorted times of each contestant's calls, in seconds. Those who have had their seconds leave the
    /// round, so that a slow one does not keep the others from theirs.
    private func times() -> [[Double]] {
        for contestant in contestants { warmUp(contestant) }
        var taken = contestants.map { _ in [Double]() }
        var spent = contestants.map { _ in 0.0 }
        var round = Array(contestants.indices)
        while !round.isEmpty {
            for i in round {
                let time = clocked(contestants[i].call)
                taken[i].append(time)
                spent[i] += time
            }
            round.removeAll {
                taken[$0].count >= 3 && (spent[$0] >= seconds || taken[$0].count >= 5000)
            }
        }
        return taken.map { $0.sorted() }
    }

    /// Three calls, fewer where one takes as long as all are to take.
    private func warmUp(_ contestant: any BenchContestant) {
        var spent = 0.0
        for _ in 0..<3 where spent < seconds { spent += clocked(contestant.call) }
    }

    /// Operations a second of multiply-adds on registers, on as many cores: the best of eleven runs,
    /// since whatever else the machine does can only make it less.
    private func peakRate() -> Double {
        (0..<11).reduce(0) { best, _ in
            var operations = 0
            let time = clocked {
                operations = InstructionSet.current.kernels!.runPeak(
                    dtype: data.dtype, threads: threads, rounds: 200_000)
            }
            return max(best, Double(operations) / time)
        }
    }
}

/// Seconds that a call takes.
func clocked(_ call: () -> Void) -> Double {
    let begin = DispatchTime.now().uptimeNanoseconds
    call()
    return Double(DispatchTime.now().uptimeNanoseconds - begin) * 1e-9
}
