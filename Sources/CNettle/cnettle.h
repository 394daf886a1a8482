// SPDX-License-Identifier: Apache-2.0
// nettle's SHA-256.
#pragma once
#include <nettle/sha2.h>
