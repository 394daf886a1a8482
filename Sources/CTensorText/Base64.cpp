// SPDX-License-Identifier: Apache-2.0

// Base64 (RFC 4648 section 4) through tables: 12 bits at a time one way, four tables of places the
// other. A character outside the alphabet has the top bit set in its tables, which survives the
// sum of four and is looked at once per 32 characters.

#include <array>
#include <cstring>

#include "include/ctensortext.h"

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

/// Characters of padding at the end: 0, 1 or 2.
int paddingLength(const char *text, ptrdiff_t length) {
    if (length < 4 || text[length - 1] != '=') return 0;
    return text[length - 2] == '=' ? 2 : 1;
}

tensor_text_decoding refusal(const char *message, ptrdiff_t position) {
    return {tensor_text_bad_base64, message, position, 0};
}

/// The first of four characters, at `position`, that is not of the alphabet.
tensor_text_decoding refuseCharacter(const char *text, ptrdiff_t position) {
    while (places[0][uint8_t(text[position])] != invalid) position++;
    return refusal("a character outside the base64 alphabet", position);
}

/// As many whole fours as make eight-byte stores safe; what it did is a multiple of 4 characters.
/// Stops early at an invalid one.
ptrdiff_t decodeFast(uint8_t *out, ptrdiff_t capacity, const char *text, ptrdiff_t length) {
    ptrdiff_t done = 0;
    for (; done + 8 <= length && done / 4 * 3 + 8 <= capacity; done += 8) {
        uint32_t first = decodeFour(text + done), second = decodeFour(text + done + 4);
        if ((first | second) & invalid) break;
        uint64_t bytes = uint64_t(second) << 24 | first;
        memcpy(out + done / 4 * 3, &bytes, 8);
    }
    return done;
}

}  // namespace

ptrdiff_t tensor_text_base64_length(ptrdiff_t byte_count) { return (byte_count + 2) / 3 * 4; }

ptrdiff_t tensor_text_base64_byte_count(const char *text, ptrdiff_t length) {
    return length % 4 ? -1 : length / 4 * 3 - paddingLength(text, length);
}

void tensor_text_base64_encode(char *out, const void *bytes, ptrdiff_t byte_count) {
    const uint8_t *p = static_cast<const uint8_t *>(bytes);
    ptrdiff_t whole = byte_count / 3 * 3;
    for (const uint8_t *end = p + whole; p < end; p += 3, out += 4)
        encodeThree(out, uint32_t(p[0]) << 16 | uint32_t(p[1]) << 8 | p[2]);
    ptrdiff_t rest = byte_count - whole;
    if (rest == 0) return;
    encodeThree(out, uint32_t(p[0]) << 16 | (rest == 2 ? uint32_t(p[1]) << 8 : 0));
    if (rest == 1) out[2] = '=';
    out[3] = '=';
}

tensor_text_decoding tensor_text_base64_decode(
    void *bytes, ptrdiff_t capacity, const char *text, ptrdiff_t length) {
    if (length % 4) return refusal("the length is no multiple of 4: padding is missing", length);
    int padding = paddingLength(text, length);
    ptrdiff_t count = length / 4 * 3 - padding;
    if (count > capacity)
        return {tensor_text_full, "more bytes than there is room for", length, 0};
    uint8_t *out = static_cast<uint8_t *>(bytes);
    ptrdiff_t whole = padding ? length - 4 : length;
    ptrdiff_t done = decodeFast(out, capacity, text, whole);
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
