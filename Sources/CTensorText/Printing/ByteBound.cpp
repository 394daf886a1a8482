// SPDX-License-Identifier: Apache-2.0

#include "../include/ctensortext.h"

namespace {

/// Longest number and its comma: "-0.000012345678," or "-1.2345678901234567e-308,"; of
/// 16 bits "-0.00001234," or the word -Infinity.
constexpr ptrdiff_t numberByteCount(tensor_text_format format) {
    switch (format) {
    case tensor_text_float32: return 17;
    case tensor_text_float64: return 25;
    case tensor_text_float16:
    case tensor_text_bfloat16: return 12;
    }
}

/// The layout stores whole words, so it overshoots the last number.
enum { overshootByteCount = 64 };

/// Two brackets and a comma.
enum { listByteCount = 3 };

/// Numbers, plus the lists down to the first empty ones.
ptrdiff_t byteBound(tensor_text_format format, int rank, const ptrdiff_t *shape) {
    if (rank < 0 || rank > tensor_text_rank_limit) return -1;
    ptrdiff_t count = 1, bound = overshootByteCount, bytes;
    for (int d = 0; d < rank; d++) {
        if (shape[d] < 0) return -1;
        if (__builtin_mul_overflow(count, ptrdiff_t(listByteCount), &bytes)) return -1;
        if (__builtin_add_overflow(bound, bytes, &bound)) return -1;
        if (__builtin_mul_overflow(count, shape[d], &count)) return -1;
    }
    if (__builtin_mul_overflow(count, numberByteCount(format), &bytes)) return -1;
    if (__builtin_add_overflow(bound, bytes, &bound)) return -1;
    return bound;
}

}  // namespace

ptrdiff_t tensor_text_byte_bound_float32(int32_t rank, const ptrdiff_t *shape) {
    return byteBound(tensor_text_float32, rank, shape);
}

ptrdiff_t tensor_text_byte_bound_float64(int32_t rank, const ptrdiff_t *shape) {
    return byteBound(tensor_text_float64, rank, shape);
}

ptrdiff_t tensor_text_byte_bound_float16(int32_t rank, const ptrdiff_t *shape) {
    return byteBound(tensor_text_float16, rank, shape);
}

ptrdiff_t tensor_text_byte_bound_bfloat16(int32_t rank, const ptrdiff_t *shape) {
    return byteBound(tensor_text_bfloat16, rank, shape);
}

/// A list that the range shares with its neighbours is counted whole in each of them, but never more lists
/// than there are: so this is at most the array's bound, which does not overflow.
ptrdiff_t tensor_text_range_byte_bound(
    tensor_text_format format, int32_t rank, const ptrdiff_t *shape, ptrdiff_t begin,
    ptrdiff_t end) {
    ptrdiff_t whole = byteBound(format, rank, shape), count = 1;
    if (whole < 0) return -1;
    for (int d = 0; d < rank; d++) count *= shape[d];
    if (begin < 0 || begin > end || end > count) return -1;
    if (count == 0) return whole;
    ptrdiff_t numbers = end - begin, bound = overshootByteCount;
    bound += numbers * numberByteCount(format);
    for (ptrdiff_t d = rank - 1, length = 1; d >= 0; d--) {
        length *= shape[d];
        ptrdiff_t lists = count / length, touched = numbers / length + 2;
        bound += listByteCount * (touched < lists ? touched : lists);
    }
    return bound;
}
