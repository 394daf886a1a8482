// SPDX-License-Identifier: Apache-2.0

// As AVX2.cpp, for processors with AVX-512 as Ice Lake and Zen 4 have it; vectors of 512 bits are what the
// loops of printing gain from.

#if defined(__x86_64__)
#include <immintrin.h>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "Implementations.hpp"

#pragma clang attribute push( \
    __attribute__((target( \
        "avx2,bmi,bmi2,lzcnt,popcnt,avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512vbmi"))), \
    apply_to = function)
#include "../Base64/Base64VectorsAVX512.hpp"
#include "../Printing/ShuffleAVX512.hpp"
#include "../Reading/ScanAVX2.hpp"
#include "Implementation.hpp"
#pragma clang attribute pop

const tensor_text_implementation avx512Implementation = implementation("avx512");
#endif
