// SPDX-License-Identifier: Apache-2.0

import CTensorText
import ConvolutionEngine
import HTTPTransport
import JSONText

/// The text of a reply, written into one memory and sent from there: as one part, or where several cores
/// print the numbers of a tensor, as the parts that they fill. Nothing is joined.
struct ReplyText {
    private let memory: ByteBuffer
    /// Parts that are finished.
    private var parts: [ByteBuffer] = []
    /// The part that is being written; `end` is where it goes on.
    private var begin = 0, end = 0

    /// `memory` has room for all that will be written (``byteBound(_:shape:dtype:)``).
    init(in memory: ByteBuffer) { self.memory = memory }

    /// Bytes written.
    var byteCount: Int { parts.reduce(end - begin) { $0 + $1.count } }

    mutating func append(_ text: StaticString) {
        append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    private mutating func append(_ bytes: UnsafeRawBufferPointer) {
        precondition(bytes.count <= memory.capacity - end, "more text than there is room for")
        UnsafeMutableRawBufferPointer(start: memory.base + end, count: bytes.count).copyMemory(
            from: bytes)
        end += bytes.count
    }

    /// All that was written.
    consuming func finished() -> [ByteBuffer] {
        if parts.isEmpty {
            memory.count = end
            return [memory]
        }
        finishPart()
        return parts
    }

    private mutating func finishPart() {
        parts.append(part(begin, end - begin))
    }

    private func part(_ offset: Int, _ byteCount: Int) -> ByteBuffer {
        ByteBuffer(
            adopting: memory.base + offset, count: byteCount, capacity: byteCount
        ) { [memory] _ in withExtendedLifetime(memory) {} }
    }
}

/// Tensors.
extension ReplyText {
    /// Room that a tensor may need; nil where that is more than a number holds.
    static func byteBound(_ spelling: TensorSpelling, shape: [Int], dtype: DType) -> Int? {
        let count = shape.reduce(1, *)
        let bound: Int? =
            switch spelling {
            case .nested: textBound(shape, count, dtype)
            case .flat: textBound([count], count, dtype)
            case .base64: tensor_text_base64_length(count * dtype.byteCount)
            }
        return bound.map { $0 + wrapperByteCount }
    }

    private static func textBound(_ shape: [Int], _ count: Int, _ dtype: DType) -> Int? {
        if isLong(count) { return NumberRanges(shape: shape, dtype: dtype)?.byteBound }
        let bound = tensor_text_range_byte_bound(
            dtype.textFormat, Int32(shape.count), shape, 0, count)
        return bound < 0 ? nil : bound
    }

    /// Whether it takes several cores to print so many numbers.
    private static func isLong(_ count: Int) -> Bool { count >= 2 * NumberRanges.leastCount }

    /// `{"shape":[...],"dtype":"bfloat16","data":` and `}` with eight sizes of 20 digits.
    private static let wrapperByteCount = 256

    mutating func append(_ tensor: Tensor, as spelling: TensorSpelling) {
        switch spelling {
        case .nested: appendNumbers(tensor, shape: tensor.shape)
        case .flat:
            appendHead(tensor)
            append(",\"data\":")
            appendNumbers(tensor, shape: [tensor.count])
            append("}")
        case .base64:
            appendHead(tensor)
            append(",\"base64\":\"")
            appendBase64(tensor)
            append("\"}")
        }
    }

    private mutating func appendHead(_ tensor: Tensor) {
        append("{\"shape\":")
        append(jsonList(tensor.shape))
        append(",\"dtype\":\"")
        append(tensor.dtype.rawValue)
        append("\"")
    }

    private mutating func appendNumbers(_ tensor: Tensor, shape: [Int]) {
        if Self.isLong(tensor.count), let ranges = NumberRanges(shape: shape, dtype: tensor.dtype) {
            return append(ranges, of: tensor)
        }
        end += tensor_text_print_range(
            tensor.dtype.textFormat, (memory.base + end).assumingMemoryBound(to: CChar.self),
            tensor.storage.bytes, Int32(shape.count), shape, 0, tensor.count)
    }

    private mutating func append(_ ranges: NumberRanges, of tensor: Tensor) {
        precondition(ranges.byteBound <= memory.capacity - end, "more text than room")
        finishPart()
        for slice in ranges.print(tensor, into: memory.base + end) {
            parts.append(part(end + slice.offset, slice.byteCount))
        }
        end += ranges.byteBound
        begin = end
    }

    private mutating func appendBase64(_ tensor: Tensor) {
        let byteCount = tensor.count * tensor.dtype.byteCount
        let out = (memory.base + end).assumingMemoryBound(to: CChar.self)
        tensor_text_base64_encode(out, tensor.storage.bytes, byteCount)
        end += tensor_text_base64_length(byteCount)
    }
}
