// SPDX-License-Identifier: Apache-2.0

// As NarrowBlock.hpp, with powers of ten of 128 bits and 17 digits.
//
// The products need 64 x 64 -> 128 bit multiplication, which is no vector instruction: step 3 is a loop
// of its own, and the others have nothing in them that keeps the compiler from making vectors.

#pragma once
#include <bit>

#include "../PowersOfTen.hpp"
#include "Layouts.hpp"

namespace {

/// "-0.000012345678901234567", "-1.2345678901234567e-308"
using Float64Tables = LayoutTables<17, 15, 3, 32>;

/// The upper half of a multiple in 2^-64, odd if not exact.
inline uint64_t roundToOdd(unsigned __int128 multiple) {
    return uint64_t(multiple >> 64) | (uint64_t(multiple) > 1);
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
        if (hasSubnormal) [[unlikely]] lengthenSubnormals(length);
        splitDigits(length);
        layouts.find(exponents, significant, firsts, signs, length);
    }

    /// Prints number i: at most 24 characters, touching 32.
    [[gnu::always_inline]] char *print(char *p, int i) const {
        if (hasNonFinite && isNonFinite(bits[i])) [[unlikely]]
            return printNonFinite(p, bits[i] << 12, signs[i]);
        shuffleLongText(p, halves + 4 * i, layouts.marks + 2 * i, layouts.order(i));
        return p + layouts.lengths[i];
    }

private:
    alignas(64) uint64_t bits[blockLength] = {};
    /// 4c · 2^h, then the middle; the ends.
    alignas(64) uint64_t middles[blockLength], lows[blockLength], highs[blockLength];
    alignas(64) uint64_t tenths[blockLength], digits[blockLength];
    /// Half a unit of c at the upper and the lower end: shifts of the power of ten.
    alignas(64) int32_t shiftsUp[blockLength], shiftsDown[blockLength];
    alignas(64) int32_t exponents[blockLength], significant[blockLength];
    alignas(64) uint32_t firsts[blockLength], eights[2 * blockLength], signs[blockLength];
    /// 16 digits behind the first a number.
    alignas(64) uint32_t halves[4 * blockLength];
    Layouts<Float64Tables> layouts;
    bool hasNonFinite, hasSubnormal;

    static bool isNonFinite(uint64_t bits) { return (bits >> 52 & 2047) == 2047; }

    /// Steps 1 and 2 of NarrowBlock.hpp: k, and 4c · 2^h.
    void findIntervals(int length) {
        uint64_t anyNonFinite = 0, anySubnormal = 0;
        for (int i = 0; i < length; i++) {
            uint64_t magnitude = bits[i] & 0x7FFFFFFFFFFFFFFF;
            anyNonFinite |= isNonFinite(bits[i]);
            anySubnormal |= (magnitude != 0) & (magnitude >> 52 == 0);
            magnitude = magnitude == 0 ? 0x3FF0000000000000 : magnitude;
            uint64_t fraction = magnitude & 0xFFFFFFFFFFFFF;
            int biased = int(magnitude >> 52);
            uint64_t c = biased ? fraction | 0x10000000000000 : fraction;
            int q = (biased ? biased : 1) - 1075;
            bool isCloser = (fraction == 0) & (biased > 1);
            int k = (q * 1262611 - (isCloser ? 524031 : 0)) >> 22;  // floor(log10 of the interval)
            int h = q + ((-k * 1741647) >> 19) + 1;
            exponents[i] = k;
            middles[i] = (4 * c) << h;
            shiftsUp[i] = h + 1;
            shiftsDown[i] = h + 1 - isCloser;
            signs[i] = uint32_t(bits[i] >> 63);
        }
        hasNonFinite = anyNonFinite;
        hasSubnormal = anySubnormal;
    }

