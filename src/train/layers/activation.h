// Functions applied to every element.
#pragma once

#include "tf/graph.h"

namespace trainyard::train {

// A layer's `activation` option; any function of this form will do.
using Activation = tf::Output (*)(const tf::Scope& scope, const tf::Output& x);

// max(x, 0)
tf::Output Relu(const tf::Scope& scope, const tf::Output& x);
// 1 / (1 + exp(-x))
tf::Output Sigmoid(const tf::Scope& scope, const tf::Output& x);
tf::Output Tanh(const tf::Scope& scope, const tf::Output& x);
// Probabilities that add up to 1 along the last dimension.
tf::Output Softmax(const tf::Scope& scope, const tf::Output& x);

}  // namespace trainyard::train
