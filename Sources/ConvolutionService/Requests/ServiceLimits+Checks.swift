// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import HTTPTransport

extension ServiceLimits {
    /// Room for a tensor and 256 bytes more of the reply, if neither the tensor as it is computed nor
    /// its text is larger than ``maxOutputBytes``.
    ///
    /// - Parameter spelling: nil if it is sent as it is in memory
    func replyByteCount(
        _ spelling: TensorSpelling?, shape: [Int], dtype: DType
    ) throws(RequestFailure) -> Int {
        let count = shape.reduce(1, *)
        let sent =
            spelling.map { ReplyText.byteBound($0, shape: shape, dtype: dtype) }
            ?? count * dtype.byteCount
        let bytes = sent.map { max($0, count * dtype.computed.byteCount) }
        if let sent, let bytes, bytes <= maxOutputBytes { return sent + 256 }
        let needed = bytes.map { "\($0) bytes" } ?? "too many bytes to count"
        let spelled = spelling.map { " as \($0.name)" } ?? ""
        throw .field(
            pointer: "",
            reason: """
                the output \(shape) may take \(needed)\(spelled), but the limit is \
                \(maxOutputBytes); ask for less (a smaller batch, "format": "base64"), or raise \
                --max-output-bytes
                """)
    }

    /// What is wrong with the amount of work, if anything.
    func excessiveWork(_ geometry: ConvolutionGeometry, passes: Int = 1) -> String? {
        let work = geometry.multiplyAccumulates
        if work <= maxMultiplyAccumulates / passes { return nil }
        let times = passes == 1 ? "" : ", done \(passes) times"
        return """
            the convolution has \(work) multiply-accumulates\(times), but the limit is \
            \(maxMultiplyAccumulates); send a smaller batch, input or kernel, or raise \
            --max-multiply-accumulates
            """
    }

    /// The work, and the copy of the input that a border makes.
    ///
    /// - Parameter passes: how often a request does the convolution's work
    func check(
        _ convolution: Convolution, _ dtype: DType, passes: Int = 1
    ) throws(RequestFailure) {
        if let reason = excessiveWork(convolution.geometry, passes: passes) {
            throw .field(pointer: "", reason: reason)
        }
        let byteCount = convolution.extendedInputCount.multipliedReportingOverflow(
            by: dtype.computed.byteCount)
        guard byteCount.overflow || byteCount.partialValue > maxOutputBytes else { return }
        throw .field(
            pointer: "/padding",
            reason: """
                the input with its padding, \(convolution.computed.inputShape), takes more than \
                the limit of \(maxOutputBytes) bytes; use less padding, padding_mode "zeros" \
                (which takes no memory), or raise --max-output-bytes
                """)
    }

    /// Whether the work is done sooner than another thread wakes up. Planning takes time for every tap,
    /// even where there are no channels to multiply.
    func isSmall(_ convolution: Convolution, passes: Int = 1) -> Bool {
        convolution.geometry.multiplyAccumulates <= inlineMultiplyAccumulates / passes
            && convolution.geometry.outputCount <= inlineOutputElements
            && convolution.geometry.kernel.count <= inlineOutputElements
            && convolution.extendedInputCount <= 4 * inlineOutputElements
    }
}
