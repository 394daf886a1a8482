// SPDX-License-Identifier: Apache-2.0

#pragma once

/// The sign of |decimal| - magnitude, exactly; the decimal, a JSON number other than zero, stands from
/// `p` to `end`. `magnitude` is halfway between two numbers of a format of 16 bits.
int compareMagnitude(const char *p, const char *end, double magnitude);
