// SPDX-License-Identifier: Apache-2.0

/// float16 and bfloat16: stored, widened before anything is computed, rounded once after it.
extension Tensor {
    /// The same numbers in the type that they are computed in: float16 and bfloat16 become float32,
    /// exactly; other tensors are returned as they are.
    public func widened() -> Tensor {
        switch dtype {
        case .float32, .float64: self
        case .float16: widened(from: Binary16.self)
        case .bfloat16: widened(from: BrainFloat16.self)
        }
    }

    /// The numbers, each rounded once to the nearest of a narrower type, ties to even; too large ones
    /// become infinite. A tensor of this type is returned as it is.
    ///
    /// - Parameter dtype: this tensor's; float16 or bfloat16; of a float64 tensor any
    public func rounded(to dtype: DType) -> Tensor {
        switch (self.dtype, dtype) {
        case (let own, _) where own == dtype: return self
        case (.float32, .float16): return rounded(to: Binary16.self, dtype)
        case (.float32, .bfloat16): return rounded(to: BrainFloat16.self, dtype)
        case (.float64, .float16): return narrowed(to: dtype, Binary16.round)
        case (.float64, .bfloat16): return narrowed(to: dtype, BrainFloat16.round)
        case (.float64, .float32): return converted(to: dtype)
        default: preconditionFailure("\(self.dtype) is not rounded to \(dtype)")
        }
    }

    /// The bit patterns of a float16 or bfloat16 tensor as memory; valid inside `body` only.
    public func withBitPatterns<Result>(
        _ body: (UnsafeBufferPointer<UInt16>) throws -> Result
    ) rethrows -> Result {
        precondition(dtype.byteCount == 2, "\(dtype) read as 16 bits an element")
        let patterns = storage.bytes.assumingMemoryBound(to: UInt16.self)
        defer { withExtendedLifetime(storage) {} }
        return try body(UnsafeBufferPointer(start: patterns, count: count))
    }

    /// A float16 or bfloat16 tensor whose bit patterns `fill` writes, all of them.
    public init(
        bitPatternsOf dtype: DType, shape: [Int],
        fill: (UnsafeMutableBufferPointer<UInt16>) throws -> Void
    ) rethrows {
        precondition(dtype.byteCount == 2, "\(dtype) written as 16 bits an element")
        let count = shape.reduce(1, *)
        let storage = TensorStorage(byteCount: 2 * count)
        let patterns = storage.bytes.bindMemory(to: UInt16.self, capacity: count)
        try fill(UnsafeMutableBufferPointer(start: patterns, count: count))
        self.init(dtype: dtype, shape: shape, storage: storage)
    }

    private func widened<Format: HalfFormat>(from _: Format.Type) -> Tensor {
        withBitPatterns { patterns in
            Tensor(shape: shape, of: Float.self) { floats in
                let memory = Memory(from: patterns.baseAddress!, to: floats.baseAddress!)
                Self.inParts(count) {
                    Format.widen(memory.from + $0, memory.to + $0, count: $1)
                }
            }
        }
    }

    private func rounded<Format: HalfFormat>(to _: Format.Type, _ dtype: DType) -> Tensor {
        withElements(of: Float.self) { floats in
            Tensor(bitPatternsOf: dtype, shape: shape) { patterns in
                let memory = Memory(from: floats.baseAddress!, to: patterns.baseAddress!)
                Self.inParts(count) {
                    Format.round(memory.from + $0, memory.to + $0, count: $1)
                }
            }
        }
    }

    private func narrowed(to dtype: DType, _ round: (Double) -> UInt16) -> Tensor {
        withElements(of: Double.self) { doubles in
            Tensor(bitPatternsOf: dtype, shape: shape) { patterns in
                for i in doubles.indices { patterns[i] = round(doubles[i]) }
            }
        }
    }

    private struct Memory<From, To>: @unchecked Sendable {
        let from: UnsafePointer<From>
        let to: UnsafeMutablePointer<To>
    }

    /// `for each part: body(first, count)`, on several cores from four parts on.
    ///
    /// - Parameter part: so many that they take a megabyte or less
    static func inParts(
        _ count: Int, of part: Int = 65_536, _ body: @Sendable (_ first: Int, Int) -> Void
    ) {
        let threads = count < 4 * part ? 1 : ProcessorCount.available
        ParallelTiles.run((count + part - 1) / part, threads: threads) { index, _ in
            body(index * part, min(part, count - index * part))
        }
    }
}
