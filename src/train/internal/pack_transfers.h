// Small tensors that travel between a replica and its parameter servers.
#pragma once

#include "train/model_builder.h"

namespace trainyard::train::internal {

// Lets the small tensors of a training step travel together: from each parameter server to the
// replica one message with what the step reads of small variables (biases, normalisation
// parameters, the global step), back one with the small gradients, the batches' statistics and the
// learning rate. TensorFlow sends every tensor by a call of its own, which costs some 0.2 ms of
// processor time, both sides together, whatever its size, and a network has many more small tensors
// than large ones. Values stay the same to the last bit; on the way they are int32, which no
// rewriting to bfloat16 touches.
//
// `step` is the training operation; call when the graph of the step is whole. Changes nothing
// where all variables are in this process, and for what operations outside of the step read.
// Left as they are: tensors above kMaxPackedBytes or of a shape that is not known; what a parameter
// server answers within the step, such as the ids of rows (they would wait for gradients that are
// computed from the answer); and, in a step with conditions (gradient_accumulation_steps),
// whatever goes to the parameter servers, since a part of it may not happen in a run.
void PackTransfers(ModelBuilder& model, tf::Operation step);

// What is larger is worth a message of its own, where a kernel of bfloat16 has half the bytes.
inline constexpr int64_t kMaxPackedBytes = 64 << 10;

}  // namespace trainyard::train::internal
