// SPDX-License-Identifier: Apache-2.0

import CTensorText
import ConvolutionEngine

extension InferenceRequest {
    /// Reads the header, and takes the bytes of its inputs from `body` in their order.
    init(json cursor: inout JSONCursor, _ body: inout InferenceBody) throws(RequestFailure) {
        let opening = cursor.offset
        try cursor.readObject(InferenceField.self) { cursor, field throws(RequestFailure) in
            switch field {
            case .id: id = try cursor.readString()
            case .modelName:
                cursor.skipBlank()
                let offset = cursor.offset
                model = (try cursor.readString(), offset)
            case .parameters: try readParameters(&cursor)
            case .inputs:
                try cursor.readInferenceList { cursor throws(RequestFailure) in
                    inputs.append(try cursor.readInput(&body))
                }
            case .outputs:
                var outputs: [Output] = []
                try cursor.readInferenceList { cursor throws(RequestFailure) in
                    outputs.append(try cursor.readOutput())
                }
                self.outputs = outputs
            }
        }
        if inputs.isEmpty {
            throw .missing("inputs", at: opening, "a list of {\"name\", \"shape\", \"datatype\"}")
        }
        guard body.unusedByteCount == 0 else {
            throw .value(
                at: opening, below: "/inputs",
                reason: "\(counted(body.unusedByteCount, "byte")) of the body belong to no input; "
                    + "the sizes of the binary inputs add up to all that follows the JSON")
        }
    }

    /// What the body says of the model is what the path says.
    func check(_ model: InferenceModel) throws(RequestFailure) {
        guard let sent = self.model, sent.name != model.name else { return }
        throw .value(
            at: sent.offset,
            "model_name is \(Suggestion.quoted(sent.name)), but the path has "
                + "\(Suggestion.quoted(model.name)); leave it out, or call the other's path")
    }

    private mutating func readParameters(_ cursor: inout JSONCursor) throws(RequestFailure) {
        try cursor.readMembers { cursor, name throws(RequestFailure) in
            if name == "binary_data_output" {
                wantsBinary = try cursor.readBool()
            } else if Self.isReserved(name) {
                _ = try cursor.skipValue()
            } else {
                parameters.append((name, try cursor.readParameterText()))
            }
        }
    }

    /// What belongs to schedulers and gateways, not to the operation.
    private static func isReserved(_ name: String) -> Bool {
        name.hasPrefix("triton_")
            || [
                "sequence_id", "sequence_start", "sequence_end", "priority", "timeout", "headers",
            ].contains(name)
    }
}

extension JSONCursor {
    /// More inputs than any operation has; answers the request with a million of them.
    private static var inferenceListLimit: Int { 256 }

    fileprivate mutating func readInferenceList(
        _ read: (inout JSONCursor) throws(RequestFailure) -> Void
    ) throws(RequestFailure) {
        skipBlank()
        let opening = offset
        guard next == UInt8(ascii: "[") else {
            throw .value(at: opening, "a list of objects is expected, not \(describeNext())")
        }
        var count = 0
        try readList { cursor throws(RequestFailure) in
            count += 1
            guard count <= Self.inferenceListLimit else {
                throw .value(at: opening, "more than \(Self.inferenceListLimit) items")
            }
            cursor.skipBlank()
            guard cursor.next == UInt8(ascii: "{") else {
                throw .value(
                    at: cursor.offset, "an object is expected, not \(cursor.describeNext())")
            }
            try read(&cursor)
        }
    }

    fileprivate mutating func readInput(
        _ body: inout InferenceBody
    ) throws(RequestFailure) -> InferenceRequest.Input {
        skipBlank()
        var sent = InferenceInput(offset: offset)
        try readObject(InferenceTensorField.self) { cursor, field throws(RequestFailure) in
            switch field {
            case .name_: sent.name = try cursor.readString()
            case .shape: sent.shape = try cursor.readShape()
            case .datatype: sent.dtype = try cursor.readDatatype()
            case .parameters: sent.binaryByteCount = try cursor.readBinarySize()
            case .data:
                cursor.skipBlank()
                if let dtype = sent.dtype {
                    sent.numbers = try cursor.readSentNumbers(dtype)
                } else {
                    sent.unread = cursor
                    _ = try cursor.skipValue()
                }
            }
        }
        return try sent.input(&body)
    }

    fileprivate mutating func readSentNumbers(
        _ dtype: DType
    ) throws(RequestFailure) -> SentNumbers {
        let opening = offset
        guard next == UInt8(ascii: "[") else {
            throw .value(
                at: opening, "a list of numbers is expected, not \(describeNext())")
        }
        let (storage, reading) = try readNumbers(dtype) {
            $0 == .float64
                ? nil : "every input with datatype \"\(InferenceDatatype(.float64).rawValue)\""
        }
        return SentNumbers(offset: opening, storage: storage, reading: reading)
    }

