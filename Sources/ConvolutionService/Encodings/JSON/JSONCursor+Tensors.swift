// SPDX-License-Identifier: Apache-2.0

import CTensorText
import ConvolutionEngine

/// The three spellings of a tensor; the numbers go straight into the storage that the engine reads.
extension JSONCursor {
    /// A tensor in any spelling.
    mutating func readTensor() throws(RequestFailure) -> WireTensor {
        skipBlank()
        switch next {
        case UInt8(ascii: "["): return try readNested(.float32)
        case UInt8(ascii: "{"): return try readTensorObject()
        case UInt8(ascii: Self.reference) where !tensors.isEmpty: return try readReference()
        default:
            throw .value(
                at: offset,
                """
                a tensor is expected, not \(describeNext()): a nested list of numbers, \
                {"shape": [...], "data": [...]} or {"shape": [...], "base64": "..."}
                """)
        }
    }

    /// A tensor that came beside the document.
    private mutating func readReference() throws(RequestFailure) -> WireTensor {
        let place = offset
        advance()
        var tensor = tensors[try readInteger()]
        tensor.offset = place
        return tensor
    }

    /// A nested list of numbers, read as `dtype`.
    mutating func readNested(_ dtype: DType) throws(RequestFailure) -> WireTensor {
        skipBlank()
        let opening = offset
        let (storage, reading) = try readNumbers(dtype)
        let tensor = Tensor(dtype: dtype, shape: reading.sizes, storage: storage)
        return WireTensor(tensor, .nested, at: opening)
    }

    /// The list of numbers, nested or not, that stands here.
    ///
    /// - Parameter wider: what to send where a number does not fit
    mutating func readNumbers(
        _ dtype: DType, wider: (DType) -> String? = Self.wider
    ) throws(RequestFailure) -> (storage: TensorStorage, reading: TensorTextReading) {
        let text = UnsafeRawPointer(at).assumingMemoryBound(to: CChar.self)
        let numbers = ParallelNumbers(text: text, byteCount: end - at, dtype: dtype)
        let (storage, reading) = numbers.read()
        guard reading.code == .ok else { throw failure(reading, as: dtype, wider) }
        advance(by: reading.position)
        return (storage, reading)
    }

    private func failure(
        _ reading: TensorTextReading, as dtype: DType, _ wider: (DType) -> String?
    ) -> RequestFailure {
        var fault = self
        fault.advance(by: reading.position)
        let reason: String
        switch reading.code {
        case .unexpectedEnd, .syntax, .badNumber, .ok, .full:
            return .malformed(at: fault.offset)
        case .null:
            reason = "null in a tensor; send a number, or \"NaN\" where there is none"
        case .overflow:
            reason =
                "\(fault.excerpt()) does not fit \(dtype.rawValue)"
                + (wider(dtype).map { "; send \($0)" } ?? "")
        case .ragged:
            reason = """
                this row has \(counted(reading.found, "element")), the rows before it have \
                \(reading.expected); rows of one dimension have one length
                """
        case .wrongElement:
            reason = "a number or a list is expected in a tensor, not \(fault.describeNext())"
        case .mixed, .tooDeep, .badBase64:
            reason = String(cString: reading.message)
        }
        return .value(at: offset, below: reading.pointer, reason: reason)
    }

    static func wider(_ dtype: DType) -> String? {
        let wider: String
        switch dtype {
        case .float64: return nil
        case .float32: wider = "\"float64\""
        case .float16, .bfloat16: wider = "\"float32\" or \"float64\""
        }
        return "every tensor as {\"shape\", \"dtype\": \(wider), \"data\"}"
    }
}

extension TensorTextReading {
    /// The shape that the nesting has.
    var sizes: [Int] { first(Int(rank), of: shape) }

    /// JSON pointer from the list to the element at fault.
    var pointer: String { first(Int(pathLength), of: path).map { "/\($0)" }.joined() }

    private func first<Tuple>(_ count: Int, of tuple: Tuple) -> [Int] {
        withUnsafeBytes(of: tuple) { Array($0.bindMemory(to: Int.self).prefix(count)) }
    }
}
