// SPDX-License-Identifier: Apache-2.0

#pragma once
#include "ShuffleShort.hpp"

namespace {

/// 32 characters out of 16 digits and eight marks.
[[gnu::always_inline]] inline void shuffleLongText(
    char *out, const uint32_t *digits, const uint32_t *marks, const uint8_t *order) {
    __m256i source = _mm256_inserti128_si256(
        _mm256_castsi128_si256(_mm_load_si128((const __m128i *)digits)),
        _mm_loadl_epi64((const __m128i *)marks), 1);
    __m256i places = _mm256_load_si256((const __m256i *)order);
    _mm256_storeu_si256((__m256i *)out, _mm256_permutexvar_epi8(places, source));
}

}  // namespace
