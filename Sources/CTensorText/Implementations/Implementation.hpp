// SPDX-License-Identifier: Apache-2.0

// The shared sources as one implementation. Included once by each .cpp of this folder, behind a
// Scan*.hpp, where its instruction set is switched on.

#pragma once
#include "../Printing/ArrayPrinter.hpp"
#include "../Reading/ArrayReader.hpp"

namespace {

/// Reading relies on the NUL to stop; without it it would run out of the buffer.
inline void requireNul(const char *text, ptrdiff_t byteCount) {
    if (text[byteCount] != 0) __builtin_trap();
}

ptrdiff_t boundNumbers(const char *text, ptrdiff_t byteCount) {
    requireNul(text, byteCount);
    return numberBound(text);
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

template <class Block>
ptrdiff_t print(
    char *out, const typename Block::Scalar *numbers, int32_t rank, const ptrdiff_t *shape) {
    if (rank < 0 || rank > tensor_text_rank_limit) __builtin_trap();
    return printArray<Block>(out, numbers, rank, shape);
}

constexpr tensor_text_implementation implementation(const char *name) {
    return {
        name,
        boundNumbers,
        readArray<float>,
        readArray<double>,
        readPatterns<Float16>,
        readPatterns<BFloat16>,
        print<NarrowBlock<Float32Layout>>,
        print<Float64Block>,
        print<NarrowBlock<Float16Layout>>,
        print<NarrowBlock<BFloat16Layout>>,
    };
}

}  // namespace
