// SPDX-License-Identifier: Apache-2.0

import Synchronization

extension UnsafeBufferPointer where Element: TensorScalar {
    /// Whether no element is NaN or infinite; without a way out, which would keep it to one lane.
    var isFinite: Bool {
        var others = 0
        for element in self { others |= element.isFinite ? 0 : 1 }
        return others == 0
    }
}

extension Tensor {
    /// Whether no element is NaN or infinite: whether no exponent is all ones, which SSE2 can compare.
    var isFinite: Bool {
        switch dtype {
        case .float32:
            hasNone(Float.self) {
                let ones = Float.infinity.bitPattern
                return $0.reduce(into: UInt32(0)) {
                    $0 |= $1.bitPattern & ones == ones ? 1 : 0
                } > 0
            }
        case .float64:
            hasNone(Double.self) {
                let ones = Double.infinity.bitPattern
                return $0.reduce(into: UInt64(0)) {
                    $0 |= $1.bitPattern & ones == ones ? 1 : 0
                } > 0
            }
        case .float16, .bfloat16: widened().isFinite
        }
    }

    /// Whether `finds` says no of all parts; over the cores, where that pays.
    private func hasNone<Scalar: TensorScalar>(
        _: Scalar.Type, _ finds: @Sendable (UnsafeBufferPointer<Scalar>) -> Bool
    ) -> Bool {
        let count = count, atATime = 65_536
        return withElements(of: Scalar.self) { elements in
            let found = Atomic<Bool>(false)
            nonisolated(unsafe) let elements = elements
            ParallelTiles.run(
                (count + atATime - 1) / atATime,
                threads: count < 4 * atATime ? 1 : ProcessorCount.available
            ) { task, _ in
                let some = task * atATime..<min(count, (task + 1) * atATime)
                if finds(UnsafeBufferPointer(rebasing: elements[some])) {
                    found.store(true, ordering: .relaxed)
                }
            }
            return !found.load(ordering: .relaxed)
        }
    }
}
