// SPDX-License-Identifier: Apache-2.0

#pragma once
#include <cstdint>

/// 10^q = (high · 2^64 + low) · 2^(floor(log2 10^q) - 127), rounded up to these 128 bits, the top
/// one set. Exact for 0 <= q <= 55, as 5^55 < 2^128.
struct PowerOfTen {
    uint64_t high, low;
};

enum { leastPowerOfTen = -342, greatestPowerOfTen = 324 };

extern const PowerOfTen *const powersOfTen;

enum { leastCoarsePower = -36, greatestCoarsePower = 45 };

/// The same rounded up to 64 bits, which is enough for float32 (10^-31 ... 10^45) and the formats of
/// 16 bits (bfloat16 10^-36 ... 10^41): [k - leastCoarsePower] for 10^k.
/// Of 128 elements, for an index that is seven bits.
extern const uint64_t *const coarsePowersOfTen;

namespace {

inline const PowerOfTen &powerOfTen(int q) { return powersOfTen[q - leastPowerOfTen]; }

/// floor(log2 10^q), for |q| <= 1650 (217706 / 2^16 > log2 10 by less than 2^-19).
inline int floorLog2OfPowerOfTen(int q) { return (q * 217706) >> 16; }

}  // namespace
