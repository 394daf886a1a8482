// SPDX-License-Identifier: Apache-2.0

// The table is made by the compiler, exactly: 10^q by multiplying a long integer by ten, 10^-q as
// floor(2^N / 10^q) by dividing one by ten, since floor(floor(x / 10) / 10) = floor(x / 100).

#include "PowersOfTen.hpp"

#include <array>
#include <bit>

namespace {

using Wide = unsigned __int128;

/// A long integer, least significant word first. 10^324 has 1,077 bits; 2^1343 / 10^342 has 207.
struct LongInteger {
    std::array<uint64_t, 21> words{};

    constexpr void multiplyByTen() {
        uint64_t carry = 0;
        for (uint64_t &word : words) {
            Wide product = Wide(word) * 10 + carry;
            word = uint64_t(product);
            carry = uint64_t(product >> 64);
        }
    }

    constexpr void divideByTen() {
        uint64_t remainder = 0;
        for (int i = int(words.size()) - 1; i >= 0; i--) {
            Wide dividend = Wide(remainder) << 64 | words[i];
            words[i] = uint64_t(dividend / 10);
            remainder = uint64_t(dividend % 10);
        }
    }

    /// The top 128 bits, rounded up if `inexact` (the real number behind them has more).
    constexpr PowerOfTen top(bool inexact) const {
        int last = int(words.size()) - 1;
        while (words[last] == 0) last--;
        int shift = std::countl_zero(words[last]);
        Wide bits = 0;
        for (int i = 0; i < 3; i++) {
            Wide word = last >= i ? words[last - i] : 0;
            int place = 64 - 64 * i + shift;
            bits |= place >= 0 ? word << place : word >> -place;
        }
        bits += inexact;
        return {uint64_t(bits >> 64), uint64_t(bits)};
    }
};

constexpr int tableLength = greatestPowerOfTen - leastPowerOfTen + 1;

constexpr std::array<PowerOfTen, tableLength> makePowers() {
    std::array<PowerOfTen, tableLength> powers{};
    LongInteger power;
    power.words[0] = 1;
    for (int q = 0; q <= greatestPowerOfTen; q++, power.multiplyByTen())
        powers[q - leastPowerOfTen] = power.top(q > 55);
    LongInteger reciprocal;
    reciprocal.words.back() = 1ull << 63;
    for (int q = -1; q >= leastPowerOfTen; q--) {
        reciprocal.divideByTen();
        powers[q - leastPowerOfTen] = reciprocal.top(true);
    }
    return powers;
}

constexpr auto table = makePowers();

constexpr std::array<uint64_t, 128> makeCoarsePowers() {
    std::array<uint64_t, 128> powers{};
    for (int k = leastCoarsePower; k <= greatestCoarsePower; k++) {
        const PowerOfTen &power = table[k - leastPowerOfTen];
        powers[k - leastCoarsePower] = power.high + (power.low != 0);
    }
    return powers;
}

constexpr auto coarseTable = makeCoarsePowers();

}  // namespace

const PowerOfTen *const powersOfTen = table.data();
const uint64_t *const coarsePowersOfTen = coarseTable.data();
