// SPDX-License-Identifier: Apache-2.0

// Scanning with AVX2, 32 characters at a time. Included where the functions are compiled for it.

#pragma once
#include <immintrin.h>

#include <bit>

#include "Scan.hpp"

namespace {

inline __m256i loadThirtyTwo(const char *p) { return _mm256_loadu_si256((const __m256i *)p); }

inline uint64_t notDigits(const char *p) {
    __m256i x = _mm256_sub_epi8(loadThirtyTwo(p), _mm256_set1_epi8('0'));
    __m256i isDigit = _mm256_cmpeq_epi8(_mm256_min_epu8(x, _mm256_set1_epi8(9)), x);
    return ~uint32_t(_mm256_movemask_epi8(isDigit));
}

/// Pairs, fours, eights, each by one multiply-add of neighbours.
inline uint64_t leadingSixteen(const char *p, unsigned n) {
    __m128i x = _mm_sub_epi8(_mm_loadu_si128((const __m128i *)p), _mm_set1_epi8('0'));
    x = _mm_and_si128(x, _mm_loadu_si128((const __m128i *)(maskBytes + 32 - n)));
    x = _mm_maddubs_epi16(x, _mm_set1_epi16(0x010A));
    x = _mm_madd_epi16(x, _mm_set1_epi32(0x00010064));
    x = _mm_packus_epi32(x, x);
    x = _mm_madd_epi16(x, _mm_set1_epi32(0x00012710));
    uint64_t eights = uint64_t(_mm_cvtsi128_si64(x));
    return (eights & 0xFFFFFFFF) * 100000000 + (eights >> 32);
}

enum { separatorByteCount = 32 };

inline uint32_t marks(__m256i text, char c) {
    return uint32_t(_mm256_movemask_epi8(_mm256_cmpeq_epi8(text, _mm256_set1_epi8(c))));
}

inline Separators findSeparators(const char *p) {
    __m256i text = loadThirtyTwo(p);
    return {marks(text, ','), marks(text, ':') | marks(text, '}') | marks(text, 0)};
}

inline int countMarks(uint64_t marks) { return std::popcount(marks); }

}  // namespace
