// SPDX-License-Identifier: Apache-2.0

/// How a reply's tensors are spelled if it is JSON: as `format` asked, else as the request's first tensor
/// was, else nested.
struct ReplySpelling: Sendable {
    /// What `format` said.
    let asked: TensorSpelling?
    let spelling: TensorSpelling

    init(asked: TensorSpelling?, _ first: WireTensor?) {
        self.asked = asked
        spelling = asked ?? first?.spelling ?? .nested
    }
}
