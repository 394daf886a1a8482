// SPDX-License-Identifier: Apache-2.0

#pragma once
#include "../include/ctensortext.h"

namespace {

/// The open lists while an array is read, and what is known of its shape. Depth 1 is outermost.
struct Lists {
    int depth = 0;
    /// Depth of the numbers, 0 until known (and of a bare number).
    int rank = 0;
    /// Lists down to this depth were opened in front of the piece that is read. 0 if it is the first one.
    int inherited = 0;
    /// Items so far (in this piece) of the list that is open.
    ptrdiff_t items[tensor_text_rank_limit + 1] = {};
    /// Length of the complete lists, -1 until there is one.
    ptrdiff_t lengths[tensor_text_rank_limit + 1] = {-1, -1, -1, -1, -1, -1, -1, -1, -1};
    /// Items, in this piece, of the inherited list that ended.
    ptrdiff_t heads[tensor_text_rank_limit + 1] = {};

    void open() { items[++depth] = 0; }

    /// False: the innermost list differs in length from those before it.
    bool close() {
        if (depth == inherited) [[unlikely]] return closeInherited();
        ptrdiff_t &length = lengths[depth];
        if (length < 0) length = items[depth];
        if (length != items[depth]) return false;
        items[--depth]++;
        return true;
    }

private:
    /// Its length is known when the pieces are joined.
    bool closeInherited() {
        heads[depth] = items[depth];
        inherited = --depth;
        items[depth]++;
        return true;
    }
};

}  // namespace
