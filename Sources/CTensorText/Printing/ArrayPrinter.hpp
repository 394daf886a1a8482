// SPDX-License-Identifier: Apache-2.0

#pragma once
#include "../include/ctensortext.h"
#include "Float64Block.hpp"
#include "NarrowBlock.hpp"

namespace {

/// The brackets between the numbers of a shape without zeros.
class Brackets {
public:
    Brackets(int rank, const ptrdiff_t *shape)
        : rank(rank), shape(shape), leftInRow(rank ? shape[rank - 1] : -1) {
        for (int d = 0; d < rank; d++) left[d] = shape[d];
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

template <class Block>
inline ptrdiff_t printArray(
    char *out, const typename Block::Scalar *numbers, int rank, const ptrdiff_t *shape) {
    ptrdiff_t count = 1;
    for (int d = 0; d < rank; d++) {
        if (shape[d] == 0) return printEmptyLists(out, d, shape) - out;
        count *= shape[d];
    }
    Block block;
    Brackets brackets(rank, shape);
    char *p = brackets.openAll(out);
    for (ptrdiff_t begin = 0; begin < count; begin += blockLength) {
        int length = int(count - begin < blockLength ? count - begin : blockLength);
        block.take(numbers + begin, length);
        bool isLast = begin + length == count;
        for (int i = 0; i < length - isLast; i++) p = brackets.next(block.print(p, i));
        if (isLast) p = block.print(p, length - 1);
    }
    return brackets.closeAll(p) - out;
}

}  // namespace
