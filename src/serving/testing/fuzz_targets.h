// What holds of any bytes that the model server reads, by the part of it that reads them.
#pragma once

#include <vector>

#include "base/testing/fuzz.h"

namespace trainyard::serving {

std::vector<FuzzTarget> RequestTargets();  // tensors, examples, tokens, names
std::vector<FuzzTarget> ModelTargets();    // configuration files, meta graphs

}  // namespace trainyard::serving
