// SPDX-License-Identifier: Apache-2.0

#include "Implementations.hpp"

#include "../Base64/Base64VectorsPortable.hpp"
#include "../Printing/ShufflePortable.hpp"
#include "../Reading/ScanPortable.hpp"
#include "Implementation.hpp"

const tensor_text_implementation portableImplementation = implementation("portable");
