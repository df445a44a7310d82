// The TensorFlow library as a whole.
#pragma once

#include <string>

namespace trainyard::tf {

// "2.21.0".
std::string RuntimeVersion();

// Keeps TensorFlow's informational lines off standard error, unless the user has set
// TF_CPP_MIN_LOG_LEVEL. Call first in main.
void QuietRuntimeLogs();

// Whether this processor multiplies bfloat16 in hardware (AVX512_BF16 or AMX); without it
// TensorFlow emulates, slower than float32.
bool HasFastBfloat16();

}  // namespace trainyard::tf
