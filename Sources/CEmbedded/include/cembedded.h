// SPDX-License-Identifier: Apache-2.0

// Files of the repository, as they were when this was compiled.

#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A file's content: constant, there as long as the process is.
typedef struct __attribute__((swift_name("EmbeddedFile"))) {
    const uint8_t *_Nonnull bytes;
    ptrdiff_t byte_count __attribute__((swift_name("byteCount")));
} embedded_file;

/// openapi.yaml
embedded_file embedded_openapi_yaml(void);

#ifdef __cplusplus
}
#endif
