// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import JSONText

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
struct FamilyWord: RequestField {
    let rawValue: Int
    let family: Family

    init?(rawValue: Int) {
        guard Family.allCases.indices.contains(rawValue) else { return nil }
        (self.rawValue, family) = (rawValue, Family.allCases[rawValue])
    }

    var name: StaticString {
        switch family {
        case .repvgg: "repvgg"
        case .mobileone: "mobileone"
        case .acnet: "acnet"
        case .dbb: "dbb"
        case .replknet: "replknet"
        case .convBN: "conv_bn"
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
                [Problem.Fault(pointer: jsonPointerPart($0), detail: error.message)]
            }
            self = .problem(Problem(status: 400, detail: detail, faults: faults ?? []))
        case .tensor(let name):
            self = .field(pointer: jsonPointerPart(name), reason: error.message)
        case .option(let name): self = .field(pointer: "/" + name, reason: error.message)
        case .checkpoint: self = .field(pointer: "", reason: error.message)
        }
    }
}
