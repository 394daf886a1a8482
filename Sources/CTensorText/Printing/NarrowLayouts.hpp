// SPDX-License-Identifier: Apache-2.0

#pragma once
#include <cstdint>

namespace {

/// Formats of at most 32 bits, as ``NarrowBlock`` takes them apart: a sign, an exponent, a fraction.
struct Float32Layout {
    using Scalar = float;
    using Bits = uint32_t;
    enum { fractionBits = 23, exponentBits = 8 };
};

/// IEEE 754 binary16.
struct Float16Layout {
    using Scalar = uint16_t;
    using Bits = uint16_t;
    enum { fractionBits = 10, exponentBits = 5 };
};

/// The upper half of a float32.
struct BFloat16Layout {
    using Scalar = uint16_t;
    using Bits = uint16_t;
    enum { fractionBits = 7, exponentBits = 8 };
};

}  // namespace
