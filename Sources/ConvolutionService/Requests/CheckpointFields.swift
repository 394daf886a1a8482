// SPDX-License-Identifier: Apache-2.0

import Checkpoints

/// The parameters of `fuse/checkpoint`, which stand in the query: the body is the checkpoint.
enum CheckpointField: Int, RequestField {
    case family, eps, groups, transposed, pairs, exclude, stripPrefix, strict

    var name: StaticString {
        switch self {
        case .family: "family"
        case .eps: "eps"
        case .groups: "groups"
        case .transposed: "transposed"
        case .pairs: "pairs"
        case .exclude: "exclude"
        case .stripPrefix: "strip_prefix"
        case .strict: "strict"
        }
    }
}

/// The names of the families.
enum FamilyWord: Int, RequestField {
    case repvgg, mobileone, acnet, dbb, replknet, convBN

    var name: StaticString {
        switch self {
        case .repvgg: "repvgg"
        case .mobileone: "mobileone"
        case .acnet: "acnet"
        case .dbb: "dbb"
        case .replknet: "replknet"
        case .convBN: "conv_bn"
        }
    }

    var family: Family {
        switch self {
        case .repvgg: .repvgg
        case .mobileone: .mobileone
        case .acnet: .acnet
        case .dbb: .dbb
        case .replknet: .replknet
        case .convBN: .convBN
        }
    }
}

extension RequestFailure {
    /// A file that cannot be read is no document (400); what it holds, and an option, is a value (422).
    init(_ error: CheckpointError) {
        switch error.subject {
        case .file(let tensor):
            let detail =
                "the body is no \(TensorEncoding.safetensors.mediaType): \(error.message)"
            let faults = tensor.map {
                [Problem.Fault(pointer: Self.pointer(to: $0), detail: error.message)]
            }
            self = .problem(Problem(status: 400, detail: detail, faults: faults ?? []))
        case .tensor(let name):
            self = .field(pointer: Self.pointer(to: name), reason: error.message)
        case .option(let name): self = .field(pointer: "/" + name, reason: error.message)
        case .checkpoint: self = .field(pointer: "", reason: error.message)
        }
    }

    /// RFC 6901 escapes what it separates names with.
    private static func pointer(to name: String) -> String {
        "/"
            + name.split(separator: "~", omittingEmptySubsequences: false).joined(separator: "~0")
            .split(separator: "/", omittingEmptySubsequences: false).joined(separator: "~1")
    }
}
