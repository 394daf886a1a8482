// SPDX-License-Identifier: Apache-2.0

#pragma once
#include "DigitBlock.hpp"
#include "LayoutTables.hpp"

namespace {

/// Orders and lengths of the texts of a block, from the numbers' digits and exponents.
template <class Tables>
struct Layouts {
    /// What a text is made of beside the digits behind the first one, a byte each: see `LayoutByte`.
    alignas(64) uint32_t marks[2 * blockLength];
    alignas(64) int32_t lengths[blockLength];

    /// For `count` numbers: exponent of ten of the first digit, digits without the zeros at the end, first
    /// digit, 1 for a negative number.
    [[gnu::always_inline]] void find(
        const int32_t *exponents, const int32_t *significant, const uint32_t *firsts,
        const uint32_t *signs, int count) {
        for (int i = 0; i < count; i++) {
            int e = exponents[i], digits = significant[i], isNegative = int(signs[i]);
            int isSmall = e < 0, size = isSmall ? -e : e;
            int more = (size >= 10) + (size >= 100);
            bool isFixed = unsigned(e - Tables::leastFixed) < unsigned(Tables::fixedCount);

            int shown = digits + (isSmall ? size : 0), least = e + 2;
            int fixed = (shown > least ? shown : least) + 1;
            int scientific = digits + (digits > 1) + 2 + isSmall + more;
            lengths[i] = (isFixed ? fixed : scientific) + isNegative;

            int form = isSmall * Tables::exponentDigits + more;
            int order = isFixed ? e - Tables::leastFixed
                                : Tables::fixedCount + form * Tables::digits + digits - 1;
            offsets[i] = (order + isNegative * Tables::count) * Tables::byteCount;

            uint32_t hundreds = uint32_t(size) * 41 >> 12, rest = uint32_t(size) - hundreds * 100;
            uint32_t tens = rest * 103 >> 10, units = rest - tens * 10;
            backs[i] = 'e' | hundreds << 8 | tens << 16 | units << 24 | 0x30303000;
        }
        for (int i = 0; i < count; i++) {
            uint32_t front = firsts[i] | ('0' | '-' << 8 | '.' << 16 | '0' << 24);
            store(marks + 2 * i, uint64_t(backs[i]) << 32 | front);
        }
    }

    /// Where each byte of text i comes from.
    const uint8_t *order(int i) const { return tables.bytes[0] + offsets[i]; }

private:
    static constexpr Tables tables = makeLayoutTables<Tables>();

    alignas(64) int32_t offsets[blockLength];
    alignas(64) uint32_t backs[blockLength];
};

}  // namespace
