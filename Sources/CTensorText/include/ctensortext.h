// SPDX-License-Identifier: Apache-2.0

// Numbers on the wire: reads and prints JSON arrays of float32, float64, float16 and bfloat16 at the
// speed of the machine, and base64 both ways. No function allocates, blocks, throws or keeps a pointer; all may
// be called from any thread at once.

#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma clang assume_nonnull begin

enum {
    /// Deepest nesting that is read or printed.
    tensor_text_rank_limit = 8,
    /// Bytes behind a text that must be readable. The first of them must be NUL.
    tensor_text_slack_byte_count = 64,
};

/// What is wrong with a text.
typedef enum __attribute__((enum_extensibility(closed), swift_name("TensorTextCode"))) {
    tensor_text_ok __attribute__((swift_name("ok"))) = 0,
    // The text is no JSON (position only; the path is empty but for bad_number).
    tensor_text_unexpected_end __attribute__((swift_name("unexpectedEnd"))),
    tensor_text_syntax __attribute__((swift_name("syntax"))),
    tensor_text_bad_number __attribute__((swift_name("badNumber"))),
    // The text may be JSON, but is no tensor (position and path).
    tensor_text_null __attribute__((swift_name("null"))),
    tensor_text_wrong_element __attribute__((swift_name("wrongElement"))),
    tensor_text_overflow __attribute__((swift_name("overflow"))),
    tensor_text_ragged __attribute__((swift_name("ragged"))),
    tensor_text_mixed __attribute__((swift_name("mixed"))),
    tensor_text_too_deep __attribute__((swift_name("tooDeep"))),
    /// More numbers than the capacity.
    tensor_text_full __attribute__((swift_name("full"))),
    /// Base64 only: a character outside the alphabet, wrong padding, bits that are not zero.
    tensor_text_bad_base64 __attribute__((swift_name("badBase64"))),
} tensor_text_code;

/// The outcome of reading one array, or one bare number (rank 0).
typedef struct __attribute__((swift_name("TensorTextReading"))) {
    tensor_text_code code;
    /// Length of `path`: indices from the outermost list to the element at fault.
    int32_t path_length __attribute__((swift_name("pathLength")));
    /// Nesting depth, 0 for a bare number. The shape's rank if the code is ok.
    int32_t rank;
    /// Static text: what is wrong, lower case, no full stop. Empty if the code is ok.
    const char *message;
    /// Bytes from the text's start to the first one not consumed, or to the one at fault.
    ptrdiff_t position;
    /// Bytes at fault from there (a number that overflows, `null`), 0 where it is only a place.
    ptrdiff_t byte_count __attribute__((swift_name("byteCount")));
    /// Numbers written. On an error: those written before it.
    ptrdiff_t count;
    /// Ragged: the row's length, and the length of the rows before it.
    ptrdiff_t found, expected;
    /// Lengths per depth, outermost first. `[[],[]]` is [2, 0].
    ptrdiff_t shape[8];
    /// `[[1,2],[3,null]]` fails at [1, 1]; a ragged row is named itself, not its last element.
    ptrdiff_t path[8];
} tensor_text_reading;

/// The types of numbers, for functions that take any.
typedef enum __attribute__((enum_extensibility(closed), swift_name("TensorTextFormat"))) {
    tensor_text_float32 __attribute__((swift_name("float32"))),
    tensor_text_float64 __attribute__((swift_name("float64"))),
    tensor_text_float16 __attribute__((swift_name("float16"))),
    tensor_text_bfloat16 __attribute__((swift_name("bfloat16"))),
} tensor_text_format;

/// Upper bound on the numbers of the array (or bare number) at the start of `text`: one more than
/// the commas in front of the first colon or closing brace, neither of which stands in an array.
/// So the arrays of one document are counted in one pass over it, however many there are.
ptrdiff_t tensor_text_number_bound(const char *text, ptrdiff_t byte_count);

/// Reads the JSON array of numbers (or one bare number) at the start of `text`, blanks in front of
/// it allowed, and stops behind it. Every number is rounded correctly, ties to even. NaN and the
/// infinities are the tokens NaN, Infinity, -Infinity or the same in quotation marks.
/// `text` must be followed by `tensor_text_slack_byte_count` bytes, the first NUL.
tensor_text_reading tensor_text_read_float32(
    const char *text, ptrdiff_t byte_count, float *numbers, ptrdiff_t capacity);
tensor_text_reading tensor_text_read_float64(
    const char *text, ptrdiff_t byte_count, double *numbers, ptrdiff_t capacity);
/// The same into bit patterns, each rounded once, from the text itself.
tensor_text_reading tensor_text_read_float16(
    const char *text, ptrdiff_t byte_count, uint16_t *numbers, ptrdiff_t capacity);
tensor_text_reading tensor_text_read_bfloat16(
    const char *text, ptrdiff_t byte_count, uint16_t *numbers, ptrdiff_t capacity);

