// SPDX-License-Identifier: Apache-2.0

#pragma once
#include "ShuffleShort.hpp"

namespace {

/// 32 characters out of 16 digits and eight marks. A shuffle takes from 16 bytes, or zero where its
/// index has the top bit.
[[gnu::always_inline]] inline void shuffleLongText(
    char *out, const uint32_t *digits, const uint32_t *marks, const uint8_t *order) {
    __m128i front = _mm_load_si128((const __m128i *)digits);
    __m128i back = _mm_loadl_epi64((const __m128i *)marks);
    for (int i = 0; i < 32; i += 16) {
        __m128i places = _mm_load_si128((const __m128i *)(order + i));
        __m128i text = _mm_or_si128(
            _mm_shuffle_epi8(front, _mm_adds_epu8(places, _mm_set1_epi8(0x70))),
            _mm_shuffle_epi8(back, _mm_sub_epi8(places, _mm_set1_epi8(16))));
        _mm_storeu_si128((__m128i *)(out + i), text);
    }
}

}  // namespace
