// SPDX-License-Identifier: Apache-2.0

/// What a header says, as it is said: each name once and each tensor whole, but offsets unchecked.
struct SafetensorsHeader {
    /// One tensor as described.
    struct Entry {
        let name: String
        let type: SafetensorsType
        let shape: [Int]
        /// The first byte and the one behind the last, counted from the end of the header.
        let begin, end: Int
    }

    private(set) var entries: [Entry] = []
    private(set) var metadata: [(name: String, value: String)] = []
    /// As bytes, since two names of other bytes may be equal as `String`.
    private var names: Set<[UInt8]> = []

    static let metadataName = "__metadata__"

    /// `{"name": {"dtype", "shape", "data_offsets"}, ..., "__metadata__": {"name": "value", ...}}`
    init(_ bytes: UnsafeRawBufferPointer) throws(TensorFileError) {
        guard bytes.first == UInt8(ascii: "{") else {
            throw TensorFileError(
                """
                the header is \(bytes.isEmpty ? "empty" : "no JSON object"): it has to begin with \
                "{" at byte 8 of the file, as safetensors.numpy.save writes it
                """)
        }
        var text = HeaderText(bytes)
        try text.object { (text, name) throws(TensorFileError) in
            try note(name)
            if name == Self.metadataName {
                try readMetadata(&text)
            } else {
                entries.append(try Self.named(name, &text))
            }
        }
        try text.expectEnd()
    }

    private mutating func note(_ name: String) throws(TensorFileError) {
        guard names.insert(Array(name.utf8)).inserted else {
            throw TensorFileError(
                tensor: name, "the header has the name \(quoted(name)) twice; give each its own")
        }
    }

    private mutating func readMetadata(_ text: inout HeaderText) throws(TensorFileError) {
        var known: Set<[UInt8]> = []
        try text.object { (text, name) throws(TensorFileError) in
            guard known.insert(Array(name.utf8)).inserted else {
                throw TensorFileError(
                    "__metadata__ has the name \(quoted(name)) twice; give it once")
            }
            let value = try text.string("the value of \(quoted(name)) in __metadata__, a string,")
            metadata.append((name, value))
        }
    }

    /// A tensor; whatever is wrong with it is said with its name.
    private static func named(
        _ name: String, _ text: inout HeaderText
    ) throws(TensorFileError) -> Entry {
        do {
            return try entry(name, &text)
        } catch {
            throw error.tensor == nil
                ? TensorFileError(tensor: name, error.reason, kind: error.kind) : error
        }
    }

    private static func entry(
        _ name: String, _ text: inout HeaderText
    ) throws(TensorFileError) -> Entry {
        var type: SafetensorsType?
        var shape, offsets: [Int]?
        try text.object { (text, field) throws(TensorFileError) in
            switch field {
            case "dtype" where type == nil:
                type = try SafetensorsType(
                    word: text.string("dtype, a word such as \"F32\","), tensor: name)
            case "shape" where shape == nil:
                shape = try text.integers("shape", limit: WireShape.rankLimit)
            case "data_offsets" where offsets == nil:
                offsets = try text.integers("data_offsets", limit: 2)
            case "dtype", "shape", "data_offsets":
                throw TensorFileError(tensor: name, "its \(field) is given twice; give it once")
            default:
                throw TensorFileError(
                    tensor: name,
                    "it has \(quoted(field)); a tensor has dtype, shape and data_offsets")
            }
        }
        guard let type, let shape, let offsets, offsets.count == 2 else {
            throw TensorFileError(
                tensor: name, missing(type == nil, shape == nil, offsets?.count))
        }
        return Entry(name: name, type: type, shape: shape, begin: offsets[0], end: offsets[1])
    }

    private static func missing(_ dtype: Bool, _ shape: Bool, _ offsets: Int?) -> String {
        if let offsets, !dtype, !shape {
            return "data_offsets has \(counted(offsets, "number")); it has two, [begin, end]"
        }
        let name = dtype ? "dtype" : shape ? "shape" : "data_offsets"
        return "its \(name) is missing; a tensor has dtype, shape and data_offsets"
    }
}
