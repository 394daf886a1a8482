// SPDX-License-Identifier: Apache-2.0

// Printing works on blocks of 64 numbers: digits, then splitting, then layout, each its own loop
// without branches on the data. The processor overlaps the long dependent chains of many numbers,
// and the compiler turns most of the loops into vector instructions.

#pragma once
#include <cstddef>
#include <cstdint>

#include "../Characters.hpp"

namespace {

enum { blockLength = 64 };

/// What is worked out for `count` numbers of a block: whole vectors.
inline int wholeVectors(int count) { return (count + 15) & ~15; }

/// Integers below 10^8 to eight digits each, one character a byte, the first in the lowest. `halves` has
/// room for 2 · count words.
///
/// Exact: multiplying by m / 2^s divides x by its divisor if m / 2^s exceeds 1 / divisor by so
/// little that x · excess < 1 / divisor. The excess is 3.4e-15 of 3518437209 / 2^45 (x < 10^8),
/// 2.3e-7 of 10486 / 2^20 (x < 10^4), 6e-4 of 103 / 2^10 (x < 10^2).
inline void splitEights(const uint32_t *eights, int count, uint32_t *halves) {
    for (int i = 0; i < count; i++) {
        uint32_t high = uint32_t(uint64_t(eights[i]) * 3518437209u >> 45);
        store(halves + 2 * i, uint64_t(eights[i] - high * 10000) << 32 | high);
    }
    for (int i = 0; i < 2 * count; i++) {
        uint32_t high = halves[i] * 10486 >> 20;
        halves[i] = high | (halves[i] - high * 100) << 16;
    }
    for (int i = 0; i < 4 * count; i++) {
        uint16_t *pair = reinterpret_cast<uint16_t *>(halves) + i;
        uint16_t value = load<uint16_t>(pair), high = uint16_t(value * 103) >> 10;
        store(pair, uint16_t((high | (value - high * 10) << 8) + 0x3030));
    }
}

/// The string for NaN and the infinities.
inline char *printNonFinite(char *p, bool isNaN, bool negative) {
    const char *text = isNaN ? "\"NaN\"" : negative ? "\"-Infinity\"" : "\"Infinity\"";
    size_t length = strlen(text);
    memcpy(p, text, length);
    return p + length;
}

}  // namespace
