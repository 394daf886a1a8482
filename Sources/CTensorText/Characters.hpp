// SPDX-License-Identifier: Apache-2.0

#pragma once
#include <cstdint>
#include <cstring>

// Functions in the headers have internal linkage, because they are compiled once per instruction
// set: an inline function with external linkage would be merged into one, perhaps the wrong one.
namespace {

constexpr uint64_t asciiZeros = 0x3030303030303030;

inline bool isDigit(char c) { return uint8_t(c - '0') <= 9; }

inline bool isBlank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

inline const char *skipBlanks(const char *p) {
    while (isBlank(*p)) p++;
    return p;
}

template <class Word>
inline Word load(const void *p) {
    Word word;
    memcpy(&word, p, sizeof word);
    return word;
}

template <class Word>
inline void store(void *p, Word word) {
    memcpy(p, &word, sizeof word);
}

}  // namespace
