// SPDX-License-Identifier: Apache-2.0

// What reading needs of an instruction set: four functions. Each implementation has its own
// Scan*.hpp with these, everything else is shared.
//
//     uint64_t notDigits(const char *p)
//         Bit i, i < 32: p[i] is no digit. Bits above are 0. Reads 32 bytes.
//
//     uint64_t leadingSixteen(const char *p, unsigned n)
//         The first 16 of n <= 32 digits as an integer, padded with zeros on the right: a fraction
//         in units of 10^-16. Reads 16 bytes.
//
//     Separators findSeparators(const char *p)
//         Commas, and the characters behind which no array goes on (":", "}", NUL), in the next
//         `separatorByteCount` bytes: one bit a character, in their order from the lowest.
//
//     int countMarks(uint64_t marks)
//         The bits set in such a word.

#pragma once
#include <cstdint>

#include "../Characters.hpp"

namespace {

struct Separators {
    uint64_t commas, stops;
};

/// 32 bytes of ones, 32 of zeros: at [32 - n], a mask of n bytes.
alignas(64) constexpr uint8_t maskBytes[64] = {
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
};

/// Eight digits, one a byte, as a number: pairs, then fours, then all, by three multiplications
/// (D. Lemire).
inline uint32_t joinEight(uint64_t digits) {
    digits = digits * 10 + (digits >> 8);
    uint64_t even = (digits & 0x000000FF000000FF) * 0x000F424000000064;
    uint64_t odd = ((digits >> 16) & 0x000000FF000000FF) * 0x0000271000000001;
    return uint32_t((even + odd) >> 32);
}

/// n digits, 1 <= n <= 8, at p; reads 8 bytes. The shift drops what lies behind the digits and puts
/// zeros in front of them.
inline uint32_t eightOrLess(const char *p, unsigned n) {
    return joinEight((load<uint64_t>(p) ^ asciiZeros) << (64 - 8 * n));
}

}  // namespace
