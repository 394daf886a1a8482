// SPDX-License-Identifier: Apache-2.0

import TensorFiles

/// The tensors of a checkpoint, by the module that has them.
struct ModuleIndex {
    /// As they are in the file.
    let entries: [SafetensorsLayout.Entry]
    /// The names that they will have: without the prefix of a wrapped network.
    let names: [String]
    /// Of each module the tensors, by the last part of their names.
    let modules: [String: [String: Int]]
    /// The names of all modules, numbers by their value: `layer2` before `layer10`.
    let ordered: [String]
    /// The same by their bytes, to find those that begin alike.
    private let lexical: [String]

    /// The largest networks have some thousand; answers the header of 100 MB with a million names.
    static let largestTensorCount = 100_000
    /// No network nests so deep; answers names of a megabyte of dots, each of which leads to a module around it.
    static let longestName = 512, mostParts = 64

    init(
        _ entries: [SafetensorsLayout.Entry], stripping prefix: String
    ) throws(CheckpointError) {
        guard entries.count <= Self.largestTensorCount else {
            throw CheckpointError(
                .checkpoint,
                "it has \(entries.count) tensors, and \(Self.largestTensorCount) are the most; leave "
                    + "out what is no layer")
        }
        for entry in entries {
            let parts = entry.name.utf8.count(where: { $0 == UInt8(ascii: ".") }) + 1
            guard entry.name.utf8.count <= Self.longestName, parts <= Self.mostParts else {
                throw CheckpointError(
                    .tensor(entry.name),
                    "its name has \(entry.name.utf8.count) bytes in \(parts) parts, and \(Self.longestName) "
                        + "in \(Self.mostParts) are the most; save the network under a shorter one")
            }
        }
        self.entries = entries
        var modules: [String: [String: Int]] = [:]
        names = entries.map { entry in
            prefix.isEmpty || !entry.name.hasPrefix(prefix) || entry.name == prefix
                ? entry.name : String(entry.name.dropFirst(prefix.count))
        }
        for (index, name) in names.enumerated() {
            let (module, tensor) = ModuleName.split(name)
            guard modules[module, default: [:]].updateValue(index, forKey: tensor) == nil else {
                throw CheckpointError(
                    .tensor(entries[index].name),
                    "another tensor has the same name without the prefix \(shown(prefix)) (or with accents "
                        + "written otherwise); set strip_prefix to \"\", or rename one of them")
            }
        }
        self.modules = modules
        ordered = modules.keys.map(OrderedName.init).sorted().map(\.name)
        lexical = modules.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// The modules whose names begin so, in order.
    func modules(startingWith prefix: String) -> [String] {
        var low = 0, high = lexical.count
        while low < high {
            let middle = (low + high) / 2
            if lexical[middle].utf8.lexicographicallyPrecedes(prefix.utf8) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        let found = lexical[low...].prefix { $0.utf8.starts(with: prefix.utf8) }
        return found.map(OrderedName.init).sorted().map(\.name)
    }

    /// A module and all below it.
    func modules(below module: String) -> [String] {
        modules[module] == nil
            ? modules(startingWith: module + ".") : [module] + modules(startingWith: module + ".")
    }

    /// The name as the file has it.
    func source(_ entry: Int) -> String { entries[entry].name }

    func shape(_ entry: Int) -> [Int] { entries[entry].shape }
}

/// A name among others: part by part, by the number that a part ends with where all before it is alike.
private struct OrderedName: Comparable {
    let name: String
    private let parts: [(word: Substring, number: Int)]

    init(_ name: String) {
        self.name = name
        parts = name.split(separator: ".", omittingEmptySubsequences: false)
            .map(ModuleName.numbered)
    }

    static func == (a: OrderedName, b: OrderedName) -> Bool { a.name == b.name }

    static func < (a: OrderedName, b: OrderedName) -> Bool {
        for (x, y) in zip(a.parts, b.parts) where x != y { return x < y }
        return (a.parts.count, a.name) < (b.parts.count, b.name)
    }
}
