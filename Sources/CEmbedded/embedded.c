// SPDX-License-Identifier: Apache-2.0

#include "cembedded.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const uint8_t openapi_yaml[] = {
#embed "../../openapi.yaml"
};

embedded_file embedded_openapi_yaml(void) {
    return (embedded_file){openapi_yaml, sizeof openapi_yaml};
}
