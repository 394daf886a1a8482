// SPDX-License-Identifier: Apache-2.0

// Base64 (RFC 4648 section 4). Most of it goes by vectors (Base64Vectors*.hpp), the rest through tables:
// 12 bits at a time one way, four tables of places the other. A character outside the alphabet has
// the top bit set in its tables, which survives the sum of four.

#pragma once
#include <array>
#include <cstring>

#include "../include/ctensortext.h"
#include "Padding.hpp"

namespace {

constexpr char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr uint32_t invalid = 0x80000000;

struct Pair {
    char characters[2];
};

/// 12 bits to two characters.
constexpr std::array<Pair, 4096> makePairs() {
    std::array<Pair, 4096> pairs{};
    for (int i = 0; i < 4096; i++) pairs[i] = {{alphabet[i >> 6], alphabet[i & 63]}};
    return pairs;
}

using Places = std::array<std::array<uint32_t, 256>, 4>;

/// [i][c]: the six bits of character c at place i of four, in 24 bits laid out as the three bytes
/// stand in memory (first byte lowest).
constexpr Places makePlaces() {
    Places places{};
    for (auto &place : places) place.fill(invalid);
    for (uint32_t value = 0; value < 64; value++) {
        for (int i = 0; i < 4; i++) {
            uint32_t bits = value << (18 - 6 * i);
            places[i][uint8_t(alphabet[value])] =
                bits >> 16 | (bits & 0xFF00) | (bits & 0xFF) << 16;
        }
    }
    return places;
}

constexpr auto pairs = makePairs();
constexpr auto places = makePlaces();

/// Three bytes in the low 24 bits; `invalid` set if a character is.
inline uint32_t decodeFour(const char *p) {
    return places[0][uint8_t(p[0])] | places[1][uint8_t(p[1])] | places[2][uint8_t(p[2])]
        | places[3][uint8_t(p[3])];
}

inline void encodeThree(char *out, uint32_t bits) {
    memcpy(out, &pairs[bits >> 12], 2);
    memcpy(out + 2, &pairs[bits & 0xFFF], 2);
}

inline tensor_text_decoding refusal(const char *message, ptrdiff_t position) {
    return {tensor_text_bad_base64, message, position, 0};
}

/// The first of four characters, at `position`, that is not of the alphabet.
inline tensor_text_decoding refuseCharacter(const char *text, ptrdiff_t position) {
    while (places[0][uint8_t(text[position])] != invalid) position++;
    return refusal("a character outside the base64 alphabet", position);
}

/// Encodes as vectors do and no more; bytes done, a multiple of 3. See Base64Vectors*.hpp.
ptrdiff_t encodeVectors(char *out, const uint8_t *bytes, ptrdiff_t byteCount);
/// Decodes likewise, stopping early at a vector with an invalid character; characters done, a multiple of 4.
/// Writes at most `capacity` bytes.
ptrdiff_t decodeVectors(uint8_t *out, ptrdiff_t capacity, const char *text, ptrdiff_t length);

/// See `tensor_text_base64_encode`.
inline void encodeBase64(char *out, const void *bytes, ptrdiff_t byteCount) {
    const uint8_t *p = static_cast<const uint8_t *>(bytes);
    ptrdiff_t done = encodeVectors(out, p, byteCount);
    p += done, out += done / 3 * 4;
    ptrdiff_t rest = byteCount - done;
    for (; rest >= 3; p += 3, out += 4, rest -= 3)
        encodeThree(out, uint32_t(p[0]) << 16 | uint32_t(p[1]) << 8 | p[2]);
    if (rest == 0) return;
    encodeThree(out, uint32_t(p[0]) << 16 | (rest == 2 ? uint32_t(p[1]) << 8 : 0));
    if (rest == 1) out[2] = '=';
    out[3] = '=';
}

/// See `tensor_text_base64_decode`.
inline tensor_text_decoding decodeBase64(
    void *bytes, ptrdiff_t capacity, const char *text, ptrdiff_t length) {
    if (length % 4) return refusal("the length is no multiple of 4: padding is missing", length);
    int padding = paddingLength(text, length);
    ptrdiff_t count = length / 4 * 3 - padding;
    if (count > capacity)
        return {tensor_text_full, "more bytes than there is room for", length, 0};
    uint8_t *out = static_cast<uint8_t *>(bytes);
    ptrdiff_t whole = padding ? length - 4 : length;
    ptrdiff_t done = decodeVectors(out, capacity, text, whole);
    for (; done < whole; done += 4) {
        uint32_t three = decodeFour(text + done);
        if (three & invalid) return refuseCharacter(text, done);
        memcpy(out + done / 4 * 3, &three, 3);
    }
    if (padding) {
        char last[4] = {text[done], text[done + 1], padding == 1 ? text[done + 2] : 'A', 'A'};
        uint32_t three = decodeFour(last);
        if (three & invalid) return refuseCharacter(text, done);
        int kept = 3 - padding;
        if (three >> (8 * kept))
            return refusal("the unused bits in front of the padding are not zero", done + kept);
        memcpy(out + done / 4 * 3, &three, size_t(kept));
    }
    return {tensor_text_ok, "", length, count};
}

}  // namespace