// One array read by several threads of the caller's. It is cut behind commas, wherever they stand; a piece
// guesses from the brackets behind its cut how deep it begins, and joining finds out.
//
// 1. `tensor_text_survey` for stretches of the text, in parallel, counts the commas in front of
//    every place where a cut shall be.
// 2. Cut behind the first comma at or behind such a place, if its stretch has one. The piece's first number is
//    the one with the index (commas in front of the place) + 1, whatever the nesting.
// 3. `tensor_text_read_piece` for every piece, in parallel, all into one array.
// 4. `tensor_text_join`. If the pieces do not fit, reading the array at once has the answer: something
//    in it is wrong, or it has empty lists.

/// What a stretch of a text holds in front of the first colon or closing brace, behind which no
/// array goes on, or of the text's NUL.
typedef struct __attribute__((swift_name("TensorTextSurvey"))) {
    ptrdiff_t commas;
    /// Bytes in front of it; all of the stretch if nothing ends there.
    ptrdiff_t byte_count __attribute__((swift_name("byteCount")));
} tensor_text_stretch;

/// `byte_count` is a multiple of 64, or the text's NUL stands behind it.
tensor_text_stretch tensor_text_survey(const char *text, ptrdiff_t byte_count);

/// One piece: bytes of the text, and which numbers of the array they are.
typedef struct __attribute__((swift_name("TensorTextSpan"))) {
    /// 0, or behind a comma.
    ptrdiff_t begin;
    /// A comma, or the text's end.
    ptrdiff_t end;
    ptrdiff_t first_number __attribute__((swift_name("firstNumber")));
    /// Exactly; in the last piece an upper bound. Nothing is written elsewhere.
    ptrdiff_t number_count __attribute__((swift_name("numberCount")));
} tensor_text_span;

/// What reading a piece found, for `tensor_text_join`. Depth 1 is the outermost list, at [0].
typedef struct __attribute__((swift_name("TensorTextPiece"))) {
    /// False: the piece does not read as what its span says.
    bool is_read __attribute__((swift_name("isRead")));
    /// Depth of the numbers.
    int32_t rank;
    /// Open lists where it begins, those of them that never end in it, and open lists at its end.
    int32_t start_depth __attribute__((swift_name("startDepth")));
    int32_t least_depth __attribute__((swift_name("leastDepth")));
    int32_t end_depth __attribute__((swift_name("endDepth")));
    /// Bytes from the text's start to the first one not consumed.
    ptrdiff_t position;
    /// Numbers written.
    ptrdiff_t count;
    /// Items in this piece: of the lists that are open at its end, of those that were open at its start
    /// and ended. Length of the lists that began and ended in it, -1 if none did.
    ptrdiff_t items[8], heads[8], lengths[8];
} tensor_text_piece;

/// Reads one piece of the array at the start of `text`. `numbers` is where the whole array goes.
tensor_text_piece tensor_text_read_piece(
    tensor_text_format format, const char *text, ptrdiff_t byte_count,
    const tensor_text_span *span, void *numbers);

/// The pieces of an array as one.
typedef struct __attribute__((swift_name("TensorTextJoining"))) {
    /// False: the array is to be read at once.
    bool is_joined __attribute__((swift_name("isJoined")));
    /// What reading it at once gives, if they are joined.
    tensor_text_reading reading;
} tensor_text_joining;

/// Joins the pieces of an array, from its start on; those behind its end are of no account.
tensor_text_joining tensor_text_join(const tensor_text_piece *pieces, ptrdiff_t count);

/// Bytes that printing may touch: at least the text's length and some room to overshoot into.
/// -1: the shape has a negative length, too high a rank, or the count overflows.
/// An empty shape costs its empty lists ([1000000, 0] prints a million of them): mind the bound.
ptrdiff_t tensor_text_byte_bound_float32(int32_t rank, const ptrdiff_t *_Nullable shape);
ptrdiff_t tensor_text_byte_bound_float64(int32_t rank, const ptrdiff_t *_Nullable shape);
ptrdiff_t tensor_text_byte_bound_float16(int32_t rank, const ptrdiff_t *_Nullable shape);
ptrdiff_t tensor_text_byte_bound_bfloat16(int32_t rank, const ptrdiff_t *_Nullable shape);

/// Prints a nested JSON array (rank 0: one number; flat: rank 1), each number as the shortest
/// decimal that reads back as the same bits, the closest of those, always with a point or an
/// exponent: 1.0, -0.0, 1.5e-7, "NaN", "-Infinity". A shape with a 0 prints lists down to the first
/// empty ones: [2, 0, 3] is [[],[]]. Returns the bytes written; `out` has the byte bound's room.
ptrdiff_t tensor_text_print_float32(
    char *out, const float *numbers, int32_t rank, const ptrdiff_t *_Nullable shape);
ptrdiff_t tensor_text_print_float64(
    char *out, const double *numbers, int32_t rank, const ptrdiff_t *_Nullable shape);
/// The same from bit patterns.
ptrdiff_t tensor_text_print_float16(
    char *out, const uint16_t *numbers, int32_t rank, const ptrdiff_t *_Nullable shape);
ptrdiff_t tensor_text_print_bfloat16(
    char *out, const uint16_t *numbers, int32_t rank, const ptrdiff_t *_Nullable shape);

