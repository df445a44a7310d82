// Small tensors that travel between a replica and its parameter servers.
#pragma once

#include "train/model_builder.h"

namespace trainyard::train::internal {

// Lets the small tensors of a training step travel together: from each parameter server to the
// replica one message with what the step reads of small variables (biases, normalisation
// parameters, the global step), back one with the small gradients, the batches' statistics and the
// learning rate. TensorFlow sends every tensor by a call of its own, which costs 0.1 ms or so of
// the processors on both sides whatever its size, and a network has many more small tensors than
// large ones. Values stay the same to the last bit; on the way they are int32, which no rewriting
// to bfloat16 touches.
//
// `step` is the training operation; call when the graph of the step is whole. Changes nothing
// where all variables are in this process, and for what operations outside of the step read.
// Left as they are: tensors above kMaxPackedBytes or of a shape that is not known; what the step
// computes from something that has been to a parameter server within it; and, in a step with
// conditions (gradient_accumulation_steps), whatever goes to the parameter servers, since a part of
// it may not happen in a run.
void PackTransfers(ModelBuilder& model, tf::Operation step);

// Above this the copy to and from a message costs as much as a call.
inline constexpr int64_t kMaxPackedBytes = 64 << 10;

}  // namespace trainyard::train::internal
