// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A checkpoint on a disk. It is read piece by piece and never mapped, so that a file that somebody cuts short meanwhile is
/// an error and not the end of the process.
public final class FileSource: CheckpointSource {
    private let descriptor: Int32
    private let path: String
    /// Of the whole file, when it was opened.
    public let byteCount: Int

    /// - Throws: for what is not there, may not be read, or is no regular file
    public init(path: String) throws(CheckpointError) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        self.path = path
        guard descriptor >= 0 else { throw .system("cannot be opened", path) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw CheckpointError(
                .file(tensor: nil), "\(shown(path)) is no file; a checkpoint is a safetensors file")
        }
        byteCount = Int(status.st_size)
    }

    deinit { close(descriptor) }

    /// Reads the bytes from `offset` on; an error if the file has become shorter.
    public func read(
        at offset: Int, into bytes: UnsafeMutableRawBufferPointer
    ) throws(CheckpointError) {
        var done = 0
        while done < bytes.count {
            let count = pread(
                descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(offset + done))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .system("cannot be read", path) }
            guard count > 0 else {
                throw CheckpointError(
                    .file(tensor: nil),
                    "\(shown(path)) became shorter while it was read; fuse a file that nobody writes"
                )
            }
            done += count
        }
    }
}

extension CheckpointError {
    /// What the system says about a path.
    static func system(_ what: String, _ path: String) -> CheckpointError {
        let reason = String(cString: strerror(errno))
        return CheckpointError(.file(tensor: nil), "\(shown(path)) \(what): \(reason)")
    }
}
