// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import Synchronization

/// The convolutions that were asked for last: a service is asked for the same ones again and again, and to
/// check parameters and choose an algorithm takes as long as to compute a small one.
final class ConvolutionMemo: Sendable {
    /// All that a convolution follows from.
    struct Key: Equatable, Sendable {
        let operation: ConvolutionOperation
        let input, weight: [Int]
        let bias: [Int]?
        let parameters: ConvolutionParameters
    }

    static let shared = ConvolutionMemo()

    private let entries = Mutex<[(key: Key, convolution: Convolution)]>([])
    /// Few enough to be compared one by one.
    private static let capacity = 16

    /// One that was made before, or a new one, which takes the place of that not asked for longest.
    func convolution(for key: Key) throws(RequestFailure) -> Convolution {
        if let known = entries.withLock({ Self.take(key, from: &$0) }) { return known }
        let convolution = try key.parameters.convolution(
            key.operation, input: key.input, weight: key.weight, bias: key.bias)
        entries.withLock { entries in
            if entries.count == Self.capacity { entries.removeLast() }
            entries.insert((key, convolution), at: 0)
        }
        return convolution
    }

    /// Found ones come to the front.
    private static func take(
        _ key: Key, from entries: inout [(key: Key, convolution: Convolution)]
    ) -> Convolution? {
        guard let index = entries.firstIndex(where: { $0.key == key }) else { return nil }
        if index > 0 { entries.insert(entries.remove(at: index), at: 0) }
        return entries[0].convolution
    }
}
