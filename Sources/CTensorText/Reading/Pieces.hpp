// SPDX-License-Identifier: Apache-2.0

// One piece of an array, from behind one comma to another, without knowing what stands in front.
//
// In a tensor all numbers have the same depth, which the brackets at the text's start tell; as many of
// them as open behind the comma are not open at it. That guess may be wrong, as in [[1],2], where
// the piece "2" would be one of depth 2; but then the depth at the end of the piece in front is another.
// A comma inside a string is none of these cuts: the three strings that are numbers have none, any other
// ends the piece in front of it with an error.

#pragma once
#include "ArrayReader.hpp"

namespace {

/// Bytes that are looked at for opening brackets, whose number is unknown if blanks push them farther
/// out. Every piece looks at the text's start: a text of blanks would be read as often as it has pieces.
enum { bracketByteCount = 1024 };

/// Brackets that open at p, blanks between them; too many if unknown.
inline int openingBrackets(const char *p) {
    int count = 0;
    for (const char *limit = p + bracketByteCount; p < limit; p++) {
        if (*p == '[')
            count++;
        else if (!isBlank(*p))
            return count;
    }
    return bracketByteCount;
}

template <class Scalar>
tensor_text_piece ArrayReader<Scalar>::readPiece(const tensor_text_span &span) {
    if (span.begin > 0) {
        lists.rank = openingBrackets(text);
        lists.depth = lists.inherited = lists.rank - openingBrackets(text + span.begin);
        if (lists.depth < 0 || lists.rank > tensor_text_rank_limit) return {};
    }
    if (span.end < end - text) cut = text + span.end;
    tensor_text_piece piece = {};
    piece.start_depth = lists.depth;
    const char *behind = readFrom(text + span.begin);
    if (!behind) return piece;
    piece.is_read = lists.depth == 0 || next == limit;
    piece.rank = lists.rank;
    piece.least_depth = lists.inherited;
    piece.end_depth = lists.depth;
    piece.position = behind - text;
    piece.count = next - first;
    memcpy(piece.items, lists.items + 1, sizeof piece.items);
    memcpy(piece.heads, lists.heads + 1, sizeof piece.heads);
    memcpy(piece.lengths, lists.lengths + 1, sizeof piece.lengths);
    return piece;
}

}  // namespace
