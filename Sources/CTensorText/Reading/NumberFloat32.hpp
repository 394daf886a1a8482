// SPDX-License-Identifier: Apache-2.0

// The straight path to a correctly rounded float32 (with NumberHalf.hpp: float16, bfloat16), without a loop over digits or a branch on their
// number: the value as a double, and proof that rounding this double again gives the right float.
//
// 1. The fraction is fixed point, left-aligned: f = its first 16 digits, padded with zeros, in
//    units of 10^-16. One whole digit w: d = (w · 10^16 + f) · 10^-16; else d = f · 10^-16 + w.
// 2. An exponent multiplies d by a double nearest to 10^k.
// 3. (float)d is the correctly rounded float unless a rounding boundary of float lies between d and
//    the truth: a double whose low 29 bits are 2^28. So d must be further from it than its error.
//
// Error: the roundings in (1) and (2), those of the constants among them, are six, at most 4 ulp.
// The digits dropped behind the 16th are less than 10^-16; where there are any, d >= 10^-4 is
// required, so they are less than 10^-12 of d, 9,007 ulp. Together that is below 2^14 = 16,384 ulp
// (2^13 would be too few). The test sends 6e-5 of arbitrary decimals to fast_float, and none that
// were printed from a float32: those lie in the middle between two boundaries.

#pragma once
#include "Scan.hpp"
#include "StrictNumber.hpp"

namespace {

/// d, within 2^14 ulp of the truth, rounds to the same float as the truth.
inline bool isSettled(double d) {
    constexpr uint32_t errorUlp = 1 << 14;
    uint64_t aboveBoundary = (load<uint64_t>(&d) & 0x1FFFFFFF) - (0x10000000 - errorUlp);
    return aboveBoundary >= 2 * errorUlp;
}

/// With n digits behind the point, values below [n] need the digits after the 16th. A table,
/// because the compiler makes an unpredictable branch of `n > 16 && d < 1e-4`.
constexpr double leastWithFractionDigits[32] = {
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
    0,    1e-4, 1e-4, 1e-4, 1e-4, 1e-4, 1e-4, 1e-4, 1e-4, 1e-4, 1e-4, 1e-4, 1e-4, 1e-4, 1e-4, 1e-4,
};

enum { exponentLimitFloat32 = 40 };

struct ExponentsFloat32 {
    double values[2 * exponentLimitFloat32 + 1];

    constexpr double operator[](int exponent) const {
        return values[exponent + exponentLimitFloat32];
    }
};

/// 10^k, -40 <= k <= 40, each the nearest double.
constexpr ExponentsFloat32 exponentsFloat32 = {{
    1e-40, 1e-39, 1e-38, 1e-37, 1e-36, 1e-35, 1e-34, 1e-33, 1e-32, 1e-31,
    1e-30, 1e-29, 1e-28, 1e-27, 1e-26, 1e-25, 1e-24, 1e-23, 1e-22, 1e-21,
    1e-20, 1e-19, 1e-18, 1e-17, 1e-16, 1e-15, 1e-14, 1e-13, 1e-12, 1e-11,
    1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1,
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9,
    1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
    1e20, 1e21, 1e22, 1e23, 1e24, 1e25, 1e26, 1e27, 1e28, 1e29,
    1e30, 1e31, 1e32, 1e33, 1e34, 1e35, 1e36, 1e37, 1e38, 1e39,
    1e40,
}};

/// Multiplies d by the exponent whose "e" is at p. The end, or null: left to `readStrictly`.
/// A call would cost more than the work: all vector registers are lost in it.
[[gnu::always_inline]] inline const char *applyExponent(const char *p, double *d) {
    p++;
    bool negative = *p == '-';
    p += negative || *p == '+';
    if (!isDigit(*p)) return nullptr;
    int exponent = *p++ - '0';
    if (isDigit(*p)) exponent = exponent * 10 + (*p++ - '0');
    if (isDigit(*p) || exponent > exponentLimitFloat32) return nullptr;
    *d *= exponentsFloat32[negative ? -exponent : exponent];
    bool isNormal = *d > 1.2e-38 && *d < 3.4e38;
    return isNormal ? p : nullptr;
}

/// (1) and (2): the magnitude of the number at p as d. The end, or null: left to `readStrictly`.
[[gnu::always_inline]] inline const char *readMagnitude(
    const char *p, bool negative, double *magnitude) {
    const char *q = p + negative;
    uint64_t others = notDigits(p) >> negative;
    unsigned wholeDigits = unsigned(std::countr_zero(others));
    const char *behind = q + wholeDigits;
    double d;
    if (*behind == '.') [[likely]] {
        unsigned length = unsigned(std::countr_zero(others & (others - 1)));
        unsigned fractionDigits = length - wholeDigits - 1;
        if (length >= 31 || fractionDigits == 0) [[unlikely]] return nullptr;
        int64_t fraction = int64_t(leadingSixteen(behind + 1, fractionDigits));
        if (wholeDigits == 1) [[likely]] {
            d = double(fraction + (*q - '0') * 10000000000000000) * 1e-16;
        } else {
            if (wholeDigits - 1 > 7 || *q == '0') return nullptr;
            d = double(fraction) * 1e-16 + double(eightOrLess(q, wholeDigits));
        }
        behind = q + length;
        if (d < leastWithFractionDigits[fractionDigits]) [[unlikely]] return nullptr;
    } else {
        if (wholeDigits - 1 > 7 || (*q == '0' && wholeDigits > 1)) return nullptr;
        d = double(eightOrLess(q, wholeDigits));
    }
    if ((*behind | 32) == 'e') [[unlikely]] {
        behind = applyExponent(behind, &d);
    }
    *magnitude = d;
    return behind;
}

[[gnu::always_inline]] inline const char *readNumber(
    const char *p, const char *end, float *number, Failure &failure) {
    bool negative = *p == '-';
    double d;
    const char *behind = readMagnitude(p, negative, &d);
    if (!behind || !isSettled(d)) [[unlikely]] return readStrictly(p, end, number, failure);
    float magnitude = float(d);
    store(number, load<uint32_t>(&magnitude) | uint32_t(negative) << 31);
    return behind;
}

}  // namespace
