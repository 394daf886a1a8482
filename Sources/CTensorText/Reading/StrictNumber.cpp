// SPDX-License-Identifier: Apache-2.0

#include "StrictNumber.hpp"

#include <fast_float/fast_float.h>

#include <cmath>
#include <limits>

#include "../Characters.hpp"
#include "DecimalComparison.hpp"

namespace {

/// What a type has that no decimal stands for.
template <class Scalar>
struct Special {
    static Scalar nan() { return std::numeric_limits<Scalar>::quiet_NaN(); }
    static Scalar infinity(bool negative) {
        Scalar infinity = std::numeric_limits<Scalar>::infinity();
        return negative ? -infinity : infinity;
    }
    static constexpr const char *overflow =
        sizeof(Scalar) == 4 ? "overflows float32" : "overflows float64";
};

template <class Scalar>
struct SpecialHalf {
    using Format = HalfFormat<Scalar>;
    static Scalar nan() { return {uint16_t(Format::infinity | Format::leadingOne >> 1)}; }
    static Scalar infinity(bool negative) { return {uint16_t(Format::infinity | negative << 15)}; }
};

template <>
struct Special<Float16> : SpecialHalf<Float16> {
    static constexpr const char *overflow = "overflows float16";
};

template <>
struct Special<BFloat16> : SpecialHalf<BFloat16> {
    static constexpr const char *overflow = "overflows bfloat16";
};

/// The decimal from p to `end`, rounded. False: it overflows.
template <class Scalar>
bool convert(const char *p, const char *end, Scalar *number) {
    fast_float::from_chars(p, end, *number);
    return !std::isinf(*number);
}

/// By way of the nearest double, which decides wherever it is not halfway between two numbers of this
/// format: all these places are doubles, so none lies between it and the decimal. Where it is halfway,
/// the decimal itself is held against that place.
template <class Half>
bool convertHalf(const char *p, const char *end, Half *number) {
    double value;
    fast_float::from_chars(p, end, value);
    HalfRounding<Half> rounding(std::fabs(value));
    bool isUp = rounding.rest() > rounding.half;
    if (rounding.rest() == rounding.half) {
        int side = compareMagnitude(p, end, rounding.magnitude());
        isUp = side > 0 || (side == 0 && rounding.isOdd());
    }
    uint64_t pattern = rounding.pattern(isUp);
    number->bits = uint16_t(pattern | uint64_t(*p == '-') << 15);
    return pattern < HalfFormat<Half>::infinity;
}

bool convert(const char *p, const char *end, Float16 *number) {
    return convertHalf(p, end, number);
}

bool convert(const char *p, const char *end, BFloat16 *number) {
    return convertHalf(p, end, number);
}

/// Characters that `text` and `word` have in common at their start.
ptrdiff_t commonPrefix(const char *text, const char *word) {
    ptrdiff_t n = 0;
    while (word[n] && text[n] == word[n]) n++;
    return n;
}

/// True if `word` stands at `p`; if the text ends within it, that is the failure.
bool isWord(const char *p, const char *word, const char *end, Failure &failure) {
    ptrdiff_t n = commonPrefix(p, word);
    if (word[n] == 0) return true;
    if (p + n == end) failure.setUnexpected("", end, end);
    return false;
}

/// The end of [-](NaN | Infinity), null if there is none of these.
template <class Scalar>
const char *readToken(const char *p, const char *end, Scalar *number, Failure &failure) {
    bool negative = *p == '-';
    if (!negative && isWord(p, "NaN", end, failure)) {
        *number = Special<Scalar>::nan();
        return p + 3;
    }
    if (!isWord(p + negative, "Infinity", end, failure)) return nullptr;
    *number = Special<Scalar>::infinity(negative);
    return p + negative + 8;
}

/// A string: one of the three tokens, or no element of a tensor.
template <class Scalar>
const char *readString(const char *p, const char *end, Scalar *number, Failure &failure) {
    Failure ignored;
    const char *behind = readToken(p + 1, end, number, ignored);
    if (behind && *behind == '"') return behind + 1;
    const char *q = p + 1;
    while (*q && *q != '"') q += *q == '\\' && q[1] ? 2 : 1;
    if (*q == 0) return failure.setUnexpected("", q, end);
    return failure.set(
        tensor_text_wrong_element,
        "a string other than \"NaN\", \"Infinity\" and \"-Infinity\"", p, q + 1 - p);
}

/// Whatever begins like no number.
const char *refuse(const char *p, const char *end, Failure &failure) {
    switch (*p) {
    case '[': return failure.set(tensor_text_mixed, "a list stands where a number should", p, 1);
    case '{': return failure.set(tensor_text_wrong_element, "an object is no number", p, 1);
    case ']':
    case ',':
    case 0: return failure.setUnexpected("a number is missing here", p, end);
    }
    if (isWord(p, "null", end, failure))
        return failure.set(tensor_text_null, "null is no number", p, 4);
    bool isTrue = isWord(p, "true", end, failure);
    if (isTrue || isWord(p, "false", end, failure))
        return failure.set(
            tensor_text_wrong_element, "a truth value is no number", p, isTrue ? 4 : 5);
    if (failure.code != tensor_text_ok) return nullptr;
    return failure.set(tensor_text_bad_number, "no number begins like this", p);
}

const char *expectDigits(
    const char *p, const char *end, const char *message, Failure &failure) {
    if (!isDigit(*p))
        return p == end ? failure.setUnexpected("", p, end)
                        : failure.set(tensor_text_bad_number, message, p);
    while (isDigit(*p)) p++;
    return p;
}

/// RFC 8259: [-] (0 | 1-9 digits) [. digits] [(e | E) [+ | -] digits]. The end, or null.
const char *checkGrammar(const char *p, const char *end, Failure &failure) {
    p += *p == '-';
    if (*p == '0' && isDigit(p[1]))
        return failure.set(tensor_text_bad_number, "a number must not begin with 0", p);
    p = expectDigits(p, end, "a digit must follow the sign", failure);
    if (p && *p == '.') p = expectDigits(p + 1, end, "a digit must follow the point", failure);
    if (p && (*p == 'e' || *p == 'E')) {
        p += p[1] == '+' || p[1] == '-' ? 2 : 1;
        p = expectDigits(p, end, "a digit must follow the exponent's e", failure);
    }
    return p;
}

}  // namespace

template <class Scalar>
const char *readStrictly(const char *p, const char *end, Scalar *number, Failure &failure) {
    if (*p == '"') return readString(p, end, number, failure);
    if (*p == 'N' || *p == 'I' || (*p == '-' && p[1] == 'I')) {
        const char *behind = readToken(p, end, number, failure);
        if (behind || failure.code != tensor_text_ok) return behind;
        return failure.set(tensor_text_bad_number, "no number begins like this", p);
    }
    if (*p != '-' && !isDigit(*p)) return refuse(p, end, failure);
    const char *behind = checkGrammar(p, end, failure);
    if (!behind) return nullptr;
    if (!convert(p, behind, number))
        return failure.set(tensor_text_overflow, Special<Scalar>::overflow, p, behind - p);
    return behind;
}

template const char *readStrictly(const char *, const char *, float *, Failure &);
template const char *readStrictly(const char *, const char *, double *, Failure &);
template const char *readStrictly(const char *, const char *, Float16 *, Failure &);
template const char *readStrictly(const char *, const char *, BFloat16 *, Failure &);
