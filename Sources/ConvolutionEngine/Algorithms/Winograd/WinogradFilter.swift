// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// Minimal filtering in one dimension: `outputs` neighbouring outputs of `taps` taps by `points`
/// multiplications instead of `outputs · taps`.
struct WinogradFilter: Sendable, Equatable {
    let taps: Int
    let outputs: Int
    /// outputs + taps − 1
    let points: Int
    /// Points of the weights: fewer where products share them.
    var weightPoints: Int { taps == 1 ? 1 : points }
    let input, weight, output: WinogradStep
    /// The points of the input's step that are in front of its own, and likewise the values.
    var skipped = 0

    /// A dimension in which the kernel has one tap.
    static let none = WinogradFilter(
        taps: 1, outputs: 1, points: 1, input: .copy, weight: .copy, output: .copy)
    /// One tap beside a filter that makes four outputs.
    static let f41 = WinogradFilter(
        taps: 1, outputs: 4, points: 4, input: .copyFour, weight: .copy, output: .copyFour)
    static let f42 = WinogradFilter(
        taps: 2, outputs: 4, points: 5, input: .input5, weight: .weightF42, output: .outputF42)
    /// The same from the six points of F(4,3), which the two can share then.
    static let f42OfSix = WinogradFilter(
        taps: 2, outputs: 4, points: 5, input: .input6, weight: .weightF42, output: .outputF42,
        skipped: 1)
    static let f23 = WinogradFilter(
        taps: 3, outputs: 2, points: 4, input: .input4, weight: .weightF23, output: .outputF23)
    static let f43 = WinogradFilter(
        taps: 3, outputs: 4, points: 6, input: .input6, weight: .weightF43, output: .outputF43)
    static let f25 = WinogradFilter(
        taps: 5, outputs: 2, points: 6, input: .input6, weight: .weightF25, output: .outputF25)
}
