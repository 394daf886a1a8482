// SPDX-License-Identifier: Apache-2.0

// The shared sources as one implementation. Included once by each .cpp of this folder, behind the
// headers that differ (Scan*, Shuffle*, Base64Vectors*.hpp), where its instruction set is switched on.

#pragma once
#include "../Printing/ArrayPrinter.hpp"
#include "../Reading/Pieces.hpp"
#include "../Reading/Survey.hpp"

namespace {

/// Reading relies on the NUL to stop; without it it would run out of the buffer.
inline void requireNul(const char *text, ptrdiff_t byteCount) {
    if (text[byteCount] != 0) __builtin_trap();
}

ptrdiff_t boundNumbers(const char *text, ptrdiff_t byteCount) {
    requireNul(text, byteCount);
    return surveyStretch(text, byteCount).commas + 1;
}

template <class Scalar>
tensor_text_reading readArray(
    const char *text, ptrdiff_t byteCount, Scalar *numbers, ptrdiff_t capacity) {
    requireNul(text, byteCount);
    return ArrayReader<Scalar>(text, byteCount, numbers, capacity).read();
}

/// The C header has the numbers of 16 bits as their bit patterns.
template <class Scalar>
tensor_text_reading readPatterns(
    const char *text, ptrdiff_t byteCount, uint16_t *numbers, ptrdiff_t capacity) {
    return readArray(text, byteCount, reinterpret_cast<Scalar *>(numbers), capacity);
}

template <class Scalar>
tensor_text_piece readPiece(
    const char *text, ptrdiff_t byteCount, const tensor_text_span &span, void *numbers) {
    Scalar *first = static_cast<Scalar *>(numbers) + span.first_number;
    return ArrayReader<Scalar>(text, byteCount, first, span.number_count).readPiece(span);
}

tensor_text_piece readPieceAs(
    tensor_text_format format, const char *text, ptrdiff_t byteCount,
    const tensor_text_span *span, void *numbers) {
    requireNul(text, byteCount);
    switch (format) {
    case tensor_text_float32: return readPiece<float>(text, byteCount, *span, numbers);
    case tensor_text_float64: return readPiece<double>(text, byteCount, *span, numbers);
    case tensor_text_float16: return readPiece<Float16>(text, byteCount, *span, numbers);
    case tensor_text_bfloat16: return readPiece<BFloat16>(text, byteCount, *span, numbers);
    }
}

/// A range of an array whose shape may be trusted.
template <class Block>
ptrdiff_t printNumbers(
    char *out, const void *numbers, int rank, const ptrdiff_t *shape, ptrdiff_t begin,
    ptrdiff_t end) {
    auto *scalars = static_cast<const typename Block::Scalar *>(numbers);
    return printRange<Block>(out, scalars, rank, shape, begin, end);
}

ptrdiff_t printRangeAs(
    tensor_text_format format, char *out, const void *numbers, int32_t rank,
    const ptrdiff_t *shape, ptrdiff_t begin, ptrdiff_t end) {
    if (rank < 0 || rank > tensor_text_rank_limit) __builtin_trap();
    switch (format) {
    case tensor_text_float32:
        return printNumbers<NarrowBlock<Float32Layout>>(out, numbers, rank, shape, begin, end);
    case tensor_text_float64:
        return printNumbers<Float64Block>(out, numbers, rank, shape, begin, end);
    case tensor_text_float16:
        return printNumbers<NarrowBlock<Float16Layout>>(out, numbers, rank, shape, begin, end);
    case tensor_text_bfloat16:
        return printNumbers<NarrowBlock<BFloat16Layout>>(out, numbers, rank, shape, begin, end);
    }
}

/// The whole array.
template <tensor_text_format format, class Scalar>
ptrdiff_t printAll(char *out, const Scalar *numbers, int32_t rank, const ptrdiff_t *shape) {
    ptrdiff_t count = 1;
    for (int d = 0; d < rank; d++) count *= shape[d];
    return printRangeAs(format, out, numbers, rank, shape, 0, count);
}

constexpr tensor_text_implementation implementation(const char *name) {
    return {
        name,
        boundNumbers,
        readArray<float>,
        readArray<double>,
        readPatterns<Float16>,
        readPatterns<BFloat16>,
        printAll<tensor_text_float32, float>,
        printAll<tensor_text_float64, double>,
        printAll<tensor_text_float16, uint16_t>,
        printAll<tensor_text_bfloat16, uint16_t>,
        surveyStretch,
        readPieceAs,
        printRangeAs,
        encodeBase64,
        decodeBase64,
    };
}

}  // namespace
