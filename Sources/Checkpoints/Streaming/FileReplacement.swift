// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A file that has its name only when it is whole: written beside the place, then moved there.
///
/// Whatever ends the process meanwhile, under the name is what was there before, or nothing; a file named
/// `.convserve.XXXXXX` may be left beside it if it was ended by force.
public final class FileReplacement {
    private let path: String
    private let temporary: String
    private let descriptor: Int32
    private var isFinished = false

    /// - Throws: where no file can be made
    public init(path: String) throws(CheckpointError) {
        let (folder, whole) = try Self.place(of: path)
        var template = Array("\(folder)/.convserve.XXXXXX".utf8CString)
        let opened = mkstemp(&template)
        guard opened >= 0 else { throw .system("cannot be written", path) }
        self.path = whole
        descriptor = opened
        temporary = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        // mkstemp's files are the owner's alone; this one is as readable as any.
        let mask = umask(0)
        umask(mask)
        fchmod(descriptor, 0o666 & ~mask)
    }

    /// Writes at the end of what is written, or at `offset`.
    package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int? = nil)
        throws(CheckpointError)
    {
        var done = 0
        while done < bytes.count {
            let from = bytes.baseAddress! + done
            let rest = bytes.count - done
            let count =
                offset.map { pwrite(descriptor, from, rest, off_t($0 + done)) }
                ?? writeBytes(descriptor, from, rest)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .system("cannot be written", path) }
            done += count
        }
    }

    package func write(_ bytes: [UInt8], at offset: Int? = nil) throws(CheckpointError) {
        try bytes.withUnsafeBytes { bytes in
            Result { () throws(CheckpointError) in try write(bytes, at: offset) }
        }.get()
    }

    /// The folder and the whole path, without links; refuses what is there and is no file (a folder, a device, a pipe).
    private static func place(
        of path: String
    ) throws(CheckpointError) -> (folder: String, path: String) {
        var status = stat()
        let isThere = stat(path, &status) == 0
        guard !path.isEmpty, !path.hasSuffix("/"), !isThere || status.st_mode & S_IFMT == S_IFREG
        else {
            throw CheckpointError(
                .file(tensor: nil), "\(shown(path)) is no name for a file, or something else has it"
            )
        }
        if isThere, let real = real(path) { return (folder(of: real), real) }
        let (given, name) = (
            folder(of: path), path.split(separator: "/").last.map(String.init) ?? path
        )
        guard let folder = real(given) else { throw .system("cannot be written", path) }
        return (folder, folder + "/" + name)
    }

    private static func real(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Whether both would have the same name.
    public func isSame(as other: FileReplacement) -> Bool { path == other.path }

    /// Leaves room at the beginning.
    func skip(_ byteCount: Int) throws(CheckpointError) {
        guard lseek(descriptor, off_t(byteCount), SEEK_SET) >= 0 else {
            throw .system("cannot be written", path)
        }
    }

    /// Gives the file its name.
    public func finish() throws(CheckpointError) {
        guard fsync(descriptor) == 0, rename(temporary, path) == 0 else {
            throw .system("cannot be written", path)
        }
        isFinished = true
    }

    /// Writes the text and gives the file its name.
    public func finish(with text: String) throws(CheckpointError) {
        try write(Array(text.utf8))
        try finish()
    }

    deinit {
        close(descriptor)
        if !isFinished { unlink(temporary) }
    }
}

/// `write`, which inside of the class is its own.
private func writeBytes(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}
