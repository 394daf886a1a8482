// SPDX-License-Identifier: Apache-2.0

// The straight path to a correctly rounded float64: the digits as one exact integer w, times a
// power of ten with 64 bits, and proof that its error does not matter.
//
// 1. value = w · 10^q, w < 2^64 exact. The fraction is read as in NumberFloat32.hpp; up to eight
//    digits behind its 16th are added, exactly. More digits are left to fast_float.
// 2. m = w shifted so that its top bit is set; P = the top 64 bits of 10^q, truncated (exact for
//    0 <= q <= 27). The high word h of the product m · P has its top bit at 63 or 62.
// 3. The 53 bits from there are the significand, the r below them (11 or 10) decide the rounding.
//
// Error: P is less than 1 below the truth, so m · P less than m < 2^64, one unit of h; the low word
// cut off is less than another. The truth lies in [h, h + 2). Only if half a unit of the
// significand lies in there too (the last r bits of h are the half, or one less) may rounding go
// wrong: 2 of 1,024 or 2,048 numbers go to fast_float, exact ties (2^53 + 1) always among them. If
// all r bits are ones the truth rounds up, as h does.

#pragma once
#include "../PowersOfTen.hpp"
#include "Scan.hpp"
#include "StrictNumber.hpp"

namespace {

/// value = digits · 10^exponent
struct Decimal {
    uint64_t digits;
    int exponent;
};

/// The double nearest to the decimal, or false: not settled, subnormal or too large.
inline bool roundToFloat64(Decimal decimal, bool negative, double *number) {
    if (unsigned(decimal.exponent + 342) > 342 + 308) return false;
    bool isZero = decimal.digits == 0;
    uint64_t w = isZero ? 1 : decimal.digits;
    int shift = std::countl_zero(w);
    unsigned __int128 product = (unsigned __int128)(w << shift) * powerOfTen(decimal.exponent).high;
    uint64_t high = uint64_t(product >> 64);
    int top = int(high >> 63);
    int dropped = 10 + top;
    uint64_t rest = high & ((1ull << dropped) - 1), half = 1ull << (dropped - 1);
    // Exponent of 2 of h's bit 62 + top, biased.
    int biased = floorLog2OfPowerOfTen(decimal.exponent) - shift + 63 + top + 1023;
    if (rest - (half - 1) < 2 || unsigned(biased - 1) >= 2045) [[unlikely]] return false;
    uint64_t significand = (high >> dropped) + (rest >= half);
    uint64_t bits = (uint64_t(biased - 1) << 52) + significand;  // a carry raises the exponent
    store(number, (isZero ? 0 : bits) | uint64_t(negative) << 63);
    return true;
}

constexpr uint64_t smallPowersOfTen[17] = {
    1,
    10,
    100,
    1000,
    10000,
    100000,
    1000000,
    10000000,
    100000000,
    1000000000,
    10000000000,
    100000000000,
    1000000000000,
    10000000000000,
    100000000000000,
    1000000000000000,
    10000000000000000,
};

/// [k]: x up to this, x · 10^k + (10^k - 1) < 2^64.
constexpr uint64_t roomForMoreDigits[9] = {
    UINT64_MAX,
    UINT64_MAX / 10 - 1,
    UINT64_MAX / 100 - 1,
    UINT64_MAX / 1000 - 1,
    UINT64_MAX / 10000 - 1,
    UINT64_MAX / 100000 - 1,
    UINT64_MAX / 1000000 - 1,
    UINT64_MAX / 10000000 - 1,
    UINT64_MAX / 100000000 - 1,
};

/// whole.fraction with n fraction digits at p. False: more digits than 64 bits hold.
inline bool readFraction(const char *p, unsigned n, uint64_t whole, Decimal *decimal) {
    uint64_t leading = leadingSixteen(p, n);
    if (whole > 1843) [[unlikely]] {  // 1844 · 10^16 has no room
        if (n > 16) return false;
        uint64_t unit = smallPowersOfTen[16 - n];
        if (whole > UINT64_MAX / smallPowersOfTen[n] - 1) return false;
        *decimal = {whole * smallPowersOfTen[n] + leading / unit, -int(n)};
        return true;
    }
    *decimal = {whole * 10000000000000000 + leading, -16};
    if (n <= 16) return true;
    unsigned more = n - 16;
    if (more > 8 || decimal->digits > roomForMoreDigits[more]) return false;
    *decimal = {decimal->digits * smallPowersOfTen[more] + eightOrLess(p + 16, more), -int(n)};
    return true;
}

/// The exponent whose "e" is at p, three digits at most. The end, or null.
[[gnu::always_inline]] inline const char *readExponent(const char *p, int *exponent) {
    p++;
    bool negative = *p == '-';
    p += negative || *p == '+';
    if (!isDigit(*p)) return nullptr;
    int value = 0;
    for (int i = 0; i < 3 && isDigit(*p); i++) value = value * 10 + (*p++ - '0');
    *exponent += negative ? -value : value;
    return isDigit(*p) ? nullptr : p;
}

[[gnu::always_inline]] inline const char *readNumber(
    const char *p, const char *end, double *number, Failure &failure) {
    bool negative = *p == '-';
    const char *q = p + negative;
    uint64_t others = notDigits(p) >> negative;
    unsigned wholeDigits = unsigned(std::countr_zero(others));
    const char *behind = q + wholeDigits;
    if (wholeDigits - 1 > 7 || (*q == '0' && wholeDigits > 1)) [[unlikely]]
        return readStrictly(p, end, number, failure);
    uint64_t whole = wholeDigits == 1 ? uint64_t(*q - '0') : eightOrLess(q, wholeDigits);
    Decimal decimal = {whole, 0};
    if (*behind == '.') [[likely]] {
        unsigned length = unsigned(std::countr_zero(others & (others - 1)));
        unsigned fractionDigits = length - wholeDigits - 1;
        if (length >= 31 || fractionDigits == 0
            || !readFraction(behind + 1, fractionDigits, whole, &decimal)) [[unlikely]]
            return readStrictly(p, end, number, failure);
        behind = q + length;
    }
    if ((*behind | 32) == 'e') [[unlikely]] {
        behind = readExponent(behind, &decimal.exponent);
        if (!behind) return readStrictly(p, end, number, failure);
    }
    if (!roundToFloat64(decimal, negative, number)) [[unlikely]]
        return readStrictly(p, end, number, failure);
    return behind;
}

}  // namespace