    fileprivate mutating func readOutput() throws(RequestFailure) -> InferenceRequest.Output {
        skipBlank()
        let opening = offset
        var name: String?
        var isBinary: Bool?
        try readObject(
            InferenceTensorField.self, excluding: FieldSet(.shape, .datatype, .data)
        ) { cursor, field throws(RequestFailure) in
            if field == .name_ {
                name = try cursor.readString()
            } else {
                isBinary = try cursor.readFlag("binary_data")
            }
        }
        guard let name else { throw .missing("name", at: opening, "the output's name") }
        return InferenceRequest.Output(name: name, isBinary: isBinary)
    }

    private mutating func readDatatype() throws(RequestFailure) -> DType {
        skipBlank()
        let place = offset
        let name = try readString()
        guard let datatype = InferenceDatatype(rawValue: name) else {
            let known = InferenceDatatype.allCases.map(\.rawValue).joined(separator: ", ")
            throw .value(
                at: place,
                "datatype \(Suggestion.quoted(name)) is not computed in; convert the tensor to one "
                    + "of \(known)")
        }
        return datatype.dtype
    }

    /// `binary_data_size` of an input's parameters; the others mean nothing here.
    private mutating func readBinarySize() throws(RequestFailure) -> Int? {
        var size: Int?
        try readMembers { cursor, name throws(RequestFailure) in
            if name == "binary_data_size" {
                cursor.skipBlank()
                let place = cursor.offset
                let value = try cursor.readInteger()
                guard value >= 0 else {
                    throw .value(at: place, "a number of bytes is 0 or more, not \(value)")
                }
                size = value
            } else {
                _ = try cursor.skipValue()
            }
        }
        return size
    }

    private mutating func readFlag(_ flag: String) throws(RequestFailure) -> Bool? {
        var value: Bool?
        try readMembers { cursor, name throws(RequestFailure) in
            if name == flag { value = try cursor.readBool() } else { _ = try cursor.skipValue() }
        }
        return value
    }
}

/// The numbers of an input, before they are held against its shape.
private struct SentNumbers {
    let offset: Int
    let storage: TensorStorage
    let reading: TensorTextReading

    func tensor(_ shape: [Int], _ dtype: DType) throws(RequestFailure) -> Tensor {
        let count = shape.reduce(1, *)
        guard reading.count == count, reading.rank == 1 || reading.sizes == shape else {
            throw .value(
                at: offset,
                """
                "data" has \(counted(reading.count, "number")) of shape \(reading.sizes), but shape \
                \(shape) needs \(count); send them flat in row-major order, or nested as the shape is
                """)
        }
        return Tensor(dtype: dtype, shape: shape, storage: storage)
    }
}

/// One input before its parts are held against each other, whatever their order.
private struct InferenceInput {
    let offset: Int
    var name: String?
    var shape: [Int]?
    var dtype: DType?
    var binaryByteCount: Int?
    var numbers: SentNumbers?
    /// Where the numbers are that came before their datatype.
    var unread: JSONCursor?

    init(offset: Int) { self.offset = offset }

    func input(_ body: inout InferenceBody) throws(RequestFailure) -> InferenceRequest.Input {
        guard let name else { throw .missing("name", at: offset, "the tensor's name") }
        guard let shape else { throw .missing("shape", at: offset, "the sizes, such as [1, 3, 8]") }
        guard let dtype else { throw .missing("datatype", at: offset, "such as \"FP32\"") }
        let tensor =
            if let numbers = try numbers(dtype) {
                try numbers.tensor(shape, dtype)
            } else {
                try bytes(&body, name, shape, dtype)
            }
        return InferenceRequest.Input(name: name, tensor: WireTensor(attached: tensor))
    }

    /// What `data` has; nil where the numbers are behind the JSON.
    private func numbers(_ dtype: DType) throws(RequestFailure) -> SentNumbers? {
        guard let offset = numbers?.offset ?? unread?.offset else { return nil }
        if binaryByteCount != nil {
            throw .value(
                at: offset,
                "both \"data\" and \"binary_data_size\" are given; leave one of them out")
        }
        guard var unread else { return numbers }
        return try unread.readSentNumbers(dtype)
    }

    private func bytes(
        _ body: inout InferenceBody, _ name: String, _ shape: [Int], _ dtype: DType
    ) throws(RequestFailure) -> Tensor {
        let needed = shape.reduce(1, *) * dtype.byteCount
        let size = binaryByteCount ?? needed
        guard size == needed else {
            throw .value(
                at: offset,
                "binary_data_size is \(size), but shape \(shape) of "
                    + "\(InferenceDatatype(dtype).rawValue) needs \(needed) bytes")
        }
        let left = body.unusedByteCount
        guard let bytes = body.take(needed) else {
            throw .value(
                at: offset,
                "\(Suggestion.quoted(name)) needs \(needed) bytes behind the JSON, but "
                    + "\(left) are left; send \"data\", or the bytes and "
                    + "Inference-Header-Content-Length")
        }
        return Tensor(copying: bytes, dtype: dtype, shape: shape)
    }
}
