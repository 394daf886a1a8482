// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import HTTPTransport
import TensorFiles

/// From a request's body to its document.
extension RequestDocument {
    /// - Parameters:
    ///   - endpoint: whose tensor a body of one tensor is
    init(
        _ request: HTTPRequest, _ endpoint: Endpoint, _ limits: ServiceLimits
    ) throws(RequestFailure) {
        let body = try RequestBody(request, limits)
        var parameters = try QueryParameters(request)
        var declared = try TensorEncoding.declared(request)
        if declared == .octetStream, !parameters.contains("shape") {
            declared = TensorEncoding(sniffing: body.bytes).flatMap { $0 == .json ? nil : $0 }
            declared = declared ?? .octetStream
        }
        let encoding = try TensorEncoding.found(declared, in: body.bytes)
        if encoding == .json {
            try parameters.refuse()
            self.init(json: body)
            return
        }
        guard let name = endpoint.mainTensor else {
            throw .problem(
                Problem(
                    status: 415,
                    detail: "\(request.path) has no tensors to send as \(encoding.mediaType); send "
                        + "application/json"))
        }
        var builder = DocumentBuilder()
        try builder.read(body.bytes, encoding, of: name, &parameters, limits)
        try builder.add(parameters)
        self.init(encoding, builder)
    }
}

extension RequestDocument {
    /// Whether a body may take long to read however short it is, because it is compressed.
    static func takesWork(_ request: HTTPRequest) -> Bool {
        if request.withHeader("Content-Encoding", { $0 != nil }) { return true }
        return !request.body.isEmpty && request.body[0] == UInt8(ascii: "P")
    }
}

extension Endpoint {
    /// The tensor that a body of one tensor is; nil where there are none to send.
    var mainTensor: StaticString? {
        switch self {
        case .convolution, .backward, .unfold, .fold, .compare: "input"
        case .kernelMatrix, .fuseConvBN: "weight"
        case .fuseRepVGG: "input"
        case .shape, .inference, .capabilities, .health, .readiness, .metrics, .openAPI, .index: nil
        }
    }
}

extension DocumentBuilder {
    /// Adds the tensors of a body, and the parameters that are in it.
    fileprivate mutating func read(
        _ body: UnsafeRawBufferPointer, _ encoding: TensorEncoding, of name: StaticString,
        _ parameters: inout QueryParameters, _ limits: ServiceLimits
    ) throws(RequestFailure) {
        do {
            switch encoding {
            case .json, .openInference: preconditionFailure("has a document of its own")
            case .safetensors: try add(Safetensors.read(body), of: body)
            case .npz:
                let arrays = try NPZ.read(
                    body, maxExpandedByteCount: limits.maxExpandedBytes,
                    bfloat16: try parameters.takeDType() == .bfloat16)
                for (name, tensor) in arrays { try add(name, WireTensor(attached: tensor)) }
            case .npy:
                let isBFloat16 = try parameters.takeDType() == .bfloat16
                try add(
                    name.description,
                    WireTensor(attached: NPY.read(body, bfloat16: isBFloat16)))
            case .octetStream:
                let tensor = try parameters.takeTensor(from: body)
                try add(name.description, WireTensor(attached: tensor))
            }
        } catch let error as TensorFileError {
            throw RequestFailure(error, encoding, name)
        } catch {
            throw error as! RequestFailure
        }
    }

    private mutating func add(
        _ file: (tensors: [TensorRecord], metadata: [(name: String, value: String)]),
        of body: UnsafeRawBufferPointer
    ) throws(RequestFailure) {
        for record in file.tensors {
            let bytes = UnsafeRawBufferPointer(rebasing: body[record.bytes])
            try add(
                record.name,
                WireTensor(attached: Tensor(copying: bytes, record.dtype, record.shape)))
        }
        for (name, value) in file.metadata where !Self.isFramework(name, value) {
            try add(name, parameter: value)
        }
    }

    /// `format: pt`, which libraries write into every file: it tells who wrote it.
    private static func isFramework(_ name: String, _ value: String) -> Bool {
        name == "format"
            && ["pt", "np", "numpy", "tf", "flax", "jax", "mlx", "paddle"].contains(value)
    }

    fileprivate mutating func add(_ parameters: QueryParameters) throws(RequestFailure) {
        for (name, value) in parameters.items { try add(name, parameter: value) }
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
            self = .field(pointer: "/" + tensor, reason: "\(tensor): \(error.reason)")
        case .damaged:
            let place = error.tensor.map { "\($0): " } ?? ""
            self = .problem(
                Problem(
                    status: 400,
                    detail: "the body is no \(encoding.mediaType): \(place)\(error.reason)"))
        }
    }
}

extension Tensor {
    /// A copy of elements that lie somewhere else, aligned as the engine wants them.
    init(copying bytes: UnsafeRawBufferPointer, _ dtype: DType, _ shape: [Int]) {
        let storage = TensorStorage(byteCount: bytes.count)
        UnsafeMutableRawBufferPointer(start: storage.bytes, count: bytes.count).copyMemory(
            from: bytes)
        self.init(dtype: dtype, shape: shape, storage: storage)
    }
}
