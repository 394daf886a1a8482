// SPDX-License-Identifier: Apache-2.0

// Digit by digit, both numbers written as 0.d1 d2 d3 ... · 10^exponent with d1 > 0. Those of the
// double are made with a long integer: c · 2^-n = c · 5^n / 10^n.
//
// Two decimals of at most 15 digits have different doubles. So if both numbers are such decimals, as the
// odd integers that float16 has no room for mostly are, they are equal.

#include "DecimalComparison.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>

#include "../Characters.hpp"

namespace {

/// Least significant word first. The longest are odd · 2^-134 of 9 bits, 9 + 312 bits times 10^134.
struct LongInteger {
    uint64_t words[6] = {};

    void multiply(uint64_t factor) {
        uint64_t carry = 0;
        for (uint64_t &word : words) {
            unsigned __int128 product = (unsigned __int128)word * factor + carry;
            word = uint64_t(product);
            carry = uint64_t(product >> 64);
        }
        if (carry) __builtin_trap();
    }

    uint64_t divide(uint64_t divisor) {
        uint64_t remainder = 0;
        for (int i = 5; i >= 0; i--) {
            unsigned __int128 dividend = (unsigned __int128)remainder << 64 | words[i];
            words[i] = uint64_t(dividend / divisor);
            remainder = uint64_t(dividend % divisor);
        }
        return remainder;
    }

    bool isZero() const {
        uint64_t any = 0;
        for (uint64_t word : words) any |= word;
        return any == 0;
    }
};

/// The digits of a double that is greater than 0.
class DoubleDigits {
public:
    int64_t exponent;

    explicit DoubleDigits(double value) {
        uint64_t bits = std::bit_cast<uint64_t>(value);
        uint64_t c = (bits & 0xFFFFFFFFFFFFF) | 0x10000000000000;
        int zeros = std::countr_zero(c), power = int(bits >> 52) - 1075 + zeros;
        LongInteger integer = {{c >> zeros}};
        uint64_t factor = power < 0 ? 5 : 2;
        for (int i = power < 0 ? -power : power; i > 0; i -= 26) {
            uint64_t product = 1;
            for (int j = 0; j < (i < 26 ? i : 26); j++) product *= factor;
            integer.multiply(product);
        }
        while (!integer.isZero()) append(integer.divide(1000000000000000000));
        while (digits[first] == 0) first++;
        exponent = limit - first + (power < 0 ? power : 0);
    }

    int next() { return first < limit ? digits[first++] : 0; }
    bool isAtEnd() const { return first == limit; }

private:
    enum { limit = 7 * 18 };
    char digits[limit];
    int first = limit;

    /// 18 digits in front of those there are.
    void append(uint64_t part) {
        for (int i = 0; i < 18; i++, part /= 10) digits[--first] = char(part % 10);
    }
};

/// The digits of a decimal that is not 0.
class TextDigits {
public:
    int64_t exponent;

    TextDigits(const char *p, const char *end) : p(p + (*p == '-')), end(end) {
        const char *point = this->p;
        while (point != end && isDigit(*point)) point++;
        while (*this->p == '0' || *this->p == '.') this->p++;
        exponent = point - this->p + (this->p > point) + writtenExponent(point);
    }

    int next() {
        if (!isAtEnd() && *p == '.') p++;
        return isAtEnd() ? 0 : *p++ - '0';
    }
    bool isAtEnd() const { return p == end || (*p | 32) == 'e'; }

private:
    const char *p, *end;

    int64_t writtenExponent(const char *point) const {
        const char *q = point;
        while (q != end && (*q | 32) != 'e') q++;
        if (q == end) return 0;
        bool negative = *++q == '-';
        q += negative || *q == '+';
        int64_t value = 0;
        for (; q != end && value < 1000000000000000; q++) value = value * 10 + (*q - '0');
        return negative ? -value : value;
    }
};

bool isShortInteger(double magnitude) {
    return magnitude < 1e15 && magnitude == double(int64_t(magnitude));
}

}  // namespace

int compareMagnitude(const char *p, const char *end, double magnitude) {
    if (end - p <= 15 && isShortInteger(magnitude)) return 0;
    TextDigits text(p, end);
    DoubleDigits exact(magnitude);
    if (text.exponent != exact.exponent) return text.exponent < exact.exponent ? -1 : 1;
    while (!text.isAtEnd() || !exact.isAtEnd()) {
        int a = text.next(), b = exact.next();
        if (a != b) return a < b ? -1 : 1;
    }
    return 0;
}
