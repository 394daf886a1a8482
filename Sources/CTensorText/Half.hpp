// SPDX-License-Identifier: Apache-2.0

#pragma once
#include <bit>
#include <cstdint>

/// Bit patterns of 16 bits, as types of their own.
struct Float16 {
    uint16_t bits;
};
struct BFloat16 {
    uint16_t bits;
};

namespace {

template <int fraction, int exponentBias>
struct HalfFormatOf {
    static constexpr int fractionBits = fraction, bias = exponentBias;
    static constexpr uint64_t leadingOne = 1ull << fractionBits;
    static constexpr uint64_t infinity = uint64_t(2 * bias + 1) << fractionBits;
};

template <class Half>
struct HalfFormat;
template <>
struct HalfFormat<Float16> : HalfFormatOf<10, 15> {};
template <>
struct HalfFormat<BFloat16> : HalfFormatOf<7, 127> {};

/// A double on its way to fewer bits. Where the format has it subnormal, the least normal number is
/// added first: then, too, the last bit that is kept stands where a normal number's does.
template <class Half>
struct HalfRounding {
    using Format = HalfFormat<Half>;
    static constexpr int droppedBits = 52 - Format::fractionBits;
    static constexpr uint64_t half = 1ull << (droppedBits - 1);

    [[gnu::always_inline]] explicit HalfRounding(double magnitude)
        : isSubnormal(magnitude < leastNormal),
          bits(std::bit_cast<uint64_t>(magnitude + (isSubnormal ? leastNormal : 0))) {}

    /// The bits that are dropped.
    [[gnu::always_inline]] uint64_t rest() const { return bits & (2 * half - 1); }

    /// Whether the last bit that is kept is a one.
    [[gnu::always_inline]] bool isOdd() const { return bits >> droppedBits & 1; }

    /// The bits that are kept, or the next number; from the format's infinity on it overflows.
    [[gnu::always_inline]] uint64_t pattern(bool isUp) const {
        uint64_t rebias = uint64_t(1023 - Format::bias + isSubnormal) << Format::fractionBits;
        return (bits >> droppedBits) + isUp - rebias;
    }

    /// The double again, as far as its bits are still there.
    double magnitude() const {
        return std::bit_cast<double>(bits) - (isSubnormal ? leastNormal : 0);
    }

private:
    static constexpr double leastNormal =
        std::bit_cast<double>(uint64_t(1023 + 1 - Format::bias) << 52);

    bool isSubnormal;
    uint64_t bits;
};

}  // namespace
