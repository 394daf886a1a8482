// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A file that has its name only when it is whole.
///
/// It is written without a name (`O_TMPFILE`), so that whatever ends the process meanwhile leaves what was there before and
/// nothing else. Where a file system has no such files it is written beside the place, as `.convserve.XXXXXX`.
public final class FileReplacement {
    private let path: String
    private let folder: String
    private let descriptor: Int32
    /// Its name meanwhile, if it has one.
    private var temporary: String?

    /// - Throws: where no file can be made
    public init(path: String) throws(CheckpointError) {
        let (folder, whole) = try Self.place(of: path)
        // Linux's O_TMPFILE, whose macro Swift does not see.
        let nameless = open(folder, 0o20000000 | O_DIRECTORY | O_RDWR | O_CLOEXEC, 0o666)
        if nameless >= 0 {
            (descriptor, temporary) = (nameless, nil)
        } else {
            var template = Self.template(in: folder)
            let opened = mkstemp(&template)
            guard opened >= 0 else { throw .system("cannot be written", path) }
            (descriptor, temporary) = (opened, Self.text(template))
            // mkstemp's files are the owner's alone; this one is as readable as any.
            let mask = umask(0)
            umask(mask)
            fchmod(descriptor, 0o666 & ~mask)
        }
        (self.folder, self.path) = (folder, whole)
    }

    private static func template(in folder: String) -> [CChar] {
        Array("\(folder)/.convserve.XXXXXX".utf8CString)
    }

    private static func text(_ characters: [CChar]) -> String {
        characters.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
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
        guard fsync(descriptor) == 0 else { throw .system("cannot be written", path) }
        if temporary == nil { temporary = try named() }
        let name = temporary!
        guard rename(name, path) == 0 else { throw .system("cannot be written", path) }
        temporary = nil
    }

    /// A name beside the place, since a link takes none that there is.
    private func named() throws(CheckpointError) -> String {
        var template = Self.template(in: folder)
        let opened = mkstemp(&template)
        guard opened >= 0 else { throw .system("cannot be written", path) }
        close(opened)
        let name = Self.text(template)
        unlink(name)
        let from = "/proc/self/fd/\(descriptor)"
        guard linkat(AT_FDCWD, from, AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0 else {
            throw .system("cannot be written", path)
        }
        return name
    }

    /// Writes the text and gives the file its name.
    public func finish(with text: String) throws(CheckpointError) {
        try write(Array(text.utf8))
        try finish()
    }

    deinit {
        close(descriptor)
        if let temporary { unlink(temporary) }
    }
}

/// `write`, which inside of the class is its own.
private func writeBytes(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}
