// SPDX-License-Identifier: Apache-2.0

// Scanning with 64-bit integers, eight characters at a time, on any little-endian processor.

#pragma once
#include <bit>

#include "Scan.hpp"

static_assert(std::endian::native == std::endian::little);

namespace {

constexpr uint64_t sevens = 0x7F7F7F7F7F7F7F7F;

/// Bit 7 of each byte that is no digit. "0"..."9" and only they are 0...9 under xor "0"; adding
/// 118 to the low seven bits sets bit 7 for 10 and more, without a carry into the next byte.
inline uint64_t notDigitsOfEight(const char *p) {
    uint64_t x = load<uint64_t>(p) ^ asciiZeros;
    return (((x & sevens) + 0x7676767676767676) | x) & ~sevens;
}

/// Gathers bit 7 of each byte into eight bits: the multiplication moves bit 8i + 7 to 56 + i, and
/// no two of its partial sums meet.
inline uint64_t gather(uint64_t marks) { return (marks >> 7) * 0x0102040810204080 >> 56; }

inline uint64_t notDigits(const char *p) {
    return gather(notDigitsOfEight(p)) | gather(notDigitsOfEight(p + 8)) << 8
        | gather(notDigitsOfEight(p + 16)) << 16 | gather(notDigitsOfEight(p + 24)) << 24;
}

inline uint64_t leadingSixteen(const char *p, unsigned n) {
    const uint8_t *mask = maskBytes + 32 - n;
    uint64_t first = (load<uint64_t>(p) ^ asciiZeros) & load<uint64_t>(mask);
    uint64_t second = (load<uint64_t>(p + 8) ^ asciiZeros) & load<uint64_t>(mask + 8);
    return uint64_t(joinEight(first)) * 100000000 + joinEight(second);
}

/// Bit 7 of each byte that equals c, exactly.
inline uint64_t marks(uint64_t word, char c) {
    uint64_t x = word ^ uint8_t(c) * 0x0101010101010101;
    return ~(((x & sevens) + sevens) | x | sevens);
}

enum { separatorByteCount = 8 };

inline Separators findSeparators(const char *p) {
    uint64_t word = load<uint64_t>(p);
    return {marks(word, ','), marks(word, ':') | marks(word, '}') | marks(word, 0)};
}

/// The multiplication adds up the eight bytes in the highest.
inline int countMarks(uint64_t marks) { return int((marks >> 7) * 0x0101010101010101 >> 56); }

inline int countBytes(uint64_t marks) { return (64 - std::countl_zero(marks)) / 8; }

}  // namespace
