// SPDX-License-Identifier: Apache-2.0

import TensorFiles
import Testing

/// A file of a header and zeros behind it.
func npy(_ header: String, data: Int = 24, version: [UInt8] = [1, 0]) -> [UInt8] {
    let length = Array(header.utf8).count
    let field =
        version[0] == 1 ? UInt16(length).littleEndianBytes : UInt32(length).littleEndianBytes
    return [0x93] + Array("NUMPY".utf8) + version + field + Array(header.utf8)
        + [UInt8](repeating: 0, count: data)
}

/// A header with one field changed.
private func header(
    descr: String = "'<f4'", order: String = "False", shape: String = "(2, 3)"
) -> String {
    "{'descr': \(descr), 'fortran_order': \(order), 'shape': \(shape), }"
}

private let convert = #"; float16, float32 and float64 are read: save x.astype("float32")"#

private let npyRefusals: [Refusal] = [
    // The frame.
    .init(
        "nothing", [],
        "0 bytes that do not begin with \"\\x93NUMPY\", a version and a length: this is no .npy file; send what numpy.save writes"
    ),
    .init(
        "a word", Array("NUMPY is not it".utf8),
        "15 bytes that do not begin with \"\\x93NUMPY\", a version and a length: this is no .npy file; send what numpy.save writes"
    ),
    .init(
        "only the magic", Array(npy("").prefix(10)),
        "10 bytes that do not begin with \"\\x93NUMPY\", a version and a length: this is no .npy file; send what numpy.save writes"
    ),
    .init(
        "version 4.0", npy(header(), version: [4, 0]),
        "version 4.0 of the .npy format is unknown; 1.0, 2.0 and 3.0 are read: save it with numpy.save"
    ),
    .init(
        "version 1.1", npy(header(), version: [1, 1]),
        "version 1.1 of the .npy format is unknown; 1.0, 2.0 and 3.0 are read: save it with numpy.save"
    ),
    .init(
        "a header that is cut off", Array(npy(header()).prefix(40)),
        "the header's length is 59 bytes, but only 30 follow; the file is cut off"),
    .init(
        "a header of 4 GB", Array(npy("").prefix(6)) + [2, 0, 0xFF, 0xFF, 0xFF, 0xFF],
        "the header's length is 4294967295 bytes, and 1048576 are allowed; the file is damaged or no array of numbers"
    ),
    .init(
        "an empty header", npy(""),
        "at byte 0 of the header: a dictionary such as {'descr': '<f4', ...} is expected, not the end"
    ),
    // The dictionary.
    .init(
        "a list", npy("[]"),
        "at byte 0 of the header: a dictionary such as {'descr': '<f4', ...} is expected, not \"[\""
    ),
    .init(
        "an empty dictionary", npy("{}"), "the header has no descr; save the array with numpy.save"),
    .init(
        "no shape", npy("{'descr': '<f4', 'fortran_order': False}"),
        "the header has no shape; save the array with numpy.save"),
    .init(
        "no order", npy("{'descr': '<f4', 'shape': ()}"),
        "the header has no fortran_order; save the array with numpy.save"),
    .init(
        "descr twice", npy("{'descr': '<f4', 'descr': '<f4'}"),
        "the header has \"descr\" twice; save it with numpy.save"),
    .init(
        "another key", npy("{'strides': (4,)}"),
        "the header has \"strides\"; descr, fortran_order and shape are what a .npy header has"),
    .init(
        "a key that is no string", npy("{1: 2}"),
        "at byte 1 of the header: a key in quotes is expected, not \"1\""),
    .init(
        "a key that is not closed", npy("{'descr"),
        "at byte 7 of the header: the end of a string of printable text is expected, not the end"),
    .init(
        "an escape", npy("{'des\\x63r': '<f4'}"),
        "at byte 5 of the header: the end of a string of printable text is expected, not \"\\\""),
    .init(
        "no colon", npy("{'descr' '<f4'}"),
        "at byte 9 of the header: \":\" behind a key is expected, not \"'\""),
    .init(
        "no comma", npy("{'descr': '<f4' 'shape': ()}"),
        "at byte 16 of the header: \",\" or \"}\" is expected, not \"'\""),
    .init(
        "two commas", npy("{'descr': '<f4',, }"),
        "at byte 16 of the header: a key in quotes is expected, not \",\""),
    .init(
        "something behind it", npy(header() + "; import os"),
        "at byte 59 of the header: the end of the header, or blanks up to it, is expected, not \";\""
    ),
    .init(
        "a call", npy("__import__('os')"),
        "at byte 0 of the header: a dictionary such as {'descr': '<f4', ...} is expected, not \"_\""
    ),
    // The order.
    .init(
        "order as a number", npy(header(order: "1")),
        "at byte 34 of the header: True or False for fortran_order is expected, not \"1\""),
    .init(
        "order as in JSON", npy(header(order: "false")),
        "at byte 34 of the header: True or False for fortran_order is expected, not \"f\""),
    // The shape.
    .init(
        "a list for a shape", npy(header(shape: "[2, 3]")),
        "at byte 50 of the header: shape, a tuple such as (2, 3), is expected, not \"[\""),
    .init(
        "a number for a shape", npy(header(shape: "6")),
        "at byte 50 of the header: shape, a tuple such as (2, 3), is expected, not \"6\""),
    .init(
        "a number in brackets", npy(header(shape: "(6)")),
        "at byte 53 of the header: shape (6) is a number in Python; a tuple is (6,)"),
    .init(
        "a negative size", npy(header(shape: "(-2, 3)")),
        "at byte 51 of the header: shape has a negative size; sizes are 0 or more"),
    .init(
        "a fractional size", npy(header(shape: "(2.0, 3)")),
        "at byte 52 of the header: shape has a fraction or an exponent; sizes are whole numbers"),
    .init(
        "a size of 2^64", npy(header(shape: "(18446744073709551616,)")),
        "at byte 71 of the header: shape has a size of 2^63 - 1 or more; it is damaged"),
    .init(
        "a word for a size", npy(header(shape: "(two,)")),
        "at byte 51 of the header: a whole number in shape is expected, not \"t\""),
    .init(
        "65 dimensions",
        npy(header(shape: "(" + String(repeating: "1,", count: 65) + ")"), data: 4),
        "at byte 179 of the header: shape has more than 64 sizes; no such tensor is computed"),
    .init(
        "a product that overflows", npy(header(shape: "(4294967296, 4294967296)"), data: 0),
        "shape [4294967296, 4294967296] of float32 takes more than 2^63 - 1 bytes; the sizes are damaged, or too large for any machine"
    ),
    .init(
        "a product that overflows but for a 0",
        npy(header(shape: "(0, 4294967296, 4294967296)"), data: 0),
        "shape [0, 4294967296, 4294967296] of float32 takes more than 2^63 - 1 bytes; the sizes are damaged, or too large for any machine"
    ),
    // Elements.
    .init(
        "objects", npy(header(descr: "'|O'")),
        "descr \"|O\" is Python objects, which are pickled and never read, since reading them runs code; save an array of numbers: numpy.save(file, x.astype(\"float32\"), allow_pickle=False)"
    ),
    .init(
        "integers", npy(header(descr: "'<i8'")),
        "descr \"<i8\" is integers, which are not computed here" + convert),
    .init(
        "bytes", npy(header(descr: "'|u1'")),
        "descr \"|u1\" is integers, which are not computed here" + convert),
    .init(
        "booleans", npy(header(descr: "'|b1'")),
        "descr \"|b1\" is booleans, which are not computed here" + convert),
    .init(
        "complex numbers", npy(header(descr: "'<c8'")),
        "descr \"<c8\" is complex numbers, which are not computed here; save x.real and x.imag as two arrays"
    ),
    .init(
        "long doubles", npy(header(descr: "'<f16'")),
        "descr \"<f16\" is floating-point numbers of a size that is not computed here" + convert),
    .init("text", npy(header(descr: "'<U5'")), "descr \"<U5\" is text, not numbers" + convert),
    .init(
        "dates", npy(header(descr: "'<M8[ns]'")),
        "descr \"<M8[ns]\" is dates or times, not numbers" + convert),
    .init(
        "raw bytes", npy(header(descr: "'|V8'")),
        "descr \"|V8\" is records or raw bytes, not numbers" + convert),
    .init(
        "two raw bytes", npy(header(descr: "'<V2'")),
        "descr \"<V2\" is elements of two bytes that could be anything; say that they are bfloat16 (dtype=bfloat16), or save x.astype(\"float32\")"
    ),
    .init(
        "nothing for a descr", npy(header(descr: "''")),
        "descr \"\" is no element type of NumPy" + convert),
    .init(
        "a name", npy(header(descr: "'float32'")),
        "descr \"float32\" is floating-point numbers of a size that is not computed here" + convert),
    .init(
        "two orders", npy(header(descr: "'<>f4'")),
        "descr \"<>f4\" is no element type of NumPy" + convert),
    .init(
        "a long descr", npy(header(descr: "'" + String(repeating: "q", count: 999) + "'")),
        "descr \"" + String(repeating: "q", count: 61) + "...\" is no element type of NumPy"
            + convert),
    .init(
        "records", npy(header(descr: "[('a', '<f4'), ('b', '<f4')]")),
        "descr describes records of several fields; save each field as an array of its own"),
    // The data.
    .init(
        "too little", npy(header(), data: 23),
        "shape [2, 3] of float32 takes 24 bytes, but 23 follow the header; the file is cut off"),
    .init(
        "too much", npy(header(), data: 25),
        "shape [2, 3] of float32 takes 24 bytes, but 25 follow the header; one file holds one array, so leave out what is behind it"
    ),
    .init(
        "two arrays", npy(header()) + npy(header()),
        "shape [2, 3] of float32 takes 24 bytes, but 117 follow the header; one file holds one array, so leave out what is behind it"
    ),
]

@Suite("NPY: refusals name the value, the rule and the cure")
struct NPYRefusalTests {
    @Test(arguments: npyRefusals)
    func refuses(_ refusal: Refusal) {
        refusal.check { file throws(TensorFileError) in try readNPY(file) }
    }

    /// 70 KB of header are read, as version 2.0 has them.
    @Test func longHeader() throws {
        let file = npy(header() + String(repeating: " ", count: 70_000), version: [2, 0])
        #expect(try readNPY(file).shape == [2, 3])
    }

    /// Only version 1.0 has a length of 16 bits.
    @Test func headersOfEveryVersion() throws {
        for version: [UInt8] in [[1, 0], [2, 0], [3, 0]] {
            #expect(try readNPY(npy(header(), version: version)).shape == [2, 3])
        }
    }
}
