// SPDX-License-Identifier: Apache-2.0

/// The fields of `unfold` and `fold`.
enum WindowField: Int, RequestField {
    case input, outputSize, kernelSize, dilation, padding, pads, stride, format

    var name: StaticString {
        switch self {
        case .input: "input"
        case .outputSize: "output_size"
        case .kernelSize: "kernel_size"
        case .dilation: "dilation"
        case .padding: "padding"
        case .pads: "pads"
        case .stride: "stride"
        case .format: "format"
        }
    }

    /// What the request of an operation does not have.
    static func excluded(for operation: WindowOperation) -> FieldSet<WindowField> {
        operation == .unfold ? FieldSet(.outputSize) : FieldSet()
    }
}

/// The operators that move windows.
enum WindowOperation: Sendable {
    case unfold, fold
}

/// What `padding` may be for windows: those words of convolutions that do not look at the kernel.
enum WindowPaddingWord: Int, RequestField {
    case valid

    var name: StaticString { "valid" }
    static var hint: String { PaddingWord.hint }
}
