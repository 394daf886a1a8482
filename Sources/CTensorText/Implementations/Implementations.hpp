// SPDX-License-Identifier: Apache-2.0

#pragma once
#include "../include/ctensortext.h"

extern const tensor_text_implementation portableImplementation;
#if defined(__x86_64__)
extern const tensor_text_implementation sse4Implementation;
extern const tensor_text_implementation avx2Implementation;
extern const tensor_text_implementation avx512Implementation;
#endif
