// SPDX-License-Identifier: Apache-2.0

/// Where the bytes of a checkpoint come from: memory, or a file that is read as it is needed.
public protocol CheckpointSource: Sendable {
    /// Of the whole file.
    var byteCount: Int { get }

    /// Reads the bytes from `offset` on, as many as `bytes` takes; they are there.
    func read(at offset: Int, into bytes: UnsafeMutableRawBufferPointer) throws(CheckpointError)
}

/// A checkpoint in memory, which lives longer than this.
public struct MemorySource: CheckpointSource, @unchecked Sendable {
    private let bytes: UnsafeRawBufferPointer

    /// A checkpoint that the caller keeps in memory.
    public init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// Of the whole file.
    public var byteCount: Int { bytes.count }

    /// Copies the bytes from `offset` on.
    public func read(at offset: Int, into target: UnsafeMutableRawBufferPointer) {
        target.copyMemory(
            from: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + target.count]))
    }
}
