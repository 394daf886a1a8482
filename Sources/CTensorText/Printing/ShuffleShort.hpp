// SPDX-License-Identifier: Apache-2.0

// Short texts by one shuffle instruction (SSSE3). Included where the functions are compiled for it.

#pragma once
#include <immintrin.h>

#include <cstdint>

namespace {

/// 16 characters: character j is byte order[j] of the 16 of `digits` and `marks`, eight each.
[[gnu::always_inline]] inline void shuffleText(
    char *out, const uint32_t *digits, const uint32_t *marks, const uint8_t *order) {
    __m128i source = _mm_unpacklo_epi64(
        _mm_loadl_epi64((const __m128i *)digits), _mm_loadl_epi64((const __m128i *)marks));
    _mm_storeu_si128(
        (__m128i *)out, _mm_shuffle_epi8(source, _mm_load_si128((const __m128i *)order)));
}

}  // namespace
