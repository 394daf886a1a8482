// SPDX-License-Identifier: Apache-2.0

// 48 bytes to 64 characters and back, after W. Mula, D. Lemire, Base64 encoding and decoding at almost
// the speed of a memory copy (2019): the alphabet is one table of 64 bytes, its inverse one of 128.

#pragma once
#include <immintrin.h>

#include "Base64.hpp"

namespace {

struct alignas(64) Base64Vectors {
    /// Bytes b1 b0 b2 b1 of each three; of a quarter of 64 bits, where in them each six begin.
    uint8_t spread[64], shifts[64];
    /// [c]: the six bits of a character, 128 for any other.
    uint8_t sixes[128];
    /// The first three bytes of each four, the last of them first.
    uint8_t joined[64];
};

constexpr Base64Vectors makeBase64Vectors() {
    Base64Vectors vectors = {};
    constexpr uint8_t order[4] = {1, 0, 2, 1}, shifts[8] = {10, 4, 22, 16, 42, 36, 54, 48};
    for (int i = 0; i < 64; i++) {
        vectors.spread[i] = uint8_t(i / 4 * 3 + order[i % 4]);
        vectors.shifts[i] = shifts[i % 8];
        vectors.joined[i] = uint8_t(i < 48 ? i / 3 * 4 + 2 - i % 3 : 0);
    }
    for (int i = 0; i < 128; i++) vectors.sixes[i] = 128;
    for (int i = 0; i < 64; i++) vectors.sixes[int(alphabet[i])] = uint8_t(i);
    return vectors;
}

constexpr Base64Vectors base64Vectors = makeBase64Vectors();

inline ptrdiff_t encodeVectors(char *out, const uint8_t *bytes, ptrdiff_t byteCount) {
    const __m512i spread = _mm512_load_si512(base64Vectors.spread);
    const __m512i shifts = _mm512_load_si512(base64Vectors.shifts);
    const __m512i characters = _mm512_loadu_si512(alphabet);
    ptrdiff_t done = 0;
    for (; done + 64 <= byteCount; done += 48, out += 64) {
        __m512i x = _mm512_permutexvar_epi8(spread, _mm512_loadu_si512(bytes + done));
        x = _mm512_multishift_epi64_epi8(shifts, x);
        _mm512_storeu_si512(out, _mm512_permutexvar_epi8(x, characters));
    }
    return done;
}

inline ptrdiff_t decodeVectors(
    uint8_t *out, ptrdiff_t capacity, const char *text, ptrdiff_t length) {
    const __m512i first = _mm512_load_si512(base64Vectors.sixes);
    const __m512i second = _mm512_load_si512(base64Vectors.sixes + 64);
    const __m512i joined = _mm512_load_si512(base64Vectors.joined);
    ptrdiff_t done = 0, written = 0;
    for (; done + 64 <= length && written + 64 <= capacity; done += 64, written += 48) {
        __m512i characters = _mm512_loadu_si512(text + done);
        __m512i sixes = _mm512_permutex2var_epi8(first, characters, second);
        // Beyond ASCII the character itself has the top bit.
        if (_mm512_movepi8_mask(_mm512_or_si512(characters, sixes))) break;
        __m512i twelves = _mm512_maddubs_epi16(sixes, _mm512_set1_epi32(0x01400140));
        __m512i threes = _mm512_madd_epi16(twelves, _mm512_set1_epi32(0x00011000));
        _mm512_storeu_si512(out + written, _mm512_permutexvar_epi8(joined, threes));
    }
    return done;
}

}  // namespace
