// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// What a handler replies: tensors by name, and words beside them, each in its order.
struct TensorReply: Sendable {
    /// Something beside the tensors.
    struct Member: Sendable {
        let name: StaticString
        /// A word without its quotes, or JSON.
        let text: String
        let isWord: Bool
    }

    private(set) var tensors: [(name: StaticString, tensor: Tensor)] = []
    private(set) var members: [Member] = []

    init() {}

    init(_ name: StaticString, _ tensor: Tensor) { tensors = [(name, tensor)] }

    mutating func add(_ name: StaticString, _ tensor: Tensor) { tensors.append((name, tensor)) }

    /// `word` has nothing in it that JSON escapes.
    mutating func add(_ name: StaticString, word: String) {
        members.append(Member(name: name, text: word, isWord: true))
    }

    mutating func add(_ name: StaticString, json: String) {
        members.append(Member(name: name, text: json, isWord: false))
    }
}
