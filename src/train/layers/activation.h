// Functions applied to every element. Of float tensors of any shape, with the definitions of tf.nn
// and Keras 3; each has an exact gradient.
#pragma once

#include "tf/graph.h"

namespace trainyard::train {

// A layer's `activation` option; any function of this form will do:
//
//   .activation = [](const tf::Scope& scope, const tf::Output& x) { return LeakyRelu(scope, x,
//   0.1f); }
using Activation = tf::Output (*)(const tf::Scope& scope, const tf::Output& x);

// max(x, 0)
tf::Output Relu(const tf::Scope& scope, const tf::Output& x);
// min(max(x, 0), 6)
tf::Output Relu6(const tf::Scope& scope, const tf::Output& x);
// x above 0, slope * x below; 0.2 is the default of tf.nn.leaky_relu.
tf::Output LeakyRelu(const tf::Scope& scope, const tf::Output& x, float slope);
tf::Output LeakyRelu(const tf::Scope& scope, const tf::Output& x);
// x above 0, exp(x) - 1 below
tf::Output Elu(const tf::Scope& scope, const tf::Output& x);
// Elu scaled so that it keeps mean 0 and variance 1; goes with LecunNormal kernels.
tf::Output Selu(const tf::Scope& scope, const tf::Output& x);
// x * P(X <= x) for a standard normal X, by the error function; Keras' gelu(approximate=False).
tf::Output Gelu(const tf::Scope& scope, const tf::Output& x);
// The approximation of Gelu by tanh: 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))).
tf::Output GeluTanh(const tf::Scope& scope, const tf::Output& x);
// x * sigmoid(x), also called SiLU
tf::Output Swish(const tf::Scope& scope, const tf::Output& x);
// log(1 + exp(x))
tf::Output Softplus(const tf::Scope& scope, const tf::Output& x);
// x / (1 + |x|)
tf::Output Softsign(const tf::Scope& scope, const tf::Output& x);
// 1 / (1 + exp(-x))
tf::Output Sigmoid(const tf::Scope& scope, const tf::Output& x);
// Relu6(x + 3) / 6. (Keras 2, and with it TensorFlow up to 2.15, had min(max(0.2 x + 0.5, 0), 1).)
tf::Output HardSigmoid(const tf::Scope& scope, const tf::Output& x);
tf::Output Tanh(const tf::Scope& scope, const tf::Output& x);
// Probabilities that add up to 1 along the last dimension.
tf::Output Softmax(const tf::Scope& scope, const tf::Output& x);
// log(Softmax(x)) without loss of digits. x of a rank other than 2 is laid out as a matrix and
// back: TensorFlow's gradient of the operation is right for matrices alone.
tf::Output LogSoftmax(const tf::Scope& scope, const tf::Output& x);

}  // namespace trainyard::train
