// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// The flat and the base64 spelling.
extension JSONCursor {
    mutating func readTensorObject() throws(RequestFailure) -> WireTensor {
        let opening = offset
        var sent = TensorObject()
        try readObject(TensorField.self) { cursor, field throws(RequestFailure) in
            switch field {
            case .shape: sent.shape = try cursor.readShape()
            case .dtype: sent.dtype = try cursor.readDType()
            case .base64: sent.base64 = try cursor.readBase64Text()
            case .data:
                let dtype = sent.dtype ?? cursor.dtypeAhead() ?? .float32
                sent.data = try cursor.readFlat(dtype)
            }
        }
        if let data = sent.data, data.dtype != sent.dtype ?? .float32 {
            var again = self
            again.move(to: start + data.offset)
            sent.data = try again.readFlat(sent.dtype ?? .float32)
        }
        return try sent.tensor(at: opening)
    }

    /// A list of sizes whose product is a number.
    mutating func readShape() throws(RequestFailure) -> [Int] {
        skipBlank()
        let opening = offset
        let shape = try readIntegerList()
        for (index, size) in shape.enumerated() where size < 0 {
            throw .value(
                at: opening, below: "/\(index)", reason: "a size is 0 or more, not \(size)")
        }
        let product = shape.reduce((1, false)) { sum, size in
            let (value, overflow) = sum.0.multipliedReportingOverflow(by: max(size, 1))
            return (value, sum.1 || overflow || value > 1 << 56)
        }
        guard !product.1 else {
            throw .value(at: opening, "shape \(shape) has more elements than any memory holds")
        }
        return shape
    }

    /// A dtype by name.
    mutating func readDType() throws(RequestFailure) -> DType {
        try readWord("dtype", WireDType.self).dtype
    }

    private mutating func readBase64Text() throws(RequestFailure) -> JSONText {
        skipBlank()
        guard next == UInt8(ascii: "\"") else {
            throw .value(at: offset, "a string of base64 is expected, not \(describeNext())")
        }
        return try readText()
    }

    private mutating func readFlat(_ dtype: DType) throws(RequestFailure) -> FlatNumbers {
        skipBlank()
        let opening = offset
        guard next == UInt8(ascii: "[") else {
            throw .value(at: opening, "a flat list of numbers is expected, not \(describeNext())")
        }
        let (storage, reading) = try readNumbers(dtype)
        guard reading.rank == 1 else {
            throw .value(
                at: opening,
                """
                "data" is nested \(reading.rank) deep; it is one flat list in row-major order \
                (or send the nested list itself as the tensor)
                """)
        }
        return FlatNumbers(
            storage: storage, dtype: dtype, count: reading.count, offset: opening)
    }

    /// The `dtype` behind the data that stands here, for the elements to be read once and right.
    /// It only guesses: a wrong guess costs a second reading, and what it does not understand is
    /// refused there.
    private func dtypeAhead() -> DType? {
        var ahead = self
        ahead.skipBlank()
        guard let bracket = firstByte("]", from: ahead.at, to: end) else { return nil }
        ahead.move(to: bracket + 1)
        while ahead.take(","), let key = try? ahead.readText(), ahead.take(":") {
            if key.equals("dtype") { return try? ahead.readDType() }
            guard ahead.take("["), let bracket = firstByte("]", from: ahead.at, to: end) else {
                return nil
            }
            ahead.move(to: bracket + 1)
        }
        return nil
    }
}
