// SPDX-License-Identifier: Apache-2.0

/// How tensors and parameters are written in a body: `Content-Type` chooses it for the request,
/// `Accept` for the reply.
enum TensorEncoding: Sendable {
    case json, safetensors, npz, npy, octetStream
    /// Chosen by the path, below `/v2`.
    case openInference

    /// Those that `Content-Type` and `Accept` choose from.
    static let negotiable: [TensorEncoding] = [.json, .safetensors, .npz, .npy, .octetStream]

    /// Its media types, the registered or usual one first.
    private var mediaTypes: [String] {
        switch self {
        case .json: ["application/json"]
        case .safetensors:
            [
                "application/vnd.safetensors", "application/x-safetensors",
                "application/safetensors",
            ]
        case .npz: ["application/x-npz", "application/npz", "application/zip"]
        case .npy: ["application/x-npy", "application/npy"]
        case .octetStream, .openInference: ["application/octet-stream"]
        }
    }

    var mediaType: String { mediaTypes[0] }

    /// Whether a body can hold so many tensors; of two encodings it is one tensor and nothing else.
    func carries(_ tensorCount: Int) -> Bool {
        tensorCount == 1 || (self != .npy && self != .octetStream)
    }

    /// The one that `mediaType`, lower case and without parameters, stands for.
    init?(_ mediaType: String) {
        guard let named = Self.byMediaType[mediaType] else { return nil }
        self = named
    }

    private static let byMediaType = Dictionary(
        uniqueKeysWithValues: negotiable.flatMap { encoding in
            encoding.mediaTypes.map { ($0, encoding) }
        })

    /// The one that a body looks like.
    init?(sniffing body: UnsafeRawBufferPointer) {
        if body.starts(with: [0x93] + Array("NUMPY".utf8)) {
            self = .npy
        } else if Self.looksLikeArchive(body) {
            self = .npz
        } else if Self.looksLikeSafetensors(body) {
            self = .safetensors
        } else if body.first.map(Self.isText) ?? true {
            self = .json
        } else {
            return nil
        }
    }

    /// The beginning of something written by hand, or a byte order mark: the reader of JSON tells what is
    /// wrong with it.
    private static func isText(_ byte: UInt8) -> Bool {
        (0x20..<0x7F).contains(byte) || [0x09, 0x0A, 0x0D, 0xEF, 0xFE, 0xFF].contains(byte)
    }

    /// A file of an archive, or the end of an empty one.
    static func looksLikeArchive(_ body: UnsafeRawBufferPointer) -> Bool {
        guard body.count >= 4, body[0] == UInt8(ascii: "P"), body[1] == UInt8(ascii: "K") else {
            return false
        }
        return (body[2], body[3]) == (3, 4) || (body[2], body[3]) == (5, 6)
    }

    /// A little-endian length below 2^40 and an object behind it; no text has such zeros.
    private static func looksLikeSafetensors(_ body: UnsafeRawBufferPointer) -> Bool {
        body.count > 8 && body[5...7].allSatisfy { $0 == 0 } && body[8] == UInt8(ascii: "{")
    }
}
