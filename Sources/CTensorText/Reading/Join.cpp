// SPDX-License-Identifier: Apache-2.0

// What the pieces of an array say about its lists, put together from the left. Every check that reading
// at once makes is made here or was made in a piece; which one fails is of no account.

#include "../include/ctensortext.h"
#include "Lists.hpp"

namespace {

/// Whether a list's length is that of the others, or the first one known.
bool agree(ptrdiff_t &length, ptrdiff_t other) {
    if (length < 0) length = other;
    return length == other;
}

bool append(Lists &lists, const tensor_text_piece &piece) {
    if (piece.start_depth != lists.depth || piece.rank != lists.rank) return false;
    for (int d = piece.start_depth; d > piece.least_depth; d--)
        if (!agree(lists.lengths[d], lists.items[d] + piece.heads[d - 1])) return false;
    for (int d = 1; d <= piece.rank; d++)
        if (piece.lengths[d - 1] >= 0 && !agree(lists.lengths[d], piece.lengths[d - 1]))
            return false;
    for (int d = 1; d <= piece.end_depth; d++)
        lists.items[d] = piece.items[d - 1] + (d <= piece.least_depth ? lists.items[d] : 0);
    lists.depth = piece.end_depth;
    return true;
}

}  // namespace

tensor_text_joining tensor_text_join(const tensor_text_piece *pieces, ptrdiff_t count) {
    Lists lists;
    tensor_text_joining joining = {};
    tensor_text_reading &reading = joining.reading;
    reading.message = "";
    for (ptrdiff_t i = 0; i < count && !joining.is_joined; i++) {
        if (i == 0) lists.rank = pieces[i].rank;
        if (!pieces[i].is_read || !append(lists, pieces[i])) break;
        reading.count += pieces[i].count;
        reading.position = pieces[i].position;
        joining.is_joined = lists.depth == 0;
    }
    reading.rank = lists.rank;
    for (int d = 0; d < lists.rank; d++) reading.shape[d] = lists.lengths[d + 1];
    return joining;
}
