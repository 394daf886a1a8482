// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import HTTPTransport
import JSONText

extension ConvolutionService {
    /// `POST /v1/compare`: the same convolution by each algorithm that can do it.
    func compare(_ exchange: Exchange) throws(RequestFailure) -> HTTPOutcome {
        let sent = try exchange.document.decode { cursor throws(RequestFailure) in
            try CompareRequest(json: &cursor)
        }
        let convolution = try sent.convolution.convolution()
        let precision = convolution.options.precision
        let able = Algorithm.able(for: convolution.computed, precision: precision)
        let algorithms = sent.algorithms.isEmpty ? able : sent.algorithms
        for algorithm in sent.algorithms {
            do {
                try algorithm.check(convolution.computed, precision: precision)
            } catch {
                throw .field(pointer: "/algorithms", reason: error.reason)
            }
        }
        try limits.check(convolution, .float64)
        try limits.checkComparison(convolution, algorithms.count)
        return exchange.outcome(isSmall: false) { timing throws(RequestFailure) in
            let comparison = try sent.comparison(convolution, algorithms)
            timing.end(.compute)
            return .json(comparison.json(convolution))
        }
    }
}

extension CompareRequest {
    fileprivate func comparison(
        _ convolution: Convolution, _ algorithms: [Algorithm]
    ) throws(RequestFailure) -> AlgorithmComparison {
        do {
            return try AlgorithmComparison(
                convolution, self.convolution.operands, algorithms: algorithms)
        } catch {
            throw self.convolution.parameters.failure(error)
        }
    }
}

extension ServiceLimits {
    /// All runs together keep to the limit of one request.
    fileprivate func checkComparison(
        _ convolution: Convolution, _ algorithms: Int
    ) throws(RequestFailure) {
        let runs = algorithms * AlgorithmComparison.fewestRuns + 1
        let work = convolution.geometry.multiplyAccumulates
        if work > maxMultiplyAccumulates / runs {
            throw .field(
                pointer: "",
                reason: """
                    comparing \(algorithms) algorithms takes \(runs) runs of \(work) \
                    multiply-accumulates, but the limit is \(maxMultiplyAccumulates) for all; name \
                    fewer algorithms, send a smaller input, or raise --max-multiply-accumulates
                    """)
        }
        let byteCount = convolution.geometry.outputCount.multipliedReportingOverflow(by: 32)
        guard byteCount.overflow || byteCount.partialValue > maxOutputBytes else { return }
        throw .field(
            pointer: "",
            reason: """
                the outputs to compare, \(convolution.outputShape), take 32 bytes an \
                element, more than the limit of \(maxOutputBytes) bytes; send a smaller input, or \
                raise --max-output-bytes
                """)
    }
}

extension AlgorithmComparison {
    /// `{"results": [...], "fastest": name, "auto": name}`
    fileprivate func json(_ convolution: Convolution) -> JSONObjectText {
        var reply = JSONObjectText()
        let work = convolution.geometry.multiplyAccumulates
        reply.add("results", rows.map { $0.json(multiplyAccumulates: work) })
        let fastest = rows.min { $0.seconds < $1.seconds }
        reply.add("fastest", fastest?.algorithm.name ?? "")
        let auto = Algorithm.fastest(
            for: convolution.computed, precision: convolution.options.precision)
        reply.add("auto", auto.name)
        return reply
    }
}

extension AlgorithmComparison.Row {
    fileprivate func json(multiplyAccumulates work: Int) -> JSONObjectText {
        var row = JSONObjectText()
        row.add("algorithm", algorithm.name)
        row.add("time_ms", seconds * 1000)
        row.add("multiply_accumulates", work)
        row.add("gflops", seconds > 0 ? 2e-9 * Double(work) / seconds : 0)
        row.add("scratch_bytes", scratchByteCount)
        row.add("max_abs_error", maxAbsError)
        row.add("max_rel_error", maxRelError)
        return row
    }
}
