// Gradients on their way from a replica to the parameter servers.
#pragma once

#include <vector>

#include "train/gradient.h"

namespace trainyard::train::internal {

// The same gradients, the dense ones of variables on other tasks as values on the variables'
// devices: to be used there alone. Those of variables in this process, and sparse ones (whose rows
// are few), stay as they are.
//
// What this is for: where a replica trains in bfloat16, TensorFlow's rewriting computes a matrix
// product or convolution in bfloat16, lets its result flow as bfloat16 through an Identity, and
// converts it back to float32 behind that, on the device of the Identity. So the gradients of
// kernels travel as the kernels' own bfloat16 results, in half the bytes, and are converted by the
// parameter server, whose update is in float32. Not a bit of their values changes. It is the
// replica's rewriting that decides: one that trains in float32 sends float32. (The other way needs
// nothing of the kind: the rewriting converts what a kernel reads where it is read from, so weights
// travel as bfloat16 to those that use them so.)
//
// A gradient that was summed or scaled on the replica (gradient_accumulation_steps, clipping) is
// float32 and travels so.
std::vector<Gradient> SendToVariables(ModelBuilder& model, std::vector<Gradient> gradients);

}  // namespace trainyard::train::internal
