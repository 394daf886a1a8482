// SPDX-License-Identifier: Apache-2.0

// A number's text is its digits, a sign, a point, zeros and an exponent, put in order. Which byte of the
// text is which of these depends on little: in fixed notation on the exponent and the sign (zeros
// at the end of the digits are cut off by the length), in scientific on the sign, the number of
// digits and that of the exponent's digits. So the order is looked up and one shuffle instruction
// does it, without a branch on the data.

#pragma once
#include <cstdint>

namespace {

/// Orders of bytes for numbers with `digits` digits, fixed for exponents of ten of the first digit from
/// `leastFixed` to `greatestFixed`, `size` bytes each. The bytes to choose from are, from byte 0, the
/// digits behind the first; from byte `digits - 1` on the first digit, then "-.0e", and three digits
/// of the exponent.
template <int digitCount, int greatest, int maximumExponentDigits, int size>
struct LayoutTables {
    static constexpr int digits = digitCount, leastFixed = -5, greatestFixed = greatest;
    static constexpr int exponentDigits = maximumExponentDigits, byteCount = size;
    static constexpr int fixedCount = greatestFixed - leastFixed + 1;
    /// Of one sign.
    static constexpr int count = fixedCount + 2 * exponentDigits * digits;
    alignas(32) uint8_t bytes[2 * count][size];
};

enum LayoutByte { firstDigit, minus, point, zero, letter, hundreds, tens, units };

/// One text in the making.
template <class Tables>
struct LayoutText {
    uint8_t (&bytes)[Tables::byteCount];
    int length = 0;

    constexpr void put(LayoutByte byte) { put(Tables::digits - 1 + byte); }
    constexpr void putDigits(int from, int to) {
        for (int i = from; i < to; i++) i == 0 ? put(firstDigit) : put(i - 1);
    }
    constexpr void put(int byte) {
        if (length < Tables::byteCount) bytes[length++] = uint8_t(byte);
    }
};

template <class Tables>
constexpr void layOutFixed(LayoutText<Tables> text, int exponent) {
    if (exponent < 0) {
        text.put(zero);
        text.put(point);
        for (int i = exponent + 1; i < 0; i++) text.put(zero);
        text.putDigits(0, Tables::digits);
    } else {
        text.putDigits(0, exponent + 1);
        text.put(point);
        text.putDigits(exponent + 1, Tables::digits);
    }
}

template <class Tables>
constexpr void layOutScientific(
    LayoutText<Tables> text, bool isSmall, int exponentDigits, int significant) {
    text.put(firstDigit);
    if (significant > 1) text.put(point);
    text.putDigits(1, significant);
    text.put(letter);
    if (isSmall) text.put(minus);
    if (exponentDigits > 2) text.put(hundreds);
    if (exponentDigits > 1) text.put(tens);
    text.put(units);
}

/// [(fixed: exponent - leastFixed; scientific: `scientificLayout`) + (negative: count)]
template <class Tables>
constexpr Tables makeLayoutTables() {
    Tables tables = {};
    for (int i = 0; i < 2 * Tables::count; i++) {
        LayoutText<Tables> text = {tables.bytes[i]};
        if (i >= Tables::count) text.put(minus);
        int kind = i % Tables::count, behindFixed = kind - Tables::fixedCount;
        if (behindFixed < 0) {
            layOutFixed(text, kind + Tables::leastFixed);
        } else {
            int form = behindFixed / Tables::digits;
            layOutScientific(
                text, form >= Tables::exponentDigits, form % Tables::exponentDigits + 1,
                behindFixed % Tables::digits + 1);
        }
    }
    return tables;
}

}  // namespace
