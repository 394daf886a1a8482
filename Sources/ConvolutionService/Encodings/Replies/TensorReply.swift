// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// What a handler replies: tensors by name, and words beside them, each in its order.
struct TensorReply: Sendable {
    /// Something beside the tensors.
    struct Member: Sendable {
        let name: StaticString
        /// As JSON.
        let json: String
        /// Without quotes, if it is a word.
        let word: String?
    }

    private(set) var tensors: [(name: StaticString, tensor: Tensor)] = []
    private(set) var members: [Member] = []

    init() {}

    init(_ name: StaticString, _ tensor: Tensor) { tensors = [(name, tensor)] }

    mutating func add(_ name: StaticString, _ tensor: Tensor) { tensors.append((name, tensor)) }

    /// `word` has nothing in it that JSON escapes.
    mutating func add(_ name: StaticString, word: String) {
        members.append(Member(name: name, json: "\"\(word)\"", word: word))
    }

    mutating func add(_ name: StaticString, json: String) {
        members.append(Member(name: name, json: json, word: nil))
    }
}
