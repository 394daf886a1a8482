// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import HTTPTransport
import Reparameterization

extension ConvolutionService {
    /// `POST /v1/fuse/conv_bn`
    func fuseConvBN(_ exchange: Exchange) throws(RequestFailure) -> HTTPOutcome {
        let sent = try exchange.document.decode { cursor throws(RequestFailure) in
            try FuseConvBNRequest(json: &cursor)
        }
        let isSmall =
            !sent.options.verify && sent.layer.weight.count <= limits.inlineOutputElements
        return try exchange.fuse(sent.spelling, isSmall: isSmall) { run throws(FusionError) in
            let fused = try Fusion.convBN(sent.layer)
            guard sent.options.verify else { return (fused, nil) }
            let verification = try Verification.run(
                sent.layer, fused: fused, probe: sent.options.probe, convolve: run)
            return (fused, verification)
        }
    }

    /// `POST /v1/fuse/repvgg`
    func fuseRepVGG(_ exchange: Exchange) throws(RequestFailure) -> HTTPOutcome {
        let sent = try exchange.document.decode { cursor throws(RequestFailure) in
            try FuseRepVGGRequest(json: &cursor)
        }
        try limits.checkFusion(of: sent.block, sent.spelling.spelling)
        // Never small: a 1 x n and an n x 1 kernel, or a pool, fill n x n out of a few bytes.
        return try exchange.fuse(sent.spelling, isSmall: false) { run throws(FusionError) in
            let fused = try Fusion.repVGG(sent.block)
            guard sent.options.verify else { return (fused, nil) }
            let verification = try Verification.run(
                sent.block, fused: fused, probe: sent.options.probe, convolve: run)
            return (fused, verification)
        }
    }
}

extension Exchange {
    typealias Fused = (convolution: FusedConvolution, verification: Verification?)

    /// Fuses, here if it is little work, and writes the reply.
    fileprivate func fuse(
        _ spelling: ReplySpelling, isSmall: Bool,
        _ body: @escaping @Sendable (ConvolutionRunner) throws(FusionError) -> Fused
    ) throws(RequestFailure) -> HTTPOutcome {
        _ = try replyEncoding(tensorCount: 2)
        return outcome(isSmall: isSmall) { timing throws(RequestFailure) in
            let fused = try Self.fused(body, service.limits)
            let (weight, bias) = (fused.convolution.weight, fused.convolution.bias)
            let form = try form(
                spelling, [("weight", weight.shape), ("bias", bias.shape)], weight.dtype)
            let memory = try form.memory(from: service.replies)
            timing.end(.compute)
            defer { timing.end(.serialize) }
            return form.response(TensorReply(fused), in: memory)
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
    fileprivate func checkFusion(
        of block: RepVGGBlock, _ spelling: TensorSpelling
    ) throws(RequestFailure) {
        let shape: [Int]
        do {
            shape = try block.fusedWeightShape()
        } catch {
            throw RequestFailure(error)
        }
        _ = try replyByteCount(spelling, shape: shape, dtype: .float32)
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
    /// `{"weight": tensor, "bias": tensor, "verify": {...}}`
    fileprivate init(_ fused: Exchange.Fused) {
        self.init("weight", fused.convolution.weight)
        add("bias", fused.convolution.bias)
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
        text.add("all_close", allClose)
        return text
    }
}
