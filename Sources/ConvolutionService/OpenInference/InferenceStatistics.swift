// SPDX-License-Identifier: Apache-2.0

import JSONText
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What Triton's clients ask of a model's past: how many requests, and where their time went.
final class InferenceStatistics: Sendable {
    private struct Duration {
        var count = 0
        var nanoseconds: UInt64 = 0

        mutating func add(_ nanoseconds: UInt64) {
            count += 1
            self.nanoseconds += nanoseconds
        }

        var json: JSONObjectText {
            var text = JSONObjectText()
            text.add("count", count)
            text.add("ns", Int(clamping: nanoseconds))
            return text
        }
    }

    private struct Record {
        var lastMilliseconds = 0
        var success = Duration()
        var fail = Duration()
        var queue = Duration()
        var input = Duration()
        var infer = Duration()
        var output = Duration()
    }

    private let records = Mutex<[String: Record]>([:])

    /// Counts one request for `model`.
    func record(_ model: InferenceModel, isSuccess: Bool, _ timing: ServerTiming) {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        records.withLock { records in
            var record = records[model.name] ?? Record()
            record.lastMilliseconds = now.tv_sec * 1000 + now.tv_nsec / 1_000_000
            let all = ServerTiming.Stage.allCases.reduce(0) { $0 + timing.nanoseconds($1) }
            if isSuccess {
                record.success.add(all)
                record.queue.add(timing.nanoseconds(.queue))
                record.input.add(timing.nanoseconds(.parse))
                record.infer.add(timing.nanoseconds(.compute))
                record.output.add(timing.nanoseconds(.serialize))
            } else {
                record.fail.add(all)
            }
            records[model.name] = record
        }
    }

    /// `{"model_stats": [...]}`, in the words of Triton's statistics extension.
    func json(_ models: [InferenceModel]) -> JSONObjectText {
        let records = records.withLock { $0 }
        var text = JSONObjectText()
        text.add("model_stats", models.map { Self.json($0, records[$0.name] ?? Record()) })
        return text
    }

    private static func json(_ model: InferenceModel, _ record: Record) -> JSONObjectText {
        var stages = JSONObjectText()
        stages.add("success", record.success.json)
        stages.add("fail", record.fail.json)
        stages.add("queue", record.queue.json)
        stages.add("compute_input", record.input.json)
        stages.add("compute_infer", record.infer.json)
        stages.add("compute_output", record.output.json)
        stages.add("cache_hit", Duration().json)
        stages.add("cache_miss", Duration().json)
        var text = JSONObjectText()
        text.add("name", model.name)
        text.add("version", InferenceModel.version)
        text.add("last_inference", record.lastMilliseconds)
        text.add("inference_count", record.success.count)
        text.add("execution_count", record.success.count)
        text.add("inference_stats", stages)
        text.add("response_stats", JSONObjectText())
        text.add("batch_stats", [] as [JSONObjectText])
        text.add("memory_usage", [] as [JSONObjectText])
        return text
    }
}
