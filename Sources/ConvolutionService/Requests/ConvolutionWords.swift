// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// The words that `padding` may be.
enum PaddingWord: Int, RequestField {
    case valid, same, sameUpper, sameLower, full, causal

    var name: StaticString {
        switch self {
        case .valid: "valid"
        case .same: "same"
        case .sameUpper: "same_upper"
        case .sameLower: "same_lower"
        case .full: "full"
        case .causal: "causal"
        }
    }

    static var hint: String { ", besides integers and [before, after] pairs" }

    var padding: ConvolutionOptions.Padding {
        switch self {
        case .valid: .valid
        case .same: .same
        case .sameUpper: .sameUpper
        case .sameLower: .sameLower
        case .full: .full
        case .causal: .causal
        }
    }
}

/// ONNX's words for `auto_pad`.
enum AutoPadWord: Int, RequestField {
    case notSet, sameUpper, sameLower, valid

    var name: StaticString {
        switch self {
        case .notSet: "NOTSET"
        case .sameUpper: "SAME_UPPER"
        case .sameLower: "SAME_LOWER"
        case .valid: "VALID"
        }
    }

    /// Nil where the padding is told by other fields.
    var padding: ConvolutionOptions.Padding? {
        switch self {
        case .notSet: nil
        case .sameUpper: .sameUpper
        case .sameLower: .sameLower
        case .valid: .valid
        }
    }
}

/// What `padding_mode` may be; the value of `constant` is a field of its own.
enum PaddingModeWord: Int, RequestField {
    case zeros, reflect, replicate, circular, constant

    var name: StaticString {
        switch self {
        case .zeros: "zeros"
        case .reflect: "reflect"
        case .replicate: "replicate"
        case .circular: "circular"
        case .constant: "constant"
        }
    }

    func border(value: Double) -> Border {
        switch self {
        case .zeros: .zeros
        case .reflect: .reflect
        case .replicate: .replicate
        case .circular: .circular
        case .constant: .constant(value)
        }
    }
}

/// What `activation` may be.
enum ActivationWord: Int, RequestField {
    case none, relu, relu6, silu, gelu, hardswish, sigmoid, tanh

    var name: StaticString {
        switch self {
        case .none: "none"
        case .relu: "relu"
        case .relu6: "relu6"
        case .silu: "silu"
        case .gelu: "gelu"
        case .hardswish: "hardswish"
        case .sigmoid: "sigmoid"
        case .tanh: "tanh"
        }
    }

    var activation: Activation {
        switch self {
        case .none: .none
        case .relu: .relu
        case .relu6: .relu6
        case .silu: .silu
        case .gelu: .gelu
        case .hardswish: .hardswish
        case .sigmoid: .sigmoid
        case .tanh: .tanh
        }
    }
}

/// What `precision` may be.
enum PrecisionWord: Int, RequestField {
    case standard, strict, fast

    var name: StaticString {
        switch self {
        case .standard: "default"
        case .strict: "strict"
        case .fast: "fast"
        }
    }

    var precision: Precision {
        switch self {
        case .standard: .standard
        case .strict: .strict
        case .fast: .fast
        }
    }
}

/// The algorithms by name.
enum AlgorithmWord: Int, RequestField {
    case auto, slidingWindow, direct, im2col, stridePhases, columnScatter, kernelMatrix, winograd,
        fft

    var name: StaticString {
        switch self {
        case .auto: "auto"
        case .slidingWindow: "sliding_window"
        case .direct: "direct"
        case .im2col: "im2col"
        case .stridePhases: "stride_phases"
        case .columnScatter: "col2im"
        case .kernelMatrix: "kernel_matrix"
        case .winograd: "winograd"
        case .fft: "fft"
        }
    }

    /// Nil for the fastest.
    var algorithm: Algorithm? {
        switch self {
        case .slidingWindow: .slidingWindow
        case .direct: .direct
        case .im2col: .im2col
        case .stridePhases: .stridePhases
        case .columnScatter: .columnScatter
        case .kernelMatrix: .kernelMatrix
        case .winograd: .winograd
        case .fft: .fft
        case .auto: nil
        }
    }
}
