// SPDX-License-Identifier: Apache-2.0

// As NarrowBlock.hpp, with powers of ten of 128 bits and 17 digits.
//
// The products need 64 x 64 -> 128 bit multiplication, which is no vector instruction; the steps are
// still loops of their own, because one number's chain of dependent instructions is so long that
// the processor finds too little else to do (18 ns as one loop, 13 as three).

#pragma once
#include <bit>

#include "../PowersOfTen.hpp"
#include "DigitBlock.hpp"

namespace {

/// product of g / 2^128 and c, odd if not exact
inline uint64_t roundToOdd(const PowerOfTen &g, uint64_t c) {
    using Wide = unsigned __int128;
    Wide product = Wide(g.high) * c + uint64_t(Wide(g.low) * c >> 64);
    return uint64_t(product >> 64) | (uint64_t(product) > 1);
}

struct Float64Block {
    using Scalar = double;

    /// Takes up to 64 numbers.
    void take(const double *numbers, int count) {
        memcpy(bits, numbers, size_t(count) * sizeof *bits);
        int length = wholeVectors(count);
        findIntervals(length);
        scaleIntervals(length);
        findDigits(length);
        for (int i = 0; i < length; i++) {
            uint64_t nine = digits[i] / 100000000;
            uint32_t first = uint32_t(nine / 100000000);
            firsts[i] = first;
            eights[2 * i] = uint32_t(nine) - first * 100000000;
            eights[2 * i + 1] = uint32_t(digits[i] - nine * 100000000);
        }
        splitEights(eights, 2 * length, halves);
    }

    /// Prints number i: at most 24 characters, touching 36.
    [[gnu::always_inline]] char *print(char *p, int i) const {
        int e = exponents[i];
        bool isFinite = (bits[i] >> 52 & 2047) != 2047;
        if (uint32_t(e + 5) > 20 || !isFinite) [[unlikely]] return printRare(p, i);
        *p = '-';
        p += bits[i] >> 63;
        const char *rest = reinterpret_cast<const char *>(halves + 4 * i);
        bool isSmall = e < 0;
        int places = isSmall ? -e : e;
        char first = char('0' + firsts[i]);
        // The digits; "0.000000" over them if small; then the digits behind the point, over that.
        uint64_t front = asciiDigits(rest);
        store(p + 1, front);
        store(p + 9, asciiDigits(rest + 8));
        store(p, __builtin_unpredictable(isSmall) ? 0x3030303030302E30 : front << 8);
        const char *behindPoint = rest + (e & ~(e >> 31));  // e, or 0 if that is less
        char *to = p + places + 2;
        store(to, asciiDigits(behindPoint));
        store(to + 8, asciiDigits(behindPoint + 8));
        p[isSmall ? 1 + places : 0] = first;
        p[isSmall ? 1 : places + 1] = '.';
        int length = significantDigits(i) + (isSmall ? places : 0), least = e + 2;
        return p + (length > least ? length : least) + 1;
    }

private:
    alignas(64) uint64_t bits[blockLength] = {};
    alignas(64) uint64_t lows[blockLength], middles[blockLength], highs[blockLength];
    alignas(64) uint64_t digits[blockLength];
    alignas(64) int32_t exponents[blockLength];
    alignas(64) uint32_t firsts[blockLength], eights[2 * blockLength];
    /// 16 digits behind the first a number, and room to read past the last ones.
    alignas(64) uint32_t halves[4 * blockLength + 4] = {};

    static uint64_t asciiDigits(const char *digits) { return load<uint64_t>(digits) | asciiZeros; }

    /// 1...17, from the zero bytes at the end.
    int significantDigits(int i) const {
        uint64_t front = load<uint64_t>(halves + 4 * i), back = load<uint64_t>(halves + 4 * i + 2);
        int behindFront = 9 - (std::countl_zero(front) >> 3);
        int behindBack = 17 - (std::countl_zero(back) >> 3);
        return back ? behindBack : behindFront;
    }

