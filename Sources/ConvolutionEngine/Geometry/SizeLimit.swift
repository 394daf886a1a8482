// SPDX-License-Identifier: Apache-2.0

/// The bound on every size in a geometry, so that no later arithmetic on sizes overflows.
///
/// Answers the request that asks for petabytes in twenty characters (`"padding": 1099511627776`).
/// How much memory one request may take is the service's to decide, and much less.
enum SizeLimit {
    /// 2^40: as many float64 elements are 8 TiB, more than one machine holds; and products of a few
    /// parameters that keep this bound, such as (in - 1)·stride, are told from overflow exactly.
    static let largest = 1 << 40

    /// 2^24: a plan holds some sixty bytes for each tap of a kernel.
    static let mostTaps = 1 << 24

    /// How the bound is written in a message.
    static let spelled = "\(largest) (2^40)"

    /// The product of sizes that are at least 0, or nil where it is beyond the bound.
    ///
    /// A 0 does not excuse the others: an engine may multiply any of them, in any order.
    static func product(_ sizes: [Int]) -> Int? {
        guard let bound = overflowChecked(sizes.map { max($0, 1) }), bound <= largest else {
            return nil
        }
        return sizes.contains(0) ? 0 : bound
    }

    /// The product of any integers, or nil where it overflows.
    static func overflowChecked(_ factors: [Int]) -> Int? {
        var product = 1
        for factor in factors {
            let (next, overflow) = product.multipliedReportingOverflow(by: factor)
            guard !overflow else { return nil }
            product = next
        }
        return product
    }
}
