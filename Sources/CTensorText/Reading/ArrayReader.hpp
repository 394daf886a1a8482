// SPDX-License-Identifier: Apache-2.0

#pragma once
#include "Lists.hpp"
#include "NumberFloat32.hpp"
#include "NumberFloat64.hpp"
#include "NumberHalf.hpp"

namespace {

/// Reads one array: opening brackets, a row of numbers, closing brackets, and again behind a comma.
/// Each step takes the place to read from and returns the place behind, null after a failure.
template <class Scalar>
class ArrayReader {
public:
    ArrayReader(const char *text, ptrdiff_t byteCount, Scalar *numbers, ptrdiff_t capacity)
        : text(text), end(text + byteCount), first(numbers), next(numbers),
          limit(numbers + capacity) {}

    tensor_text_reading read() {
        const char *behind = readFrom(text);
        return behind ? success(behind) : refusal();
    }

    /// What lies between two cuts. See Pieces.hpp.
    tensor_text_piece readPiece(const tensor_text_span &span);

private:
    const char *const text, *const end;
    Scalar *const first, *next, *const limit;
    /// The comma where the piece ends; null if it ends with the array.
    const char *cut = nullptr;
    Lists lists;
    Failure failure;

    /// The place behind the array, or the cut.
    const char *readFrom(const char *p) {
        for (;;) {
            bool isEmpty = false;
            p = openLists(p, &isEmpty);
            if (p && !isEmpty) p = lists.depth > 0 ? readRow(p) : readBareNumber(p);
            if (p && lists.depth > 0) p = closeLists(p);
            if (!p || lists.depth == 0 || p == cut) return p;
            if (*p != ',')
                return failure.setUnexpected(
                    "a comma or a closing bracket should stand here", p, end);
            p++;
        }
    }

    const char *openLists(const char *p, bool *isEmpty) {
        p = skipBlanks(p);
        while (*p == '[' && !*isEmpty) {
            if (lists.depth == tensor_text_rank_limit)
                return failure.set(tensor_text_too_deep, "more than 8 levels of lists", p, 1);
            if (lists.rank && lists.depth == lists.rank)
                return failure.set(tensor_text_mixed, "a list stands where a number should", p, 1);
            lists.open();
            p = skipBlanks(p + 1);
            *isEmpty = *p == ']';
        }
        if (lists.rank == 0) lists.rank = lists.depth;
        // An empty list too far out is ragged, which its closing tells.
        return *isEmpty || lists.depth == lists.rank ? p : refuseBesideList(p);
    }

    [[gnu::noinline, gnu::cold]] const char *refuseBesideList(const char *p) {
        Scalar ignored;
        const char *behind = readStrictly(p, end, &ignored, failure);
        if (!behind) return nullptr;
        return failure.set(
            tensor_text_mixed, "a number stands where a list should", p, behind - p);
    }

    const char *readBareNumber(const char *p) {
        if (next == limit) return refuseForRoom(p);
        p = readStrictly(p, end, next, failure);
        if (p) next++;
        return p;
    }

    const char *refuseForRoom(const char *p) {
        return failure.set(tensor_text_full, "more numbers than there is room for", p);
    }

    /// A piece has as many numbers as its span says, so where they are all read it ought to end.
    bool isBehindCut(const char *p) const { return cut && p > cut && skipBlanks(cut + 1) == p; }

    const char *readRow(const char *p) {
        Scalar *to = next;
        for (;;) {
            if (to == limit) [[unlikely]] {
                finishRow(to);
                return isBehindCut(p) ? cut : refuseForRoom(p);
            }
            const char *behind = readNumber(p, end, to, failure);
            if (!behind) [[unlikely]] {
                finishRow(to);
                return nullptr;
            }
            to++;
            p = behind;
            if (*p != ',') {
                p = skipBlanks(p);
                if (*p != ',') break;
            }
            p++;
            if (uint8_t(*p) <= ' ') [[unlikely]] p = skipBlanks(p);
        }
        finishRow(to);
        return p;
    }

    void finishRow(Scalar *to) {
        lists.items[lists.depth] += to - next;
        next = to;
    }

    const char *closeLists(const char *p) {
        while (*p == ']') {
            if (!lists.close())
                return failure.set(
                    tensor_text_ragged, "a list differs in length from those before it", p, 1);
            p++;
            if (lists.depth == 0) break;
            p = skipBlanks(p);
        }
        return p;
    }

    tensor_text_reading success(const char *p) const {
        tensor_text_reading reading = {};
        reading.message = "";
        reading.rank = lists.rank;
        reading.position = p - text;
        reading.count = next - first;
        for (int d = 0; d < lists.rank; d++) reading.shape[d] = lists.lengths[d + 1];
        return reading;
    }

    [[gnu::noinline, gnu::cold]] tensor_text_reading refusal() const {
        tensor_text_reading reading = {};
        reading.code = failure.code;
        reading.message = failure.message;
        reading.rank = lists.rank;
        reading.position = failure.at - text;
        reading.byte_count = failure.byteCount;
        reading.count = next - first;
        bool isRagged = failure.code == tensor_text_ragged;
        if (isRagged) {
            reading.found = lists.items[lists.depth];
            reading.expected = lists.lengths[lists.depth];
        }
        bool isBroken =
            failure.code == tensor_text_syntax || failure.code == tensor_text_unexpected_end;
        reading.path_length = isBroken ? 0 : lists.depth - isRagged;
        for (int d = 0; d < reading.path_length; d++) reading.path[d] = lists.items[d + 1];
        return reading;
    }
};

}  // namespace
