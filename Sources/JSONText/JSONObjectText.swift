// SPDX-License-Identifier: Apache-2.0

/// Small JSON objects, member by member in the order given; tensors never go through it.
package struct JSONObjectText: Sendable {
    private var members: [String] = []

    /// An object without members.
    package init() {}

    /// The object.
    package var text: String { "{\(members.joined(separator: ","))}" }

    package mutating func add(_ name: String, _ value: String) { addRaw(name, jsonString(value)) }
    package mutating func add(_ name: String, _ value: Int) { addRaw(name, "\(value)") }
    package mutating func add(_ name: String, _ value: Bool) { addRaw(name, "\(value)") }
    package mutating func add(_ name: String, _ values: [Int]) { addRaw(name, jsonList(values)) }

    /// NaN and the infinities are strings, as in tensors.
    package mutating func add(_ name: String, _ value: Double) {
        if value.isFinite { return addRaw(name, "\(value)") }
        add(name, value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity")
    }

    package mutating func add(_ name: String, _ values: [String]) {
        addRaw(name, jsonList(values))
    }

    package mutating func add(_ name: String, _ lists: [[Int]]) {
        addRaw(name, "[\(lists.map(jsonList).joined(separator: ","))]")
    }

    package mutating func add(_ name: String, _ object: JSONObjectText) {
        addRaw(name, object.text)
    }

    package mutating func add(_ name: String, _ objects: [JSONObjectText]) {
        addRaw(name, "[\(objects.map(\.text).joined(separator: ","))]")
    }

    package mutating func add(_ name: String, _ values: [Double]) {
        addRaw(name, "[\(values.map { "\($0)" }.joined(separator: ","))]")
    }

    private mutating func addRaw(_ name: String, _ value: String) {
        members.append("\(jsonString(name)):\(value)")
    }
}
