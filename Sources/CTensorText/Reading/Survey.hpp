// SPDX-License-Identifier: Apache-2.0

#pragma once
#include "../include/ctensortext.h"
#include "Scan.hpp"

namespace {

/// See `tensor_text_survey`. At the text's end its NUL ends the count.
inline tensor_text_stretch surveyStretch(const char *text, ptrdiff_t byteCount) {
    ptrdiff_t commas = 0;
    for (ptrdiff_t at = 0; at < byteCount; at += separatorByteCount) {
        Separators found = findSeparators(text + at);
        if (found.stops) [[unlikely]] {
            uint64_t before = (found.stops & -found.stops) - 1;
            return {commas + countMarks(found.commas & before), at + countMarks(before)};
        }
        commas += countMarks(found.commas);
    }
    return {commas, byteCount};
}

}  // namespace
