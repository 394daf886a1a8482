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
// 4. The ends are the middle less and more 2^h or 2^(h+1) times the power of ten. All 96 bits are
//    subtracted and added, so that no more is cut off than if each were a product of its own.

#pragma once
#include <bit>

#include "../PowersOfTen.hpp"
#include "Layouts.hpp"
#include "NarrowLayouts.hpp"

namespace {

/// "-0.0000123456789", "-1.23456789e-38"
using NarrowTables = LayoutTables<9, 7, 2, 16>;

/// The upper half of a multiple in 2^-32, odd if not exact.
inline uint32_t roundToOdd(uint64_t multiple) {
    return uint32_t(multiple >> 32) | (uint32_t(multiple) > 1);
}

template <class Layout>
struct NarrowBlock {
    using Scalar = typename Layout::Scalar;

    /// Takes up to 64 numbers.
    void take(const Scalar *numbers, int count) {
        for (int i = 0; i < count; i++) bits[i] = load<typename Layout::Bits>(numbers + i);
        int length = wholeVectors(count);
        findIntervals(length);
        scaleIntervals(length);
        findDigits(length);
        splitDigits(length);
        layouts.find(exponents, significant, firsts, signs, length);
    }

    /// Prints number i: at most 16 characters, touching as many.
    [[gnu::always_inline]] char *print(char *p, int i) const {
        if (hasNonFinite && isNonFinite(bits[i])) [[unlikely]]
            return printNonFinite(p, bits[i] & (leadingOne - 1), signs[i]);
        shuffleText(p, halves + 2 * i, layouts.marks + 2 * i, layouts.order(i));
        return p + layouts.lengths[i];
    }

private:
    static constexpr int fractionBits = Layout::fractionBits, exponentBits = Layout::exponentBits;
    static constexpr uint32_t leadingOne = 1u << fractionBits;
    static constexpr uint32_t infinity = ((1u << exponentBits) - 1) << fractionBits;
    static constexpr int bias = (1 << (exponentBits - 1)) - 1;

    alignas(64) uint32_t bits[blockLength] = {};
    /// 4c · 2^h, and how far from it the ends are; the index of the power of ten.
    alignas(64) uint32_t scaled[blockLength], unitsUp[blockLength], unitsDown[blockLength];
    alignas(64) uint32_t powers[blockLength];
    alignas(64) uint32_t lows[blockLength], middles[blockLength], highs[blockLength];
    alignas(64) int32_t exponents[blockLength], significant[blockLength];
    alignas(64) uint32_t firsts[blockLength], eights[blockLength], signs[blockLength];
    /// Eight digits behind the first a number.
    alignas(64) uint32_t halves[2 * blockLength];
    Layouts<NarrowTables> layouts;
    bool hasNonFinite;

    static bool isNonFinite(uint32_t bits) { return (bits & infinity) == infinity; }

    /// Steps 1 and 2.
    void findIntervals(int length) {
        uint32_t anyNonFinite = 0;
        for (int i = 0; i < length; i++) {
            uint32_t magnitude = bits[i] & (infinity | (leadingOne - 1));
            anyNonFinite |= isNonFinite(bits[i]);
            signs[i] = bits[i] >> (fractionBits + exponentBits);
            magnitude = magnitude == 0 ? uint32_t(bias) << fractionBits : magnitude;
            uint32_t fraction = magnitude & (leadingOne - 1);
            int biased = int(magnitude >> fractionBits);
            uint32_t c = biased ? fraction | leadingOne : fraction;
            int q = (biased ? biased : 1) - (bias + fractionBits);
            bool isCloser = (fraction == 0) & (biased > 1);
            int k = (q * 1262611 - (isCloser ? 524031 : 0)) >> 22;  // floor(log10 of the interval)
            int h = q + ((-k * 1741647) >> 19) + 1;
            scaled[i] = (4 * c) << h;
            powers[i] = unsigned(-k - leastCoarsePower) & 127;
            uint32_t unit = 2u << h;
            unitsUp[i] = unit;
            unitsDown[i] = isCloser ? unit / 2 : unit;
            exponents[i] = k;
        }
        hasNonFinite = anyNonFinite;
    }

    /// Steps 3 and 4.
    void scaleIntervals(int length) {
        const uint64_t *table = coarsePowersOfTen;
        for (int i = 0; i < length; i++) {
            constexpr uint64_t lowHalf = 0xFFFFFFFF;
            uint64_t g = table[powers[i]], front = g >> 32, back = g & lowHalf;
            uint64_t last = back * scaled[i], middle = front * scaled[i] + (last >> 32);
            uint64_t lastUp = back * unitsUp[i], up = front * unitsUp[i] + (lastUp >> 32);
            uint64_t lastDown = back * unitsDown[i], down = front * unitsDown[i] + (lastDown >> 32);
            last &= lowHalf, lastUp &= lowHalf, lastDown &= lowHalf;
            lows[i] = roundToOdd(middle - down - ((last - lastDown) >> 63));
            middles[i] = roundToOdd(middle);
            highs[i] = roundToOdd(middle + up + ((last + lastUp) >> 32));
        }
    }

    /// Nine digits (0 for zero) and the decimal exponent of the first one, for each number.
    void findDigits(int length) {
        for (int i = 0; i < length; i++) {
            uint32_t isOdd = bits[i] & 1;
            uint32_t low = lows[i] + isOdd, middle = middles[i], high = highs[i] - isOdd;
            uint32_t s = middle / 4, tenth = uint32_t(uint64_t(s) * 3435973837u >> 35);
            bool tensDown = low <= 40 * tenth, tensUp = 40 * tenth + 40 <= high;
            bool down = low <= 4 * s, up = 4 * s + 4 <= high;
            bool nearerUp = middle + (s & 1) > 4 * s + 2;
            bool oneLess = (s >= 10) & (tensDown != tensUp);
            uint32_t d = oneLess ? tenth + tensUp : s + (down != up ? up : nearerUp);
            int e = exponents[i] + oneLess + 8;
            bool isShort = d < 100000;
            d = isShort ? d * 10000 : d, e -= isShort ? 4 : 0;
            isShort = d < 100000;
            d = isShort ? d * 10000 : d, e -= isShort ? 4 : 0;
            isShort = d < 10000000;
            d = isShort ? d * 100 : d, e -= isShort ? 2 : 0;
            isShort = d < 100000000;
            d = isShort ? d * 10 : d, e -= isShort ? 1 : 0;
            bool isZero = (bits[i] & (infinity | (leadingOne - 1))) == 0;
            eights[i] = isZero ? 0 : d;
            exponents[i] = e;
        }
    }

    void splitDigits(int length) {
        for (int i = 0; i < length; i++) {
            uint32_t first = uint32_t(uint64_t(eights[i]) * 1441151881u >> 57);  // / 10^8
            eights[i] -= first * 100000000;
            firsts[i] = first;
        }
        splitEights(eights, length, halves);
        for (int i = 0; i < length; i++) {
            uint64_t rest = load<uint64_t>(halves + 2 * i) ^ asciiZeros;
            significant[i] = 9 - (std::countl_zero(rest) >> 3);
        }
    }
};

}  // namespace
