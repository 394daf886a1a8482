// SPDX-License-Identifier: Apache-2.0

/// The parameters of `unfold` and `fold` as the caller sent them: not yet checked against anything.
public struct WindowOptions: Sendable, Equatable {
    /// One number for all spatial dimensions, or a list: of one for all, or of one for each. Which of
    /// the two it was matters, because a list may tell how many spatial dimensions there are.
    public enum Amount: Sendable, Equatable {
        /// The same for each spatial dimension.
        case number(Int)
        /// One for each spatial dimension, outermost first.
        case list([Int])
    }

    /// How the image is extended before windows are cut out of it.
    public enum Padding: Sendable, Equatable {
        /// The same before and after.
        case symmetric(Amount)
        /// `[before, after]` for each spatial dimension.
        case pairs([[Int]])
        /// `[begin..., end...]`, ONNX's `pads`.
        case pads([Int])
        /// No padding.
        case valid
    }

    /// Elements of a window.
    public var kernelSize: Amount
    /// Steps from window to window.
    public var stride = Amount.number(1)
    /// Distance between the elements of a window.
    public var dilation = Amount.number(1)
    /// Default none.
    public var padding = Padding.valid

    /// The defaults of everything but the kernel's size.
    public init(kernelSize: Amount) { self.kernelSize = kernelSize }
}

extension WindowOptions.Amount {
    /// The values as they were written.
    var values: [Int] {
        switch self {
        case .number(let value): [value]
        case .list(let values): values
        }
    }

    /// The values of a list, which may tell the number of spatial dimensions.
    var listed: [Int]? {
        if case .list(let values) = self { values } else { nil }
    }

    /// As the caller wrote it: `3`, `[3]` or `[3, 3]`.
    var spelled: String {
        switch self {
        case .number(let value): "\(value)"
        case .list(let values): Spelling.list(values)
        }
    }
}
