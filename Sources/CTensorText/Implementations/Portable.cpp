// SPDX-License-Identifier: Apache-2.0

#include "Implementations.hpp"

#include "../Reading/ScanPortable.hpp"
#include "Implementation.hpp"

const tensor_text_implementation portableImplementation = implementation("portable");
