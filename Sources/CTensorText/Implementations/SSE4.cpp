// SPDX-License-Identifier: Apache-2.0

// As AVX2.cpp, for processors without it: SSE4.2 is what x86-64-v2 promises.

#if defined(__x86_64__)
#include <immintrin.h>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "Implementations.hpp"

#pragma clang attribute push( \
    __attribute__((target("sse3,ssse3,sse4.1,sse4.2,popcnt"))), apply_to = function)
#include "../Base64/Base64VectorsPortable.hpp"
#include "../Printing/ShuffleSSE4.hpp"
#include "../Reading/ScanPortable.hpp"
#include "Implementation.hpp"
#pragma clang attribute pop

const tensor_text_implementation sse4Implementation = implementation("sse4");
#endif
