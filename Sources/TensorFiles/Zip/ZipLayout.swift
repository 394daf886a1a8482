// SPDX-License-Identifier: Apache-2.0

/// Signatures and sizes of an archive's records (PKWARE, APPNOTE.TXT 6.3.10, section 4.3).
enum ZipLayout {
    static let localHeader: UInt32 = 0x0403_4B50
    static let directoryEntry: UInt32 = 0x0201_4B50
    static let directoryEnd: UInt32 = 0x0605_4B50
    static let directoryEnd64: UInt32 = 0x0606_4B50
    static let directoryEnd64Locator: UInt32 = 0x0706_4B50

    static let directoryEndByteCount = 22
    static let directoryEnd64ByteCount = 56
    static let locatorByteCount = 20
    static let commentLimit = 0xFFFF

    /// More arrays than anybody saves; answers archives of millions of empty ones.
    static let entryLimit = 4096
    /// 256 bytes an entry: 46, its name, and room for what tools add.
    static let directoryLimit = 1 << 20
}
