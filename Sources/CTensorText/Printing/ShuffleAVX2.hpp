// SPDX-License-Identifier: Apache-2.0

#pragma once
#include "ShuffleShort.hpp"

namespace {

/// 32 characters out of 16 digits and eight marks. A shuffle takes from 16 bytes, or zero where its
/// index has the top bit.
[[gnu::always_inline]] inline void shuffleLongText(
    char *out, const uint32_t *digits, const uint32_t *marks, const uint8_t *order) {
    __m256i places = _mm256_load_si256((const __m256i *)order);
    __m256i front = _mm256_broadcastsi128_si256(_mm_load_si128((const __m128i *)digits));
    __m256i back = _mm256_set1_epi64x(*(const long long *)marks);
    front = _mm256_shuffle_epi8(front, _mm256_adds_epu8(places, _mm256_set1_epi8(0x70)));
    back = _mm256_shuffle_epi8(back, _mm256_sub_epi8(places, _mm256_set1_epi8(16)));
    _mm256_storeu_si256((__m256i *)out, _mm256_or_si256(front, back));
}

}  // namespace
