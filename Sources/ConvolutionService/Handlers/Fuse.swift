// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import HTTPTransport
import JSONText
import Reparameterization

extension ConvolutionService {
    /// `POST /v1/fuse/*`
    func fuse(
        _ operation: FusionOperation, _ exchange: Exchange
    ) throws(RequestFailure) -> HTTPOutcome {
        let sent = try exchange.document.decode { cursor throws(RequestFailure) in
            try FusionRequest(operation, json: &cursor)
        }
        let count = try limits.checkFusion(of: sent.layers, sent.spelling.spelling)
        // A 1 x n and an n x 1 kernel, or a pool, fill n x n out of a few bytes: never small.
        let isSmall =
            sent.isBounded && !sent.options.verify && count <= limits.inlineOutputElements
        return try exchange.fuse(sent.spelling, isSmall: isSmall) { run throws(FusionError) in
            let fused = try sent.layers.fused()
            let warnings = sent.layers.warnings(fused)
            guard sent.options.verify else { return (fused, warnings, nil) }
            let verification = try Verification.run(
                sent.layers, fused: fused, probe: sent.options.probe, convolve: run)
            return (fused, warnings, verification)
        }
    }
}

extension Exchange {
    typealias Fused = (
        convolution: FusedConvolution, warnings: [String], verification: Verification?
    )

    /// Fuses, here if it is little work, and writes the reply.
    fileprivate func fuse(
        _ spelling: ReplySpelling, isSmall: Bool,
        _ body: @escaping @Sendable (ConvolutionRunner) throws(FusionError) -> Fused
    ) throws(RequestFailure) -> HTTPOutcome {
        _ = try replyEncoding(tensorCount: 2)
        return outcome(isSmall: isSmall) { timing throws(RequestFailure) in
            let fused = try Self.fused(body, service.limits)
            let reply = TensorReply(fused)
            let form = try form(
                spelling, reply.tensors.map { ($0.name, $0.tensor.shape) },
                fused.convolution.weight.dtype)
            let memory = try form.memory(from: service.replies)
            timing.end(.compute)
            defer { timing.end(.serialize) }
            return form.response(reply, in: memory)
        }
    }

    private static func fused(
        _ body: (ConvolutionRunner) throws(FusionError) -> Fused, _ limits: ServiceLimits
    ) throws(RequestFailure) -> Fused {
        do {
            return try body(limits.convolve)
        } catch {
            throw RequestFailure(error)
        }
    }
}

extension ServiceLimits {
    /// A pool or crossed kernels make a large weight of few bytes: its size is checked before it is made.
    ///
    /// - Returns: its elements
    fileprivate func checkFusion(
        of layers: any Fusable, _ spelling: TensorSpelling
    ) throws(RequestFailure) -> Int {
        let form: FusedForm
        do {
            form = try layers.fusedForm()
        } catch {
            throw RequestFailure(error)
        }
        guard form.work <= Double(maxMultiplyAccumulates) else {
            throw .field(
                pointer: "/layers",
                reason:
                    "composing the layers may take \(Int(min(form.work, 1e18))) multiply-accumulates, but the limit is "
                    + "\(maxMultiplyAccumulates); fuse fewer of them, or raise --max-multiply-accumulates"
            )
        }
        _ = try replyByteCount(spelling, shape: form.weightShape, dtype: .float32)
        return form.weightShape.reduce(1, *)
    }

    /// A convolution of a verification, if its output is not too large: four copies of it are held
    /// as `Double` to be compared.
    fileprivate func convolve(
        _ geometry: ConvolutionGeometry, _ input: Tensor, _ weight: Tensor, _ bias: Tensor?
    ) throws(ConvolutionError) -> Tensor {
        guard geometry.outputCount <= maxOutputBytes / 32 else {
            throw .invalid(
                field: "input",
                reason: """
                    the output to verify with, \(geometry.outputShape), takes 32 bytes an element, \
                    more than the limit of \(maxOutputBytes) bytes; verify with a smaller input or \
                    input_size, or raise --max-output-bytes
                    """)
        }
        if let reason = excessiveWork(geometry) { throw .invalid(field: "input", reason: reason) }
        return try Convolve.run(geometry, input: input, weight: weight, bias: bias)
    }
}

extension TensorReply {
    /// `{"weight", "bias", "padding_value": tensors, "stride", "padding", "groups": numbers, "warnings": words,
    /// "verify": {...}}`
    fileprivate init(_ fused: Exchange.Fused) {
        self.init("weight", fused.convolution.weight)
        add("bias", fused.convolution.bias)
        if let values = fused.convolution.paddingValue { add("padding_value", values) }
        if let placement = fused.convolution.placement {
            add("stride", json: "\(placement.stride)")
            add("padding", json: "\(placement.padding)")
            add("groups", json: "\(placement.groups)")
        }
        if !fused.warnings.isEmpty {
            add("warnings", json: jsonList(fused.warnings))
        }
        if let verification = fused.verification {
            add("verify", json: verification.json.text)
        }
    }
}

extension Verification {
    fileprivate var json: JSONObjectText {
        var text = JSONObjectText()
        text.add("max_abs_diff", maxAbsDiff)
        text.add("max_rel_diff", maxRelDiff)
        text.add("unfused_ms", unfusedMilliseconds)
        text.add("fused_ms", fusedMilliseconds)
        text.add("unfused_macs", unfusedMultiplyAccumulates)
        text.add("fused_macs", fusedMultiplyAccumulates)
        text.add("all_close", allClose)
        return text
    }
}
