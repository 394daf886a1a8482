// SPDX-License-Identifier: Apache-2.0

#include "../include/ctensortext.h"

namespace {

/// Longest number and its comma: "-0.000012345678," or "-1.2345678901234567e-308,"; of
/// 16 bits "-0.00001234," or the word -Infinity.
enum { float32ByteCount = 17, float64ByteCount = 25, halfByteCount = 12 };

/// The layout stores whole words, so it overshoots the last number.
enum { overshootByteCount = 64 };

/// Numbers, plus two brackets and a comma for each list down to the first empty ones.
ptrdiff_t byteBound(int rank, const ptrdiff_t *shape, int numberByteCount) {
    if (rank < 0 || rank > tensor_text_rank_limit) return -1;
    ptrdiff_t count = 1, bound = overshootByteCount, bytes;
    for (int d = 0; d < rank; d++) {
        if (shape[d] < 0) return -1;
        if (__builtin_mul_overflow(count, ptrdiff_t(3), &bytes)) return -1;
        if (__builtin_add_overflow(bound, bytes, &bound)) return -1;
        if (__builtin_mul_overflow(count, shape[d], &count)) return -1;
    }
    if (__builtin_mul_overflow(count, ptrdiff_t(numberByteCount), &bytes)) return -1;
    if (__builtin_add_overflow(bound, bytes, &bound)) return -1;
    return bound;
}

}  // namespace

ptrdiff_t tensor_text_byte_bound_float32(int32_t rank, const ptrdiff_t *shape) {
    return byteBound(rank, shape, float32ByteCount);
}

ptrdiff_t tensor_text_byte_bound_float64(int32_t rank, const ptrdiff_t *shape) {
    return byteBound(rank, shape, float64ByteCount);
}

ptrdiff_t tensor_text_byte_bound_float16(int32_t rank, const ptrdiff_t *shape) {
    return byteBound(rank, shape, halfByteCount);
}

ptrdiff_t tensor_text_byte_bound_bfloat16(int32_t rank, const ptrdiff_t *shape) {
    return byteBound(rank, shape, halfByteCount);
}
