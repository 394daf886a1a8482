// SPDX-License-Identifier: Apache-2.0
// zlib (deflate, gzip, CRC-32), libzip (archives) and zstd as one module.
#pragma once
#include <zip.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>
