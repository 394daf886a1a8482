// SPDX-License-Identifier: Apache-2.0

#pragma once
#include <cstddef>

namespace {

/// Characters of padding at the end: 0, 1 or 2.
inline int paddingLength(const char *text, ptrdiff_t length) {
    if (length < 4 || text[length - 1] != '=') return 0;
    return text[length - 2] == '=' ? 2 : 1;
}

}  // namespace
