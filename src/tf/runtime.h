// The TensorFlow library as a whole.
#pragma once

#include <string>

namespace trainyard::tf {

// "2.21.0".
std::string RuntimeVersion();

// Whether this processor multiplies bfloat16 in hardware (AVX512_BF16 or AMX); without it
// TensorFlow emulates, slower than float32.
bool HasFastBfloat16();

// Lets tensors come from malloc, which gives memory back to the system when a model goes, instead
// of from oneDNN's pool, which keeps the most it ever held. Costs some 2 % where many large buffers
// come and go. To be called before anything else of TensorFlow is; the environment variable
// TF_ONEDNN_USE_SYSTEM_ALLOCATOR, if set, decides instead. Changes the environment: one thread
// only.
void UseSystemAllocator();

// Does nothing; its call makes the linker take internal/quiet_start.cc along.
void LinkQuietStart();

}  // namespace trainyard::tf
