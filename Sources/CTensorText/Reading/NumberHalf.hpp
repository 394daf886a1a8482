// SPDX-License-Identifier: Apache-2.0

// The straight path to a correctly rounded float16 or bfloat16: steps 1 and 2 of NumberFloat32.hpp,
// and step 3 for the boundaries of these formats, which are a double's too; no float32 in between,
// which would round twice.
//
// Error: as there; what adding the least normal number rounds is half an ulp more.

#pragma once
#include "NumberFloat32.hpp"

namespace {

template <class Half>
[[gnu::always_inline]] inline const char *readHalf(
    const char *p, const char *end, Half *number, Failure &failure) {
    constexpr uint64_t errorUlp = 1 << 14;
    bool negative = *p == '-';
    double d;
    const char *behind = readMagnitude(p, negative, &d);
    if (!behind) [[unlikely]] return readStrictly(p, end, number, failure);
    HalfRounding<Half> rounding(d);
    uint64_t aboveBoundary = rounding.rest() - (rounding.half - errorUlp);
    uint64_t pattern = rounding.pattern(rounding.rest() > rounding.half);
    if (aboveBoundary < 2 * errorUlp || pattern >= HalfFormat<Half>::infinity) [[unlikely]]
        return readStrictly(p, end, number, failure);
    store(number, uint16_t(pattern | uint64_t(negative) << 15));
    return behind;
}

[[gnu::always_inline]] inline const char *readNumber(
    const char *p, const char *end, Float16 *number, Failure &failure) {
    return readHalf(p, end, number, failure);
}

[[gnu::always_inline]] inline const char *readNumber(
    const char *p, const char *end, BFloat16 *number, Failure &failure) {
    return readHalf(p, end, number, failure);
}

}  // namespace
