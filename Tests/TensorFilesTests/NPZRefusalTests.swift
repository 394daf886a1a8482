// SPDX-License-Identifier: Apache-2.0

import TensorFiles
import TestSupport
import Testing

private let noArchive =
    " without the end of an archive: this is no .npz file, or it is cut off; send what numpy.savez writes"
private func libzip(_ words: String) -> String {
    "the archive cannot be read (libzip: \(words)); it is damaged or cut off: send what numpy.savez writes"
}

private let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"

private let npzRefusals: [Refusal] = [
    // The archive.
    .init("nothing", [], "0 bytes" + noArchive),
    .init(
        "a .npy file", npy(header),
        "93 bytes without the end of an archive: this is no .npz file, or it is cut off; send what numpy.savez writes"
    ),
    .init(
        "no end", Array(HostileArchive(fixture: "savez").bytes.dropLast()),
        "995 bytes without the end of an archive: this is no .npz file, or it is cut off; send what numpy.savez writes"
    ),
    .init(
        "a directory behind the end",
        HostileArchive.of { $0.set(.directoryOffset, to: UInt32(1_000_000)) },
        "the archive cannot be read (libzip: zip archive inconsistent); it is damaged or cut off: send what numpy.savez writes"
    ),
    .init(
        "a directory that is none", HostileArchive.of { $0.set(.directoryOffset, to: UInt32(0)) },
        "the archive cannot be read (libzip: not a zip archive); it is damaged or cut off: send what numpy.savez writes"
    ),
    .init(
        "a directory that is longer", HostileArchive.of { $0.set(.directorySize, to: UInt32.max) },
        "the archive cannot be read (libzip: zip archive inconsistent); it is damaged or cut off: send what numpy.savez writes"
    ),
    .init(
        "another number of entries", HostileArchive.of { $0.set(.entries, to: 2 as UInt16) },
        "the archive cannot be read (libzip: not a zip archive); it is damaged or cut off: send what numpy.savez writes"
    ),
    .init(
        "5000 entries", HostileArchive.of { $0.repeatFirstEntry(5000, numbered: true) },
        "the archive's directory has 5000 entries in 275000 bytes, and 4096 in 1048576 are allowed; send fewer arrays at a time"
    ),
    .init(
        "a directory of more than 1 MiB",
        HostileArchive.of {
            $0.repeatFirstEntry(24_000, numbered: true); $0.set(.entries, to: 3 as UInt16)
        },
        "the archive's directory has 3 entries in 1320000 bytes, and 4096 in 1048576 are allowed; send fewer arrays at a time"
    ),
    .init(
        "2^40 entries", HostileArchive.of { $0.insertEnd64(entries: 1 << 40, size: 1000) },
        "the archive's directory has 1099511627776 entries in 1000 bytes, and 4096 in 1048576 are allowed; send fewer arrays at a time"
    ),
    .init(
        "a directory of 2^63 bytes",
        HostileArchive.of { $0.insertEnd64(entries: 3, size: 1 << 63) },
        "the archive's directory has 3 entries in 9223372036854775808 bytes, and 4096 in 1048576 are allowed; send fewer arrays at a time"
    ),
    .init(
        "a ZIP64 record behind the end",
        HostileArchive.of { $0.insertEnd64(entries: 3, size: 100, locatorOffset: .max) },
        "the archive's end record is said to be at byte 18446744073709551615 of 1072; the file is cut off or damaged"
    ),
    .init(
        "17 ends",
        HostileArchive.of {
            $0.bytes += [[UInt8]](
                repeating: [0x50, 0x4B, 5, 6] + [UInt8](repeating: 0, count: 18), count: 16
            ).joined()
        }, "the archive ends 17 times, and 16 are looked at; send what numpy.savez writes"),
    // Its entries.
    .init(
        "an entry that is no array", HostileArchive.of { $0.rename(0, "input.npz") },
        tensor: "input.npz",
        #"the archive's entry "input.npz" is no array, whose name would end in ".npy"; leave it out, or send what numpy.savez writes"#
    ),
    .init(
        "an entry without a name", HostileArchive(".npy", npy(header)).bytes, tensor: ".npy",
        #"the archive's entry ".npy" is no array, whose name would end in ".npy"; leave it out, or send what numpy.savez writes"#
    ),
    .init(
        "a name that is not UTF-8",
        HostileArchive.of { $0.rename(0, [0xFF] + Array("nput.npy".utf8)) },
        tensor: "\u{FFFD}nput.npy", "the name of this entry is not UTF-8; give it another one"),
    .init(
        "a name twice", HostileArchive.of("savez of many kinds") { $0.rename(1, "a.npy") },
        tensor: "a", #"the archive has "a.npy" twice; give each array its own name"#),
    .init(
        "encrypted", HostileArchive.of { $0.set(.flags, of: 1, to: 1 as UInt16) },
        tensor: "weight", "it is encrypted; save it without a password, as numpy.savez does"),
    .init(
        "bzip2", HostileArchive.of { $0.set(.method, of: 1, to: 12 as UInt16) },
        tensor: "weight",
        "it is compressed by method 12; 0 (stored) and 8 (deflate) are read: save it with numpy.savez or numpy.savez_compressed"
    ),
    .init(
        "stored bytes of another count",
        HostileArchive.of { $0.set(.size, of: 1, to: 7 as UInt32) }, tensor: "weight",
        "it is stored as it is, but the archive's directory says 272 bytes for 7; the file is damaged"
    ),
    .init(
        "more than deflate can make",
        HostileArchive.of("savez_compressed") { $0.set(.size, to: 1_000_000 as UInt32) },
        tensor: "input",
        "the archive's directory says that 177 bytes expand to 1000000, more than deflate can make of them; the file is damaged"
    ),
    .init(
        "stored bytes behind the end",
        HostileArchive.of {
            $0.set(.size, of: 2, to: 5000 as UInt32);
            $0.set(.compressedSize, of: 2, to: 5000 as UInt32)
        }, tensor: "bias",
        "shape [2] of float32 takes 8 bytes, but 4872 follow the header; one file holds one array, so leave out what is behind it"
    ),
    .init(
        "deflated to more than it says",
        HostileArchive.of("savez_compressed") { $0.set(.size, to: 200 as UInt32) }, tensor: "input",
        "shape [1, 2, 4, 3] of float32 takes 96 bytes, but 72 follow the header; the file is cut off"
    ),
    .init(
        "deflated to one more than it says",
        HostileArchive.of("savez_compressed of zeros") { $0.set(.size, to: 16_511 as UInt32) },
        tensor: "zeros",
        "shape [64, 64] of float32 takes 16384 bytes, but 16383 follow the header; the file is cut off"
    ),
    .init(
        "deflated to less than it says",
        HostileArchive.of("savez_compressed") { $0.set(.size, to: 300 as UInt32) }, tensor: "input",
        "shape [1, 2, 4, 3] of float32 takes 96 bytes, but 172 follow the header; one file holds one array, so leave out what is behind it"
    ),
    .init(
        "another checksum", HostileArchive.of { $0.set(.crc, of: 2, to: 1 as UInt32) },
        tensor: "bias",
        "the archive cannot be read (libzip: crc error); it is damaged or cut off: send what numpy.savez writes"
    ),
    .init(
        "a bit of the data", HostileArchive.of { $0.damageData(of: 1) }, tensor: "weight",
        "the archive cannot be read (libzip: crc error); it is damaged or cut off: send what numpy.savez writes"
    ),
    .init(
        "a bit of deflated data", HostileArchive.of("savez_compressed") { $0.damageData(of: 1) },
        tensor: "weight",
        "the archive's directory says 272 bytes, but more are there; it is damaged: save it again"),
    // Its arrays.
    .init(
        "objects", archive(npy("{'descr': '|O', 'fortran_order': False, 'shape': ()}", data: 4)),
        tensor: "x",
        #"descr "|O" is Python objects, which are pickled and never read, since reading them runs code; save an array of numbers: numpy.save(file, x.astype("float32"), allow_pickle=False)"#
    ),
    .init(
        "an array that is too long",
        archive(npy("{'descr': '<f4', 'fortran_order': False, 'shape': ()}", data: 5)), tensor: "x",
        "shape [] of float32 takes 4 bytes, but 5 follow the header; one file holds one array, so leave out what is behind it"
    ),
    .init(
        "a header that is too long", archive(Array(npy("{'descr': '<f4'").prefix(20))), tensor: "x",
        "the header's length is 15 bytes, but only 10 follow; the file is cut off"),
    .init(
        "no array", archive(Array("a text".utf8)), tensor: "x",
        #"6 bytes that do not begin with "\x93NUMPY", a version and a length: this is no .npy file; send what numpy.save writes"#
    ),
    .init(
        "an empty entry", archive([]), tensor: "x",
        #"0 bytes that do not begin with "\x93NUMPY", a version and a length: this is no .npy file; send what numpy.save writes"#
    ),
]

/// One stored entry.
private func archive(_ file: [UInt8]) -> [UInt8] { HostileArchive("x.npy", file).bytes }

@Suite("NPZ: refusals name the array, the value, the rule and the cure; bombs")
struct NPZRefusalTests {
    @Test(arguments: npzRefusals)
    func refuses(_ refusal: Refusal) {
        refusal.check { file throws(TensorFileError) in try readNPZ(file) }
    }

    @Test func total() {
        let file = HostileArchive(fixture: "savez").bytes
        do throws(TensorFileError) {
            _ = try readNPZ(file, limit: 100)
            Issue.record("it is read")
        } catch {
            #expect(error.isTooLarge)
            #expect(
                error.reason == """
                    the archive's arrays have 632 bytes once they are expanded, and 100 are \
                    allowed; send fewer or smaller arrays at a time
                    """)
        }
    }

    /// 10 GiB, told by the directory: refused before a byte is expanded.
    @Test func bomb() {
        let zeros = deflatedZeros(mebibytes: 3)
        var archive = HostileArchive("00000.npy", zeros, method: 8, size: 3 << 20)
        archive.repeatFirstEntry(3413, numbered: true)
        do throws(TensorFileError) {
            _ = try readNPZ(archive.bytes, limit: 1 << 30)
            Issue.record("it is read")
        } catch {
            #expect(error.isTooLarge)
            #expect(
                error.reason == """
                    the archive's arrays have 10736369664 bytes once they are expanded, and \
                    1073741824 are allowed; send fewer or smaller arrays at a time
                    """)
        }
    }

    /// 10 GiB that the directory tells to be an array of 24 bytes.
    @Test func hiddenBomb() {
        let file = npy(header)
        let stored =
            [0] + UInt16(file.count).littleEndianBytes + (~UInt16(file.count)).littleEndianBytes
        let data = stored + file + deflatedZeros(mebibytes: 10_240)
        let archive = HostileArchive("x.npy", data, method: 8, size: UInt32(file.count))
        let refusal = Refusal(
            "hidden", archive.bytes, tensor: "x",
            "the archive's directory says 93 bytes, but more are there; it is damaged: save it again"
        )
        refusal.check { file throws(TensorFileError) in try readNPZ(file) }
    }

    /// A signature of an end among the last bytes of a tensor is no end.
    @Test func endByChance() throws {
        let file =
            npy(header, data: 0) + [1, 0x50, 0x4B, 5, 6] + [UInt8](repeating: 0x7F, count: 19)
        #expect(try readNPZ(archive(file)).count == 1)
    }
}
