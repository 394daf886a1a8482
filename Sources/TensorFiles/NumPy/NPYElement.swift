// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// The elements that a `descr` such as `'<f4'` stands for: order of bytes, kind, bytes an element.
struct NPYElement: Equatable {
    let dtype: DType
    let isBigEndian: Bool

    /// `=` and no order at all (which `numpy.save` never writes) are taken for little-endian.
    init(_ descr: String, bfloat16: Bool, tensor: String?) throws(TensorFileError) {
        var code = Substring(descr)
        isBigEndian = code.first == ">"
        if let first = code.first, "<>=|".contains(first) { code.removeFirst() }
        switch code {
        case "f2": dtype = .float16
        case "f4": dtype = .float32
        case "f8": dtype = .float64
        case "V2" where bfloat16: dtype = .bfloat16
        default:
            throw TensorFileError(
                tensor: tensor, Self.refusal(descr, code), kind: .unsupported)
        }
    }

    /// The `descr` that `numpy.save` writes; for bfloat16 what it writes for that of ml_dtypes.
    static func descr(_ dtype: DType) -> String {
        switch dtype {
        case .float16: "<f2"
        case .bfloat16: "<V2"
        case .float32: "<f4"
        case .float64: "<f8"
        }
    }

    private static func refusal(_ descr: String, _ code: Substring) -> String {
        let convert = """
            float16, float32 and float64 are read: save x.astype("float32")
            """
        let kind: String
        switch code.first {
        case "O":
            return """
                descr \(quoted(descr)) is Python objects, which are pickled and never read, since \
                reading them runs code; save an array of numbers: numpy.save(file, \
                x.astype("float32"), allow_pickle=False)
                """
        case "V" where code == "V2":
            return """
                descr \(quoted(descr)) is elements of two bytes that could be anything; say that \
                they are bfloat16 (dtype=bfloat16), or save x.astype("float32")
                """
        case "c":
            return """
                descr \(quoted(descr)) is complex numbers, which are not computed here; save \
                x.real and x.imag as two arrays
                """
        case "i", "u": kind = "integers, which are not computed here"
        case "b", "?": kind = "booleans, which are not computed here"
        case "f", "g": kind = "floating-point numbers of a size that is not computed here"
        case "S", "a", "U": kind = "text, not numbers"
        case "M", "m": kind = "dates or times, not numbers"
        case "V": kind = "records or raw bytes, not numbers"
        default: kind = "no element type of NumPy"
        }
        return "descr \(quoted(descr)) is \(kind); \(convert)"
    }
}
