// SPDX-License-Identifier: Apache-2.0

// 24 bytes to 32 characters and back, after W. Mula, D. Lemire, Faster Base64 Encoding and Decoding
// using AVX2 Instructions (2018).

#pragma once
#include <immintrin.h>

#include "Base64.hpp"

namespace {

inline __m256i inBothHalves(__m128i x) { return _mm256_broadcastsi128_si256(x); }

/// Six bits a byte, from twelve bytes in each half. Bytes b1 b0 b2 b1 of each three: two of the four
/// numbers come right by a multiplication that keeps the upper half, two by one that keeps the lower.
inline __m256i spreadSixes(__m256i bytes) {
    const __m256i order = inBothHalves(
        _mm_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10));
    __m256i x = _mm256_shuffle_epi8(bytes, order);
    __m256i outer = _mm256_mulhi_epu16(
        _mm256_and_si256(x, _mm256_set1_epi32(0x0FC0FC00)), _mm256_set1_epi32(0x04000040));
    __m256i inner = _mm256_mullo_epi16(
        _mm256_and_si256(x, _mm256_set1_epi32(0x003F03F0)), _mm256_set1_epi32(0x01000010));
    return _mm256_or_si256(outer, inner);
}

/// 0...63 to characters, by what to add in each range of the alphabet: a-z at [0], digits at 1...10, + and
/// / behind them, A-Z at 13.
inline __m256i toCharacters(__m256i sixes) {
    const __m256i additions = inBothHalves(_mm_setr_epi8(
        'a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
        '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A', 0, 0));
    __m256i range = _mm256_subs_epu8(sixes, _mm256_set1_epi8(51));
    __m256i isUpper = _mm256_cmpgt_epi8(_mm256_set1_epi8(26), sixes);
    range = _mm256_or_si256(range, _mm256_and_si256(isUpper, _mm256_set1_epi8(13)));
    return _mm256_add_epi8(sixes, _mm256_shuffle_epi8(additions, range));
}

inline ptrdiff_t encodeVectors(char *out, const uint8_t *bytes, ptrdiff_t byteCount) {
    ptrdiff_t done = 0;
    for (; done + 28 <= byteCount; done += 24, out += 32) {
        __m128i front = _mm_loadu_si128((const __m128i *)(bytes + done));
        __m128i back = _mm_loadu_si128((const __m128i *)(bytes + done + 12));
        __m256i sixes = spreadSixes(_mm256_set_m128i(back, front));
        _mm256_storeu_si256((__m256i *)out, toCharacters(sixes));
    }
    return done;
}

/// A character is wrong if the bit of its upper half is among those that its lower half does not allow.
/// Lower half f: / (2F) is right, o and O are, ? (3F) is not; and so on for each.
inline bool areInAlphabet(__m256i text, __m256i uppers) {
    const __m256i ofUpper = inBothHalves(_mm_setr_epi8(
        0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10,
        0x10));
    const __m256i ofLower = inBothHalves(_mm_setr_epi8(
        0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1A, 0x1B, 0x1B, 0x1B,
        0x1A));
    __m256i lowers = _mm256_and_si256(text, _mm256_set1_epi8(15));
    return _mm256_testz_si256(
        _mm256_shuffle_epi8(ofLower, lowers), _mm256_shuffle_epi8(ofUpper, uppers));
}

inline __m256i toSixes(__m256i text, __m256i uppers) {
    const __m256i additions = inBothHalves(
        _mm_setr_epi8(0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0));
    __m256i isSlash = _mm256_cmpeq_epi8(text, _mm256_set1_epi8('/'));
    __m256i range = _mm256_add_epi8(uppers, isSlash);
    return _mm256_add_epi8(text, _mm256_shuffle_epi8(additions, range));
}

/// Twelve bytes at the start of each half, then together.
inline __m256i joinSixes(__m256i sixes) {
    __m256i twelves = _mm256_maddubs_epi16(sixes, _mm256_set1_epi32(0x01400140));
    __m256i threes = _mm256_madd_epi16(twelves, _mm256_set1_epi32(0x00011000));
    threes = _mm256_shuffle_epi8(
        threes, inBothHalves(
                    _mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1)));
    return _mm256_permutevar8x32_epi32(threes, _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 7, 7));
}

inline ptrdiff_t decodeVectors(
    uint8_t *out, ptrdiff_t capacity, const char *text, ptrdiff_t length) {
    ptrdiff_t done = 0, written = 0;
    for (; done + 32 <= length && written + 32 <= capacity; done += 32, written += 24) {
        __m256i characters = _mm256_loadu_si256((const __m256i *)(text + done));
        __m256i uppers =
            _mm256_and_si256(_mm256_srli_epi32(characters, 4), _mm256_set1_epi8(15));
        if (!areInAlphabet(characters, uppers)) break;
        __m256i sixes = toSixes(characters, uppers);
        _mm256_storeu_si256((__m256i *)(out + written), joinSixes(sixes));
    }
    return done;
}

}  // namespace
