// SPDX-License-Identifier: Apache-2.0

#pragma once

/// The sign of |decimal| - magnitude, exactly; the decimal, a JSON number, stands from `p` to `end`.
/// `magnitude`, the double nearest to it, is halfway between two numbers of a format of 16 bits.
int compareMagnitude(const char *p, const char *end, double magnitude);
