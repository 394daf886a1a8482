// SPDX-License-Identifier: Apache-2.0

// Texts byte by byte, with NEON by its table instructions.

#pragma once
#include <cstdint>
#include <cstring>

#if defined(__ARM_NEON) && defined(__aarch64__)
#include <arm_neon.h>

namespace {

/// 16 characters: character j is byte order[j] of the 16 of `digits` and `marks`, eight each.
inline void shuffleText(
    char *out, const uint32_t *digits, const uint32_t *marks, const uint8_t *order) {
    uint8x16_t source = vcombine_u8(vld1_u8((const uint8_t *)digits), vld1_u8((const uint8_t *)marks));
    vst1q_u8((uint8_t *)out, vqtbl1q_u8(source, vld1q_u8(order)));
}

/// 32 characters out of 16 digits and eight marks.
inline void shuffleLongText(
    char *out, const uint32_t *digits, const uint32_t *marks, const uint8_t *order) {
    uint8x8_t last = vld1_u8((const uint8_t *)marks);
    uint8x16x2_t source = {{vld1q_u8((const uint8_t *)digits), vcombine_u8(last, last)}};
    vst1q_u8((uint8_t *)out, vqtbl2q_u8(source, vld1q_u8(order)));
    vst1q_u8((uint8_t *)out + 16, vqtbl2q_u8(source, vld1q_u8(order + 16)));
}

}  // namespace
#else
namespace {

template <int digitBytes, int textBytes>
inline void shuffleBytes(
    char *out, const uint32_t *digits, const uint32_t *marks, const uint8_t *order) {
    char source[digitBytes + 8];
    memcpy(source, digits, digitBytes);
    memcpy(source + digitBytes, marks, 8);
    for (int i = 0; i < textBytes; i++) out[i] = source[order[i]];
}

/// 16 characters: character j is byte order[j] of the 16 of `digits` and `marks`, eight each.
inline void shuffleText(
    char *out, const uint32_t *digits, const uint32_t *marks, const uint8_t *order) {
    shuffleBytes<8, 16>(out, digits, marks, order);
}

/// 24 characters out of 16 digits and eight marks.
inline void shuffleLongText(
    char *out, const uint32_t *digits, const uint32_t *marks, const uint8_t *order) {
    shuffleBytes<16, 24>(out, digits, marks, order);
}

}  // namespace
#endif
