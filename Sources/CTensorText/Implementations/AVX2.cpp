// SPDX-License-Identifier: Apache-2.0

// Everything between push and pop is compiled for AVX2; all of it has internal linkage. What comes
// from elsewhere (the standard library, the C header) is included in front of it and stays
// baseline: its inline functions may be merged with those of other files.
//
// FMA is left out on purpose: it would gain nothing, and without it all implementations do the
// same arithmetic.

#if defined(__x86_64__)
#include <immintrin.h>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "Implementations.hpp"

#pragma clang attribute push( \
    __attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt"))), apply_to = function)
#include "../Base64/Base64VectorsAVX2.hpp"
#include "../Printing/ShuffleAVX2.hpp"
#include "../Reading/ScanAVX2.hpp"
#include "Implementation.hpp"
#pragma clang attribute pop

const tensor_text_implementation avx2Implementation = implementation("avx2");
#endif