    /// Steps 1 and 2 of NarrowBlock.hpp: k, and 4c · 2^h with its ends.
    void findIntervals(int length) {
        for (int i = 0; i < length; i++) {
            uint64_t magnitude = bits[i] & 0x7FFFFFFFFFFFFFFF;
            magnitude = magnitude == 0 ? 0x3FF0000000000000 : magnitude;
            uint64_t fraction = magnitude & 0xFFFFFFFFFFFFF;
            int biased = int(magnitude >> 52);
            uint64_t c = biased ? fraction | 0x10000000000000 : fraction;
            int q = (biased ? biased : 1) - 1075;
            bool isCloser = (fraction == 0) & (biased > 1);
            int k = (q * 1262611 - (isCloser ? 524031 : 0)) >> 22;  // floor(log10 of the interval)
            int h = q + ((-k * 1741647) >> 19) + 1;
            exponents[i] = k;
            lows[i] = (4 * c - 2 + isCloser) << h;
            middles[i] = (4 * c) << h;
            highs[i] = (4 * c + 2) << h;
        }
    }

    /// Step 3: the same as multiples of 10^k / 4.
    void scaleIntervals(int length) {
        for (int i = 0; i < length; i++) {
            const PowerOfTen &g = powerOfTen(-exponents[i]);
            lows[i] = roundToOdd(g, lows[i]);
            middles[i] = roundToOdd(g, middles[i]);
            highs[i] = roundToOdd(g, highs[i]);
        }
    }

    /// 17 digits (0 for zero) and the decimal exponent of the first one.
    void findDigits(int length) {
        for (int i = 0; i < length; i++) {
            uint64_t isOdd = bits[i] & 1;
            uint64_t low = lows[i] + isOdd, middle = middles[i], high = highs[i] - isOdd;
            uint64_t s = middle / 4, tenth = s / 10;
            bool tensDown = low <= 40 * tenth, tensUp = 40 * tenth + 40 <= high;
            bool down = low <= 4 * s, up = 4 * s + 4 <= high;
            bool nearerUp = middle + (s & 1) > 4 * s + 2;
            bool oneLess = (s >= 10) & (tensDown != tensUp);
            uint64_t fine = s + (down != up ? up : nearerUp), coarse = tenth + tensUp;
            uint64_t d = __builtin_unpredictable(oneLess) ? coarse : fine;
            int e = exponents[i] + oneLess + 16;
            if (d < 10000000000000) [[unlikely]] e -= lengthenSubnormal(d);
            bool isShort = d < 1000000000000000;
            d = isShort ? d * 100 : d, e -= isShort ? 2 : 0;
            isShort = d < 10000000000000000;
            d = isShort ? d * 10 : d, e -= isShort ? 1 : 0;
            digits[i] = bits[i] << 1 ? d : 0;
            exponents[i] = e;
        }
    }

    /// To 14 digits at least. How many zeros that took.
    [[gnu::noinline, gnu::cold]] static int lengthenSubnormal(uint64_t &d) {
        int zeros = 0;
        for (; d < 10000000000000; zeros++) d *= 10;
        return zeros;
    }

    /// NaN, the infinities, 1.5e-7.
    [[gnu::noinline, gnu::cold]] char *printRare(char *p, int i) const {
        bool negative = bits[i] >> 63;
        if ((bits[i] >> 52 & 2047) == 2047) return printNonFinite(p, bits[i] << 12, negative);
        const char *rest = reinterpret_cast<const char *>(halves + 4 * i);
        int significant = significantDigits(i);
        *p = '-';
        p += negative;
        *p++ = char('0' + firsts[i]);
        if (significant > 1) {
            *p++ = '.';
            store(p, asciiDigits(rest));
            store(p + 8, asciiDigits(rest + 8));
            p += significant - 1;
        }
        return printExponent(p, exponents[i]);
    }
};

}  // namespace
