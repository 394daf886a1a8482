// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import HTTPTransport

extension ConvolutionService {
    /// `POST /v1/fuse/checkpoint`
    func fuseCheckpoint(_ exchange: Exchange) throws(RequestFailure) -> HTTPOutcome {
        let sent = try exchange.document.decode { cursor throws(RequestFailure) in
            try CheckpointRequest(json: &cursor)
        }
        let wantsReport = exchange.request.wantsReport
        return exchange.outcome(isSmall: false) { timing throws(RequestFailure) in
            guard let file = exchange.document.file else { preconditionFailure("no checkpoint") }
            defer { withExtendedLifetime(file) {} }
            do {
                var fusion = try CheckpointFusion(
                    MemorySource(file.bytes), sent.options, fusedBy: "convserve \(Self.version)")
                if sent.isStrict { try fusion.checkComplete() }
                try self.checkSize(of: fusion)
                if wantsReport {
                    try fusion.check()
                    timing.end(.compute)
                    return HTTPResponse(
                        status: 200, contentType: "application/json",
                        text: fusion.report.json + "\n")
                }
                let reply = try exchange.memory(for: fusion)
                reply.count = try fusion.write(
                    into: UnsafeMutableRawBufferPointer(start: reply.base, count: reply.capacity))
                timing.end(.compute)
                return HTTPResponse(
                    status: 200,
                    headers: [("Content-Type", TensorEncoding.safetensors.mediaType)],
                    body: HTTPBody(reply))
            } catch let error as CheckpointError {
                throw RequestFailure(error)
            } catch let error as RequestFailure {
                throw error
            } catch {
                preconditionFailure("\(error)")
            }
        }
    }
}

extension ConvolutionService {
    /// A 1 x n kernel beside an n x 1 makes a large one of few numbers.
    fileprivate func checkSize(of fusion: CheckpointFusion) throws(RequestFailure) {
        let count = fusion.byteCount
        guard count <= limits.maxOutputBytes else {
            throw .field(
                pointer: "",
                reason: """
                    the fused checkpoint takes \(count) bytes, but the limit is \
                    \(limits.maxOutputBytes); fuse it with `convserve fuse`, which has none, or raise \
                    --max-output-bytes
                    """)
        }
    }
}

extension Exchange {
    /// What the reply is written into, counted until it is sent.
    fileprivate func memory(for fusion: CheckpointFusion) throws(RequestFailure) -> ByteBuffer {
        let count = fusion.byteCount
        return try service.replies.reserve(count).buffer(capacity: count)
    }
}

extension HTTPRequest {
    /// Whether the report alone is the reply: JSON is wanted more than the checkpoint.
    fileprivate var wantsReport: Bool {
        guard let accept = header(.accept) else { return false }
        return MediaType.weight(of: TensorEncoding.json.mediaType, in: accept)
            > MediaType.weight(of: TensorEncoding.safetensors.mediaType, in: accept)
    }
}
