// SPDX-License-Identifier: Apache-2.0

#pragma once
#include "../include/ctensortext.h"
#include "Float64Block.hpp"
#include "NarrowBlock.hpp"

namespace {

/// The brackets between the numbers of a shape without zeros.
class Brackets {
public:
    /// In front of the number with this index.
    Brackets(int rank, const ptrdiff_t *shape, ptrdiff_t index) : rank(rank), shape(shape) {
        for (int d = rank - 1; d >= 0; index /= shape[d--]) left[d] = shape[d] - index % shape[d];
        leftInRow = rank ? left[rank - 1] : -1;
    }

    char *openAll(char *p) const {
        for (int d = 0; d < rank; d++) *p++ = '[';
        return p;
    }

    char *closeAll(char *p) const {
        for (int d = 0; d < rank; d++) *p++ = ']';
        return p;
    }

    /// What stands behind a number, the last one excepted: a comma, or a row's end and another's
    /// beginning.
    [[gnu::always_inline]] char *next(char *p) {
        if (--leftInRow != 0) [[likely]] {
            *p = ',';
            return p + 1;
        }
        return nextRow(p);
    }

private:
    const int rank;
    const ptrdiff_t *const shape;
    ptrdiff_t leftInRow;
    ptrdiff_t left[tensor_text_rank_limit] = {};

    char *nextRow(char *p) {
        leftInRow = shape[rank - 1];
        *p++ = ']';
        int d = rank - 2;
        for (; --left[d] == 0; d--) {
            left[d] = shape[d];
            *p++ = ']';
        }
        *p++ = ',';
        for (; d < rank - 1; d++) *p++ = '[';
        return p;
    }
};

/// Lists down to the first empty ones: `levels` lists in one another, then [].
inline char *printEmptyLists(char *p, int levels, const ptrdiff_t *shape) {
    *p++ = '[';
    for (ptrdiff_t i = 0; levels > 0 && i < shape[0]; i++) {
        if (i > 0) *p++ = ',';
        p = printEmptyLists(p, levels - 1, shape + 1);
    }
    *p++ = ']';
    return p;
}

/// See `tensor_text_print_range`.
template <class Block>
inline ptrdiff_t printRange(
    char *out, const typename Block::Scalar *numbers, int rank, const ptrdiff_t *shape,
    ptrdiff_t begin, ptrdiff_t end) {
    ptrdiff_t count = 1;
    for (int d = 0; d < rank; d++) {
        if (shape[d] == 0) return printEmptyLists(out, d, shape) - out;
        count *= shape[d];
    }
    Block block;
    Brackets brackets(rank, shape, begin);
    char *p = begin == 0 ? brackets.openAll(out) : out;
    for (; begin < end; begin += blockLength) {
        int length = int(end - begin < blockLength ? end - begin : blockLength);
        block.take(numbers + begin, length);
        bool isLast = begin + length == count;
        for (int i = 0; i < length - isLast; i++) p = brackets.next(block.print(p, i));
        if (isLast) p = brackets.closeAll(block.print(p, length - 1));
    }
    return p - out;
}

}  // namespace
