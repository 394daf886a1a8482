// SPDX-License-Identifier: Apache-2.0

// Goals, in this order: the shortest decimal that reads back as the same number, of those the
// closest; the same speed for all numbers; no branch on the data.
//
// R. Giulietti, The Schubfach way to render doubles (2020), for binary32 and the formats of 16 bits,
// after J. Junghanns' Drachennest.
//
// 1. The number is c · 2^q; the decimals that round to it lie between (c ± 1/2) · 2^q (below only
//    1/4 where c is a power of two), the ends included if c is even.
// 2. k is chosen so that this interval holds at least one multiple of 10^k and at most one of
//    10^(k+1). So the answer is that one, or else the multiple of 10^k nearest to the number.
// 3. The ends and the middle are computed as multiples of 10^k / 4 with a power of ten of 64 bits,
//    what is cut off kept as an odd last bit ("round to odd"): every comparison is exact.

#pragma once
#include <bit>

#include "../PowersOfTen.hpp"
#include "DigitBlock.hpp"
#include "NarrowLayouts.hpp"

namespace {

/// product of g / 2^64 and c, odd if not exact
inline uint32_t roundToOdd(uint32_t highOfG, uint32_t lowOfG, uint32_t c) {
    uint64_t product = uint64_t(highOfG) * c + (uint64_t(lowOfG) * c >> 32);
    return uint32_t(product >> 32) | (uint32_t(product) > 1);
}

template <class Layout>
struct NarrowBlock {
    using Scalar = typename Layout::Scalar;

    /// Takes up to 64 numbers.
    void take(const Scalar *numbers, int count) {
        for (int i = 0; i < count; i++) bits[i] = load<typename Layout::Bits>(numbers + i);
        int length = wholeVectors(count);
        findDigits(length);
        for (int i = 0; i < length; i++) {
            uint32_t first = uint32_t(uint64_t(digits[i]) * 1441151881u >> 57);  // / 10^8
            eights[i] = digits[i] - first * 100000000;
            firsts[i] = first;
        }
        splitEights(eights, length, halves);
    }

    /// Prints number i: at most 16 characters, touching 24.
    [[gnu::always_inline]] char *print(char *p, int i) const {
        int e = exponents[i];
        uint64_t rest = load<uint64_t>(halves + 2 * i);
        if (uint32_t(e + 5) > 12 || !isFinite(i)) [[unlikely]] return printRare(p, i);
        *p = '-';
        p += isNegative(i);
        int significant = 9 - (std::countl_zero(rest) >> 3);
        bool isSmall = e < 0;
        int places = isSmall ? -e : e;
        char first = char('0' + firsts[i]);
        // "0.000000", or the digits; then the digits behind the point, over that.
        store(p, isSmall ? 0x3030303030302E30 : (rest << 8 | asciiZeros));
        store(p + places + 2, (isSmall ? rest : rest >> (8 * places)) | asciiZeros);
        p[isSmall ? 1 + places : 0] = first;
        p[isSmall ? 1 : places + 1] = '.';
        int length = significant + (isSmall ? places : 0), least = e + 2;
        return p + (length > least ? length : least) + 1;
    }

private:
    static constexpr int fractionBits = Layout::fractionBits, exponentBits = Layout::exponentBits;
    static constexpr uint32_t leadingOne = 1u << fractionBits;
    static constexpr uint32_t infinity = ((1u << exponentBits) - 1) << fractionBits;
    static constexpr int bias = (1 << (exponentBits - 1)) - 1;

    alignas(64) uint32_t bits[blockLength] = {};
    alignas(64) uint32_t digits[blockLength];
    alignas(64) int32_t exponents[blockLength];
    alignas(64) uint32_t firsts[blockLength], eights[blockLength], halves[2 * blockLength];

    bool isFinite(int i) const { return (bits[i] & infinity) != infinity; }

    bool isNegative(int i) const { return bits[i] >> (fractionBits + exponentBits); }

    /// Nine digits (0 for zero) and the decimal exponent of the first one, for each number.
    void findDigits(int length) {
        const uint64_t *powers = coarsePowersOfTen;
        for (int i = 0; i < length; i++) {
            uint32_t magnitude = bits[i] & (infinity | (leadingOne - 1));
            bool isZero = magnitude == 0;
            magnitude = isZero ? uint32_t(bias) << fractionBits : magnitude;
            uint32_t fraction = magnitude & (leadingOne - 1);
            int biased = int(magnitude >> fractionBits);
            uint32_t c = biased ? fraction | leadingOne : fraction;
            int q = (biased ? biased : 1) - (bias + fractionBits);
            uint32_t isOdd = c & 1, isCloser = (fraction == 0) & (biased > 1);

            int k = (q * 1262611 - (isCloser ? 524031 : 0)) >> 22;  // floor(log10 of the interval)
            int h = q + ((-k * 1741647) >> 19) + 1;
            uint64_t g = powers[unsigned(-k - leastCoarsePower) & 127];
            uint32_t highOfG = uint32_t(g >> 32), lowOfG = uint32_t(g);
            uint32_t low = roundToOdd(highOfG, lowOfG, (4 * c - 2 + isCloser) << h) + isOdd;
            uint32_t middle = roundToOdd(highOfG, lowOfG, (4 * c) << h);
            uint32_t high = roundToOdd(highOfG, lowOfG, (4 * c + 2) << h) - isOdd;

            uint32_t s = middle / 4, tenth = uint32_t(uint64_t(s) * 3435973837u >> 35);
            bool tensDown = low <= 40 * tenth, tensUp = 40 * tenth + 40 <= high;
            bool down = low <= 4 * s, up = 4 * s + 4 <= high;
            bool nearerUp = middle + (s & 1) > 4 * s + 2;
            bool oneLess = (s >= 10) & (tensDown != tensUp);
            uint32_t d = oneLess ? tenth + tensUp : s + (down != up ? up : nearerUp);
            int e = k + oneLess + 8;
            bool isShort = d < 100000;
            d = isShort ? d * 10000 : d, e -= isShort ? 4 : 0;
            isShort = d < 100000;
            d = isShort ? d * 10000 : d, e -= isShort ? 4 : 0;
            isShort = d < 10000000;
            d = isShort ? d * 100 : d, e -= isShort ? 2 : 0;
            isShort = d < 100000000;
            d = isShort ? d * 10 : d, e -= isShort ? 1 : 0;
            digits[i] = isZero ? 0 : d;
            exponents[i] = e;
        }
    }

    /// NaN, the infinities, 1.5e-7.
    [[gnu::noinline, gnu::cold]] char *printRare(char *p, int i) const {
        bool negative = isNegative(i);
        if (!isFinite(i)) return printNonFinite(p, bits[i] & (leadingOne - 1), negative);
        uint64_t rest = load<uint64_t>(halves + 2 * i);
        int significant = 9 - (std::countl_zero(rest) >> 3);
        *p = '-';
        p += negative;
        *p++ = char('0' + firsts[i]);
        if (significant > 1) {
            *p++ = '.';
            store(p, rest | asciiZeros);
            p += significant - 1;
        }
        return printExponent(p, exponents[i]);
    }
};

}  // namespace