/// Numbers `begin` to `end` of the array that the functions above print, in row-major order: the ranges
/// of an array, one behind the other, are its text. Each number is followed by what stands between it
/// and the next one; the first range opens the lists, the last one closes them. A shape with a 0 has
/// one range, from 0 to 0. `numbers` is the whole array. Returns the bytes written; `out` has the room of
/// `tensor_text_range_byte_bound`.
ptrdiff_t tensor_text_print_range(
    tensor_text_format format, char *out, const void *numbers, int32_t rank,
    const ptrdiff_t *_Nullable shape, ptrdiff_t begin, ptrdiff_t end);

/// Bytes that printing a range may touch. -1 where the whole array has no bound, or the range is none.
ptrdiff_t tensor_text_range_byte_bound(
    tensor_text_format format, int32_t rank, const ptrdiff_t *_Nullable shape, ptrdiff_t begin,
    ptrdiff_t end);

/// The outcome of decoding base64.
typedef struct __attribute__((swift_name("TensorTextDecoding"))) {
    tensor_text_code code;
    /// Static text, empty if the code is ok.
    const char *message;
    /// Byte of the text at fault, else the text's length.
    ptrdiff_t position;
    /// Bytes written; on an error what was written means nothing.
    ptrdiff_t count;
} tensor_text_decoding;

/// Characters that encode `byte_count` bytes, padding included.
ptrdiff_t tensor_text_base64_length(ptrdiff_t byte_count);
/// Bytes that `length` characters decode to, from length and padding alone; -1 if `length` is no
/// multiple of 4.
ptrdiff_t tensor_text_base64_byte_count(const char *text, ptrdiff_t length);
/// Encodes (RFC 4648 section 4, with padding): exactly `tensor_text_base64_length` characters.
void tensor_text_base64_encode(char *out, const void *bytes, ptrdiff_t byte_count);
/// Decodes strictly: padding required, no blanks, unused bits zero. `bytes` has room for
/// `capacity` (`tensor_text_base64_byte_count`) and nothing is written past it. Needs no slack.
tensor_text_decoding tensor_text_base64_decode(
    void *bytes, ptrdiff_t capacity, const char *text, ptrdiff_t length);

/// One build of the functions above for one instruction set.
typedef struct __attribute__((swift_name("TensorTextImplementation"))) {
    const char *name;
    ptrdiff_t (*number_bound)(const char *, ptrdiff_t)
        __attribute__((swift_name("numberBound")));
    tensor_text_reading (*read_float32)(const char *, ptrdiff_t, float *, ptrdiff_t)
        __attribute__((swift_name("readFloat32")));
    tensor_text_reading (*read_float64)(const char *, ptrdiff_t, double *, ptrdiff_t)
        __attribute__((swift_name("readFloat64")));
    tensor_text_reading (*read_float16)(const char *, ptrdiff_t, uint16_t *, ptrdiff_t)
        __attribute__((swift_name("readFloat16")));
    tensor_text_reading (*read_bfloat16)(const char *, ptrdiff_t, uint16_t *, ptrdiff_t)
        __attribute__((swift_name("readBFloat16")));
    ptrdiff_t (*print_float32)(char *, const float *, int32_t, const ptrdiff_t *_Nullable)
        __attribute__((swift_name("printFloat32")));
    ptrdiff_t (*print_float64)(char *, const double *, int32_t, const ptrdiff_t *_Nullable)
        __attribute__((swift_name("printFloat64")));
    ptrdiff_t (*print_float16)(char *, const uint16_t *, int32_t, const ptrdiff_t *_Nullable)
        __attribute__((swift_name("printFloat16")));
    ptrdiff_t (*print_bfloat16)(char *, const uint16_t *, int32_t, const ptrdiff_t *_Nullable)
        __attribute__((swift_name("printBFloat16")));
    tensor_text_stretch (*survey)(const char *, ptrdiff_t);
    tensor_text_piece (*read_piece)(
        tensor_text_format, const char *, ptrdiff_t, const tensor_text_span *, void *)
        __attribute__((swift_name("readPiece")));
    ptrdiff_t (*print_range)(
        tensor_text_format, char *, const void *, int32_t, const ptrdiff_t *_Nullable, ptrdiff_t,
        ptrdiff_t) __attribute__((swift_name("printRange")));
    void (*base64_encode)(char *, const void *, ptrdiff_t)
        __attribute__((swift_name("base64Encode")));
    tensor_text_decoding (*base64_decode)(void *, ptrdiff_t, const char *, ptrdiff_t)
        __attribute__((swift_name("base64Decode")));
} tensor_text_implementation;

/// The implementation called `name` ("avx512", "avx2", "sse4", "portable"), or null if this build has none or this
/// processor cannot run it.
const tensor_text_implementation *_Nullable tensor_text_implementation_named(const char *name);
/// The one that the functions above use: the best there is, until `tensor_text_use` says otherwise.
const tensor_text_implementation *tensor_text_implementation_in_use(void);
/// Uses another implementation from now on (for tests and measurements). False: there is none.
bool tensor_text_use(const char *name);

#pragma clang assume_nonnull end
#ifdef __cplusplus
}
#endif