    /// The upper 128 of 192 bits, 0 < shift < 64.
    static unsigned __int128 upper(const PowerOfTen &g, int shift) {
        uint64_t middle = g.high << shift | g.low >> (64 - shift);
        return (unsigned __int128)(g.high >> (64 - shift)) << 64 | middle;
    }

    /// Steps 3 and 4: multiples of 10^k / 4, of 192 bits before the last 64 are cut off.
    void scaleIntervals(int length) {
        using Wide = unsigned __int128;
        for (int i = 0; i < length; i++) {
            const PowerOfTen g = powerOfTen(-exponents[i]);
            Wide last = Wide(g.low) * middles[i];
            Wide middle = Wide(g.high) * middles[i] + uint64_t(last >> 64);
            uint64_t back = uint64_t(last), down = g.low << shiftsDown[i], sum;
            lows[i] = roundToOdd(middle - upper(g, shiftsDown[i]) - (back < down));
            bool carry = __builtin_add_overflow(back, g.low << shiftsUp[i], &sum);
            highs[i] = roundToOdd(middle + upper(g, shiftsUp[i]) + carry);
            middles[i] = roundToOdd(middle);
            tenths[i] = uint64_t(middle >> 66) / 10;
        }
    }

    /// 17 digits (0 for zero) and the decimal exponent of the first one. Values below 2^63, so that
    /// comparing them as signed does, for which there are vector instructions.
    void findDigits(int length) {
        for (int i = 0; i < length; i++) {
            int64_t isOdd = bits[i] & 1;
            int64_t low = int64_t(lows[i]) + isOdd, middle = int64_t(middles[i]);
            int64_t high = int64_t(highs[i]) - isOdd;
            int64_t s = int64_t(middles[i] / 4), tenth = int64_t(tenths[i]);
            int64_t forty = (tenth << 5) + (tenth << 3);
            bool tensDown = low <= forty, tensUp = forty + 40 <= high;
            bool down = low <= 4 * s, up = 4 * s + 4 <= high;
            bool nearerUp = middle + (s & 1) > 4 * s + 2;
            bool oneLess = (s >= 10) & (tensDown != tensUp);
            int64_t coarse = tenth + tensUp, fine = s + (down != up ? up : nearerUp);
            int64_t d = __builtin_unpredictable(oneLess) ? coarse : fine;
            int e = exponents[i] + oneLess + 16;
            bool isShort = d < 1000000000000000;
            d = isShort ? (d << 6) + (d << 5) + (d << 2) : d, e -= isShort ? 2 : 0;
            isShort = d < 10000000000000000;
            d = isShort ? (d << 3) + (d << 1) : d, e -= isShort ? 1 : 0;
            digits[i] = bits[i] << 1 ? uint64_t(d) : 0;
            exponents[i] = e;
        }
    }

    /// The few digits of a subnormal, to 17.
    [[gnu::noinline, gnu::cold]] void lengthenSubnormals(int length) {
        for (int i = 0; i < length; i++)
            for (; digits[i] && digits[i] < 10000000000000000; exponents[i]--) digits[i] *= 10;
    }

    void splitDigits(int length) {
        for (int i = 0; i < length; i++) {
            uint64_t nine = digits[i] / 100000000;
            uint32_t first = uint32_t(nine / 100000000);
            firsts[i] = first;
            eights[2 * i] = uint32_t(nine) - first * 100000000;
            eights[2 * i + 1] = uint32_t(digits[i] - nine * 100000000);
        }
        splitEights(eights, 2 * length, halves);
        for (int i = 0; i < 2 * length; i++) {
            uint64_t eight = load<uint64_t>(halves + 2 * i) ^ asciiZeros;
            eights[i] = 8 - uint32_t(std::countl_zero(eight) >> 3);
        }
        for (int i = 0; i < length; i++) {
            int front = int(eights[2 * i]), back = int(eights[2 * i + 1]);
            significant[i] = 1 + (back ? 8 + back : front);
        }
    }
};

}  // namespace
