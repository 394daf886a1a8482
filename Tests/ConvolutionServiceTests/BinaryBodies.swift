// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import HTTPTransport
import TensorFiles

/// Bodies as clients of the binary encodings write them.
enum BinaryBodies {
    typealias Named = (name: String, tensor: Tensor)

    static func safetensors(
        _ tensors: [Named], metadata: [(name: String, value: String)] = []
    ) -> [UInt8] {
        let described = tensors.map { ($0.name, $0.tensor.dtype, $0.tensor.shape) }
        let header = Safetensors.header(described, metadata: metadata)
        return header + tensors.flatMap { bytes($0.tensor) }
    }

    static func npz(_ tensors: [Named]) -> [UInt8] {
        NPZ.parts(tensors).flatMap { part in
            switch part {
            case .bytes(let bytes): bytes
            case .tensor(let tensor): self.bytes(tensor)
            }
        }
    }

    static func npy(_ tensor: Tensor) -> [UInt8] {
        NPY.header(tensor.dtype, tensor.shape) + bytes(tensor)
    }

    /// An inference request with all its tensors behind the JSON, and the length of the latter.
    static func inference(
        _ tensors: [Named], parameters: String = "{}"
    ) -> (body: [UInt8], headerByteCount: Int) {
        let inputs = tensors.map { name, tensor in
            """
            {"name":"\(name)","shape":\(tensor.shape),"datatype":"FP32",\
            "parameters":{"binary_data_size":\(tensor.count * 4)}}
            """
        }
        let header = Array(
            """
            {"inputs":[\(inputs.joined(separator: ","))],"parameters":\(parameters),"id":"a"}
            """.utf8)
        return (header + tensors.flatMap { bytes($0.tensor) }, header.count)
    }

    static func bytes(_ tensor: Tensor) -> [UInt8] {
        Array(
            UnsafeRawBufferPointer(
                start: tensor.storage.bytes, count: tensor.count * tensor.dtype.byteCount))
    }

    static let pair: [Named] = [
        ("input", Tensor(shape: [1, 1, 2, 3], [1, 2, 3, 4, 5, 6] as [Float])),
        ("weight", Tensor(shape: [1, 1, 2, 2], [1, 0, 0, -1] as [Float])),
    ]
}

extension Client {
    func post(
        path: String, _ body: [UInt8], _ headers: [(name: String, value: String)] = []
    ) -> Reply {
        send(HTTPRequest(.post, path, headers: headers, body: body))
    }
}
