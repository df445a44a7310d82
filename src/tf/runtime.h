// The TensorFlow library as a whole.
#pragma once

#include <string>

namespace trainyard::tf {

// "2.21.0".
std::string RuntimeVersion();

// Whether this processor multiplies bfloat16 in hardware (AVX512_BF16 or AMX); without it
// TensorFlow emulates, slower than float32.
bool HasFastBfloat16();

// Does nothing; its call makes the linker take internal/quiet_start.cc along.
void LinkQuietStart();

}  // namespace trainyard::tf
