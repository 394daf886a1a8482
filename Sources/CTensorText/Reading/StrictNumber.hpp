// SPDX-License-Identifier: Apache-2.0

#pragma once
#include "../Half.hpp"
#include "../include/ctensortext.h"

/// What is wrong, and where.
struct Failure {
    tensor_text_code code = tensor_text_ok;
    const char *message = "";
    const char *at = nullptr;
    ptrdiff_t byteCount = 0;

    /// For `return failure.set(...)` out of a reader: always null.
    const char *set(
        tensor_text_code code, const char *message, const char *at, ptrdiff_t byteCount = 0) {
        *this = {code, message, at, byteCount};
        return nullptr;
    }

    /// A character at `at` that cannot stand there, or the text's end (its NUL at `end`).
    const char *setUnexpected(const char *message, const char *at, const char *end) {
        if (*at == 0 && at == end)
            return set(tensor_text_unexpected_end, "the text ends inside a value", at);
        return set(tensor_text_syntax, *at == 0 ? "a NUL character" : message, at);
    }
};

/// Reads one number or non-finite token by the letter of the grammar and rounds it with
/// fast_float. Takes everything that the straight path leaves: long digits, subnormals, overflow,
/// tokens, and every error. Returns the first character behind it, or null.
template <class Scalar>
const char *readStrictly(const char *p, const char *end, Scalar *number, Failure &failure);
