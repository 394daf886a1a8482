// SPDX-License-Identifier: Apache-2.0

// Scanning by vectors of the compiler's, 16 characters at a time, on any little-endian processor: SSE2,
// NEON, or whatever it makes of them.

#pragma once
#include <bit>

#include "Scan.hpp"

static_assert(std::endian::native == std::endian::little);

namespace {

using Sixteen = uint8_t __attribute__((ext_vector_type(16)));

/// One bit a byte that compared true, the first the lowest.
template <class Comparison>
inline uint64_t gather(Comparison isTrue) {
    using Bits = bool __attribute__((ext_vector_type(16)));
    return std::bit_cast<uint16_t>(__builtin_convertvector(isTrue, Bits));
}

inline uint64_t notDigitsOfSixteen(const char *p) { return gather((load<Sixteen>(p) - '0') > 9); }

inline uint64_t notDigits(const char *p) {
    return notDigitsOfSixteen(p) | notDigitsOfSixteen(p + 16) << 16;
}

inline uint64_t leadingSixteen(const char *p, unsigned n) {
    const uint8_t *mask = maskBytes + 32 - n;
    uint64_t first = (load<uint64_t>(p) ^ asciiZeros) & load<uint64_t>(mask);
    uint64_t second = (load<uint64_t>(p + 8) ^ asciiZeros) & load<uint64_t>(mask + 8);
    return uint64_t(joinEight(first)) * 100000000 + joinEight(second);
}

enum { separatorByteCount = 16 };

inline Separators findSeparators(const char *p) {
    Sixteen text = load<Sixteen>(p);
    return {gather(text == ','), gather((text == ':') | (text == '}') | (text == 0))};
}

inline int countMarks(uint64_t marks) { return std::popcount(marks); }

}  // namespace
