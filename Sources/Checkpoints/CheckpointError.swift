// SPDX-License-Identifier: Apache-2.0

import TensorFiles

/// Why a checkpoint is not fused: a tensor of it, or an option, that the caller can mend.
public struct CheckpointError: Error, Equatable, Sendable {
    /// What it is about.
    public enum Subject: Equatable, Sendable {
        /// The bytes are no such file: damaged, cut off, or another one. The name of a tensor if it is about one.
        case file(tensor: String?)
        /// A tensor whose shape or numbers fit nothing.
        case tensor(String)
        /// An option, by its name in a request.
        case option(String)
        /// The checkpoint as a whole.
        case checkpoint
    }

    /// What it is about.
    public let subject: Subject
    /// The value, the rule and the cure, in one sentence in lower case.
    public let reason: String

    /// The sentence behind the name of what it is about.
    public var message: String {
        switch subject {
        case .file(let tensor?), .tensor(let tensor): "\(shown(tensor)): \(reason)"
        case .option(let name): "\(name): \(reason)"
        case .file(nil), .checkpoint: reason
        }
    }

    init(_ subject: Subject, _ reason: String) {
        self.subject = subject
        self.reason = reason
    }

    /// A report that would take the place of the checkpoint.
    public static func sameFile(_ path: String) -> CheckpointError {
        CheckpointError(
            .file(tensor: nil),
            "\(shown(path)) is named for the checkpoint and for the report; name another file for one of them"
        )
    }

    /// About bytes that are no safetensors file.
    init(_ error: TensorFileError) {
        self.init(.file(tensor: error.tensor), error.reason)
    }
}

/// A name of the file as it may stand in a message.
func shown(_ name: String) -> String {
    name.isEmpty ? "(the top level)" : excerpt(name, limit: 128)
}
