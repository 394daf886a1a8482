// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import HTTPTransport
import JSONText
import TensorFiles

/// From a request's body to its document.
extension RequestDocument {
    /// - Parameters:
    ///   - endpoint: whose tensor a body of one tensor is
    init(
        _ request: HTTPRequest, _ endpoint: Endpoint, _ limits: ServiceLimits
    ) throws(RequestFailure) {
        let body = try RequestBody(request, limits)
        defer { withExtendedLifetime(body) {} }
        var parameters = try QueryParameters(request)
        var declared = try TensorEncoding.declared(request)
        if declared == .octetStream, !parameters.contains("shape") {
            declared = TensorEncoding(sniffing: body.bytes).flatMap { $0 == .json ? nil : $0 }
            declared = declared ?? .octetStream
        }
        let encoding = try TensorEncoding.found(declared, in: body.bytes)
        if encoding == .json, endpoint != .fuseCheckpoint {
            try parameters.refuse()
            self.init(json: body)
            return
        }
        if endpoint == .fuseCheckpoint {
            try self.init(checkpoint: body, encoding, parameters)
            return
        }
        guard let name = endpoint.mainTensor else {
            throw .problem(
                Problem(
                    status: 415,
                    detail: "\(request.path) has no tensors to send as \(encoding.mediaType); send "
                        + "application/json"))
        }
        let contents = try FileContents(body, encoding, of: name, &parameters, limits)
        var builder = DocumentBuilder()
        for (name, tensor) in contents.tensors {
            try builder.add(name, WireTensor(attached: tensor))
        }
        for (name, text) in contents.parameters { try builder.add(name, parameter: text) }
        for (name, value) in parameters.items { try builder.add(name, parameter: value) }
        self.init(encoding, builder)
    }
}

extension RequestDocument {
    /// A checkpoint, whose tensors are read where they are needed; the query has the parameters.
    private init(
        checkpoint body: RequestBody, _ encoding: TensorEncoding, _ parameters: QueryParameters
    ) throws(RequestFailure) {
        guard encoding == .safetensors else {
            throw .problem(
                Problem(
                    status: 415,
                    detail: "a checkpoint is a safetensors file, and this body is "
                        + "\(encoding.mediaType); send what safetensors.torch.save_file writes as "
                        + TensorEncoding.safetensors.mediaType))
        }
        var builder = DocumentBuilder()
        for (name, value) in parameters.items {
            // `strip_prefix=` strips nothing, while an empty value elsewhere is none.
            if name == CheckpointField.stripPrefix.name.description {
                try builder.add(name, text: jsonString(value == "\"\"" ? "" : value))
            } else {
                try builder.add(name, parameter: value)
            }
        }
        self.init(.safetensors, builder, file: body)
    }
}

extension RequestDocument {
    /// Whether a body may take long to read however short it is, because it is compressed.
    static func takesWork(_ request: HTTPRequest) -> Bool {
        if request.withHeader(.contentEncoding, { $0 != nil }) { return true }
        return TensorEncoding.looksLikeArchive(request.body)
    }
}

extension Endpoint {
    /// The tensor that a body of one tensor is; nil where there are none to send.
    var mainTensor: StaticString? {
        switch self {
        case .convolution, .backward, .unfold, .fold, .compare: "input"
        case .kernelMatrix: "weight"
        case .fuse(let operation): operation.mainTensor
        case .fuseCheckpoint, .shape, .inference, .capabilities, .health, .readiness, .metrics,
            .openAPI, .index:
            nil
        }
    }
}

extension FileContents {
    /// - Parameters:
    ///   - name: of the tensor that a body of one tensor is
    ///   - parameters: those about the tensor are taken out
    fileprivate init(
        _ body: RequestBody, _ encoding: TensorEncoding, of name: StaticString,
        _ parameters: inout QueryParameters, _ limits: ServiceLimits
    ) throws(RequestFailure) {
        let body = body.bytes
        if encoding == .octetStream {
            self.init(try parameters.takeTensor(from: body), name: name)
            return
        }
        let bfloat16 =
            encoding == .safetensors ? false : try parameters.takeDType() == .bfloat16
        do {
            switch encoding {
            case .npz:
                try self.init(
                    npz: body, maxExpandedByteCount: limits.maxExpandedBytes, bfloat16: bfloat16)
            case .npy: try self.init(npy: body, name: name, bfloat16: bfloat16)
            case .safetensors: try self.init(safetensors: body)
            case .json, .octetStream, .openInference: preconditionFailure("no file")
            }
        } catch {
            throw RequestFailure(error, encoding, name)
        }
    }
}

extension RequestFailure {
    /// A file that cannot be read is no document (400); one of its tensors that we do not compute with is
    /// a value (422).
    ///
    /// - Parameter name: of the tensor that a body of one tensor is
    fileprivate init(_ error: TensorFileError, _ encoding: TensorEncoding, _ name: StaticString) {
        switch error.kind {
        case .tooLarge: self = .tooLarge(error.reason)
        case .unsupported:
            let tensor = error.tensor ?? name.description
            let isParameter = encoding == .npz && ConvolutionField.isParameter(tensor)
            let reason =
                isParameter
                ? "arrays of an npz are tensors, and a parameter stands in the query: ?\(tensor)=..."
                : error.reason
            self = .field(pointer: "/" + tensor, reason: "\(tensor): \(reason)")
        case .damaged:
            let place = error.tensor.map { "\($0): " } ?? ""
            self = .problem(
                Problem(
                    status: 400,
                    detail: "the body is no \(encoding.mediaType): \(place)\(error.reason)"))
        }
    }
}
