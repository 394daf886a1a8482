// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// Minimal filtering in one dimension: `outputs` neighbouring outputs of `taps` taps by `points`
/// multiplications instead of `outputs · taps`.
struct WinogradFilter: Sendable, Equatable {
    let taps: Int
    let outputs: Int
    /// outputs + taps − 1
    let points: Int
    let input, weight, output: WinogradStep

    /// A dimension in which the kernel has one tap.
    static let none = WinogradFilter(
        taps: 1, outputs: 1, points: 1, input: .copy, weight: .copy, output: .copy)
    static let f23 = WinogradFilter(
        taps: 3, outputs: 2, points: 4, input: .input4, weight: .weightF23, output: .outputF23)
    static let f43 = WinogradFilter(
        taps: 3, outputs: 4, points: 6, input: .input6, weight: .weightF43, output: .outputF43)
    static let f25 = WinogradFilter(
        taps: 5, outputs: 2, points: 6, input: .input6, weight: .weightF25, output: .outputF25)

    /// The one for `taps` taps that keeps to a precision; nil where there is none. Six points round
    /// worse than `strict` allows.
    static func filter(taps: Int, precision: Precision) -> WinogradFilter? {
        switch taps {
        case 1: WinogradFilter.none
        case 3: precision == .strict ? f23 : f43
        case 5: precision == .strict ? nil : f25
        default: nil
        }
    }
}
