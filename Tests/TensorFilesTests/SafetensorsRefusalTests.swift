// SPDX-License-Identifier: Apache-2.0

import TensorFiles
import Testing

extension Refusal {
    /// A header, and zeros behind it.
    fileprivate init(
        _ name: String, _ header: String, data: Int = 8, tensor: String? = nil, _ reason: String
    ) {
        let file = UInt64(header.utf8.count).littleEndianBytes + Array(header.utf8)
        self.init(name, file + [UInt8](repeating: 0, count: data), tensor: tensor, reason)
    }

    /// A header of one tensor with the given fields.
    fileprivate init(_ name: String, fields: String, data: Int = 8, _ reason: String) {
        self.init(name, #"{"x":{\#(fields)}}"#, data: data, tensor: "x", reason)
    }

    /// Bytes from the first one on.
    fileprivate init(_ name: String, file: [UInt8], _ reason: String) {
        self.init(name, file, tensor: nil, reason)
    }
}

private let x = #""x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}"#
private let cure =
    #"; F16, BF16, F32 and F64 are: convert the tensor with x.astype("float32") or x.float(), or leave it out"#

private let safetensorsRefusals: [Refusal] = [
    // The frame.
    .init(
        "nothing", file: [],
        "a file of 0 bytes: a safetensors file begins with 8 bytes that hold the length of its header; send what safetensors.numpy.save returns"
    ),
    .init(
        "7 bytes", file: [1, 0, 0, 0, 0, 0, 0],
        "a file of 7 bytes: a safetensors file begins with 8 bytes that hold the length of its header; send what safetensors.numpy.save returns"
    ),
    .init(
        "a header behind the end", file: UInt64(3).littleEndianBytes + [0x7B, 0x7D],
        "the header's length is 3 bytes, but only 2 follow; the file is cut off or no safetensors file"
    ),
    .init(
        "a header above the limit", file: UInt64(100_000_001).littleEndianBytes + [0x7B],
        "the header's length is 100000001 bytes, and 100000000 are allowed; the file is damaged or no safetensors file"
    ),
    .init(
        "a header of 2^64 - 1", file: [UInt8](repeating: 0xFF, count: 8),
        "the header's length is 18446744073709551615 bytes, and 100000000 are allowed; the file is damaged or no safetensors file"
    ),
    .init(
        "an empty header", "", data: 0,
        #"the header is empty: it has to begin with "{" at byte 8 of the file, as safetensors.numpy.save writes it"#
    ),
    .init(
        "a list", "[]",
        #"the header is no JSON object: it has to begin with "{" at byte 8 of the file, as safetensors.numpy.save writes it"#
    ),
    .init(
        "a blank in front", " {}",
        #"the header is no JSON object: it has to begin with "{" at byte 8 of the file, as safetensors.numpy.save writes it"#
    ),
    // JSON.
    .init(
        "an object that is not closed", "{",
        "at byte 1 of the header: a name in quotes is expected, not the end"),
    .init(
        "a comma at the end", "{\(x),}",
        #"at byte 54 of the header: a name in quotes is expected, not "}""#),
    .init(
        "no colon", #"{"x"{}}"#, #"at byte 4 of the header: ":" behind a name is expected, not "{""#
    ),
    .init(
        "something behind the object", "{}x",
        #"at byte 2 of the header: the end of the header, or blanks up to it, is expected, not "x""#
    ),
    .init(
        "a NUL behind the object", "{}\0",
        "at byte 2 of the header: the end of the header, or blanks up to it, is expected, not byte 0x0"
    ),
    .init(
        "a tensor that is no object", #"{"x":[]}"#, tensor: "x",
        #"at byte 5 of the header: an object is expected, not "[""#),
    .init(
        "a name that is not closed", #"{"x"#,
        "at byte 3 of the header: the end of a string is expected, not the end"),
    .init(
        "a line feed in a name", "{\"x\n\":{}}",
        "at byte 3 of the header: a control character in a string; write \\u00XX"),
    .init("an unknown escape", #"{"\x":{}}"#, #"at byte 4 of the header: \x is no escape in JSON"#),
    .init(
        "half a pair", #"{"\uD83Dx":{}}"#,
        "at byte 8 of the header: half of a surrogate pair in a string; write both halves, or the character"
    ),
    .init(
        "the other half", #"{"\uDE00":{}}"#,
        "at byte 8 of the header: half of a surrogate pair in a string; write both halves, or the character"
    ),
    .init(
        "three digits", #"{"\u123":{}}"#,
        #"at byte 7 of the header: four hexadecimal digits behind \u is expected, not """"#),
    .init(
        "not UTF-8",
        file: UInt64(8).littleEndianBytes + Array("{\"".utf8) + [0xFF] + Array("\":{}}".utf8),
        "the string at byte 2 of the header is not UTF-8; names have to be"),
    .init(
        "a surrogate in UTF-8",
        file: UInt64(10).littleEndianBytes + Array("{\"".utf8) + [0xED, 0xA0, 0x80]
            + Array("\":{}}".utf8),
        "the string at byte 2 of the header is not UTF-8; names have to be"),
    // Names.
    .init(
        "a name twice", "{\(x),\(x)}", tensor: "x",
        #"the header has the name "x" twice; give each its own"#),
    .init(
        "a name twice, once escaped", #"{\#(x),"\u0078":{}}"#, tensor: "x",
        #"the header has the name "x" twice; give each its own"#),
    .init(
        "metadata twice", #"{"__metadata__":{},"__metadata__":{}}"#, tensor: "__metadata__",
        #"the header has the name "__metadata__" twice; give each its own"#),
    .init(
        "a name in metadata twice", #"{"__metadata__":{"a":"1","a":"2"}}"#,
        #"__metadata__ has the name "a" twice; give it once"#),
    .init(
        "a number in metadata", #"{"__metadata__":{"stride":2}}"#,
        #"at byte 26 of the header: the value of "stride" in __metadata__, a string, is expected, not "2""#
    ),
    .init(
        "an object in metadata", #"{"__metadata__":{"a":{}}}"#,
        #"at byte 21 of the header: the value of "a" in __metadata__, a string, is expected, not "{""#
    ),
    .init(
        "metadata that is null", #"{"__metadata__":null}"#,
        #"at byte 16 of the header: an object is expected, not "n""#),
    .init(
        "a long name with odd characters",
        #"{"a\u0000\u202E\#(String(repeating: "n", count: 200))":{"b":1}}"#,
        tensor: "a\u{FFFD}\u{FFFD}" + String(repeating: "n", count: 58) + "...",
        #"it has "b"; a tensor has dtype, shape and data_offsets"#),
    // Fields.
    .init(
        "no dtype", fields: #""shape":[2],"data_offsets":[0,8]"#,
        "its dtype is missing; a tensor has dtype, shape and data_offsets"),
    .init(
        "no shape", fields: #""dtype":"F32","data_offsets":[0,8]"#,
        "its shape is missing; a tensor has dtype, shape and data_offsets"),
    .init(
        "no offsets", fields: #""dtype":"F32","shape":[2]"#,
        "its data_offsets is missing; a tensor has dtype, shape and data_offsets"),
    .init(
        "one offset", fields: #""dtype":"F32","shape":[2],"data_offsets":[0]"#,
        "data_offsets has 1 number; it has two, [begin, end]"),
    .init(
        "shape twice", fields: #""dtype":"F32","shape":[2],"shape":[2]"#,
        "its shape is given twice; give it once"),
    .init(
        "another field", fields: #""dtype":"F32","strides":[2]"#,
        #"it has "strides"; a tensor has dtype, shape and data_offsets"#),
    .init(
        "integers", fields: #""dtype":"I64","shape":[],"data_offsets":[0,8]"#,
        #"dtype "I64" is not computed here"# + cure),
    .init(
        "8 bits", fields: #""dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]"#,
        #"dtype "F8_E4M3" is not computed here"# + cure),
    .init(
        "an unknown dtype", fields: #""dtype":"f32""#,
        #"dtype "f32" is no element type of safetensors"# + cure),
    .init(
        "a dtype that is no word", #"{"x":{"dtype":4}}"#, tensor: "x",
        #"at byte 14 of the header: dtype, a word such as "F32", is expected, not "4""#),
    // Numbers.
    .init(
        "a negative size", #"{"x":{"dtype":"F32","shape":[-2]}}"#, tensor: "x",
        "at byte 29 of the header: shape has a negative number; sizes and offsets are 0 or more"),
    .init(
        "a fractional size", #"{"x":{"dtype":"F32","shape":[2.0]}}"#, tensor: "x",
        "at byte 30 of the header: shape has a fraction or an exponent; sizes and offsets are whole numbers"
    ),
    .init(
        "an exponent", #"{"x":{"dtype":"F32","shape":[2e0]}}"#, tensor: "x",
        "at byte 30 of the header: shape has a fraction or an exponent; sizes and offsets are whole numbers"
    ),
    .init(
        "a leading 0", #"{"x":{"dtype":"F32","shape":[02]}}"#, tensor: "x",
        "at byte 31 of the header: shape has a number with a leading 0, which is no JSON"),
    .init(
        "a size of 2^63", #"{"x":{"dtype":"F32","shape":[9223372036854775808]}}"#, tensor: "x",
        "at byte 48 of the header: shape has a number of 2^63 - 1 or more; it is damaged"),
    .init(
        "a size that is null", #"{"x":{"dtype":"F32","shape":[null]}}"#, tensor: "x",
        #"at byte 29 of the header: a whole number in shape is expected, not "n""#),
    .init(
        "a shape that is a number", #"{"x":{"dtype":"F32","shape":2}}"#, tensor: "x",
        #"at byte 28 of the header: shape, a list of whole numbers such as [2, 3], is expected, not "2""#
    ),
    .init(
        "65 dimensions",
        #"{"x":{"dtype":"F32","shape":[\#(Array(repeating: "1", count: 65).joined(separator: ","))]}}"#,
        tensor: "x",
        "at byte 157 of the header: shape has more than 64 numbers; no such tensor is computed"),
    .init(
        "three offsets", #"{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}}"#, tensor: "x",
        "at byte 52 of the header: data_offsets has more than 2 numbers; no such tensor is computed"
    ),
    .init(
        "a product that overflows",
        fields: #""dtype":"F32","shape":[4294967296,536870912],"data_offsets":[0,0]"#,
        "shape [4294967296, 536870912] of float32 takes more than 2^63 - 1 bytes; the sizes are damaged, or too large for any machine"
    ),
    .init(
        "a product that wraps to 8",
        fields: #""dtype":"F64","shape":[4611686018427387905,1],"data_offsets":[0,8]"#,
        "shape [4611686018427387905, 1] of float64 takes more than 2^63 - 1 bytes; the sizes are damaged, or too large for any machine"
    ),
    .init(
        "a product that overflows but for a 0",
        fields: #""dtype":"F32","shape":[4294967296,4294967296,0],"data_offsets":[0,0]"#, data: 0,
        "shape [4294967296, 4294967296, 0] of float32 takes more than 2^63 - 1 bytes; the sizes are damaged, or too large for any machine"
    ),
    // Offsets.
    .init(
        "too few bytes", fields: #""dtype":"F32","shape":[2],"data_offsets":[0,7]"#,
        "shape [2] of F32 takes 8 bytes, but data_offsets [0, 7] hold 7"),
    .init(
        "too many bytes", fields: #""dtype":"F16","shape":[],"data_offsets":[0,8]"#,
        "shape [] of F16 takes 2 bytes, but data_offsets [0, 8] hold 8"),
    .init(
        "backwards", fields: #""dtype":"F32","shape":[2],"data_offsets":[8,0]"#,
        "data_offsets [8, 0] run backwards; they are [begin, end]"),
    .init(
        "behind the end", fields: #""dtype":"F32","shape":[3],"data_offsets":[0,12]"#,
        "it ends at byte 12 of the data, of which there are 8; the file is cut off"),
    .init(
        "behind the end, far",
        fields:
            #""dtype":"F32","shape":[2],"data_offsets":[9223372036854775798,9223372036854775806]"#,
        "it begins at byte 9223372036854775798 of the data and leaves a hole behind byte 0; tensors follow each other without overlaps and holes"
    ),
    .init(
        "an overlap", #"{\#(x),"y":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#, data: 12,
        tensor: "y",
        "it begins at byte 4 of the data inside the tensor in front of it, which ends at 8; tensors follow each other without overlaps and holes"
    ),
    .init(
        "the same bytes twice", #"{\#(x),"y":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
        tensor: "y",
        "it begins at byte 0 of the data inside the tensor in front of it, which ends at 8; tensors follow each other without overlaps and holes"
    ),
    .init(
        "a hole", #"{\#(x),"y":{"dtype":"F32","shape":[1],"data_offsets":[12,16]}}"#, data: 16,
        tensor: "y",
        "it begins at byte 12 of the data and leaves a hole behind byte 8; tensors follow each other without overlaps and holes"
    ),
    .init(
        "a hole at the beginning", fields: #""dtype":"F32","shape":[1],"data_offsets":[4,8]"#,
        "it begins at byte 4 of the data and leaves a hole behind byte 0; tensors follow each other without overlaps and holes"
    ),
    .init(
        "bytes that belong to nobody", "{\(x)}", data: 9,
        "the tensors cover 8 bytes of data, but 9 follow the header; leave out what is behind the last tensor"
    ),
    .init(
        "data without tensors", "{}", data: 1,
        "the tensors cover 0 bytes of data, but 1 follow the header; leave out what is behind the last tensor"
    ),
]

@Suite("Safetensors: refusals name the tensor, the value, the rule and the cure")
struct SafetensorsRefusalTests {
    @Test(arguments: safetensorsRefusals)
    func refuses(_ refusal: Refusal) { refusal.check(readSafetensors) }
}
