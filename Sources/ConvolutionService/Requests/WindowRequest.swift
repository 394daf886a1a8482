// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// What a caller sent to `unfold` or `fold`; only the types of its values are checked.
struct WindowRequest: Sendable {
    let input: WireTensor
    /// Of `fold` only.
    let outputSize: WindowOptions.Amount?
    let options: WindowOptions
    let format: TensorSpelling?

    /// How the reply's tensor is written in JSON.
    var spelling: ReplySpelling { ReplySpelling(asked: format, input) }

    /// The sizes, if they fit together.
    func geometry() throws(RequestFailure) -> WindowGeometry {
        let shape = input.tensor.shape
        do {
            guard let outputSize else {
                return try WindowGeometry(unfolding: shape, options: options)
            }
            return try WindowGeometry(folding: shape, outputSize: outputSize, options: options)
        } catch {
            throw .field(pointer: "/" + error.field, reason: error.reason)
        }
    }
}
