// SPDX-License-Identifier: Apache-2.0

/// How far an output may be from the reference.
public struct Tolerance: Sendable {
    /// Largest difference, relative to the root mean square of what is expected (or to 1, if larger
    /// sums cancelled).
    public var relative: Double

    /// A tolerance.
    public init(relative: Double) { self.relative = relative }
}

/// Nil where all elements agree, else the worst one in words. NaN agrees with NaN only.
public func mismatch(_ actual: [Double], _ expected: [Double], _ tolerance: Tolerance) -> String? {
    guard actual.count == expected.count else {
        return "\(actual.count) elements, expected \(expected.count)"
    }
    let finite = expected.filter(\.isFinite)
    let power = finite.reduce(0) { $0 + $1 * $1 }
    let scale = max(1, (power / Double(max(1, finite.count))).squareRoot())
    var worst: (index: Int, difference: Double)?
    for (i, (a, e)) in zip(actual, expected).enumerated() {
        if a == e || (a.isNaN && e.isNaN) { continue }
        let difference = abs(a - e) / scale
        if difference <= tolerance.relative { continue }
        if worst.map({ !(difference <= $0.difference) }) ?? true { worst = (i, difference) }
    }
    guard let worst else { return nil }
    return "index \(worst.index): \(actual[worst.index]), expected \(expected[worst.index]), "
        + "off by \(worst.difference) of the rms \(scale)"
}
