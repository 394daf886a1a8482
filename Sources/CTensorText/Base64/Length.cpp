// SPDX-License-Identifier: Apache-2.0

#include "../include/ctensortext.h"
#include "Padding.hpp"

ptrdiff_t tensor_text_base64_length(ptrdiff_t byte_count) { return (byte_count + 2) / 3 * 4; }

ptrdiff_t tensor_text_base64_byte_count(const char *text, ptrdiff_t length) {
    return length % 4 ? -1 : length / 4 * 3 - paddingLength(text, length);
}
