// SPDX-License-Identifier: Apache-2.0

// The tables again, several groups at a time.

#pragma once
#include "Base64.hpp"

namespace {

inline ptrdiff_t encodeVectors(char *, const uint8_t *, ptrdiff_t) { return 0; }

/// As many whole fours as make eight-byte stores safe.
inline ptrdiff_t decodeVectors(
    uint8_t *out, ptrdiff_t capacity, const char *text, ptrdiff_t length) {
    ptrdiff_t done = 0;
    for (; done + 8 <= length && done / 4 * 3 + 8 <= capacity; done += 8) {
        uint32_t first = decodeFour(text + done), second = decodeFour(text + done + 4);
        if ((first | second) & invalid) break;
        uint64_t bytes = uint64_t(second) << 24 | first;
        memcpy(out + done / 4 * 3, &bytes, 8);
    }
    return done;
}

}  // namespace
