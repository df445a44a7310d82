// Losses: what to minimise.
//
// Every loss first gives each example one number (where an example has several values, their mean),
// then combines these to one float scalar. `labels` come before predictions, as in TensorFlow, and
// are cast to float where a formula needs it. A wrong shape or option fails the graph with a line
// that names the loss. Gradients of all are exact, also where TensorFlow's C++ side has none.
#pragma once

#include "train/model_builder.h"

namespace trainyard::train {

// How the examples' losses become one number. Names and meaning of tf.keras.losses.
enum class Reduction {
  kSumOverBatchSize,      // the sum of weight * loss, divided by the number of examples
  kMeanWithSampleWeight,  // divided by the sum of the weights instead; 0 if that is 0
  kSum,                   // not divided
  kNone,                  // not even summed: [batch]
};

struct LossOptions {
  // One weight per example: numbers [batch], cast to float. None: 1 for each.
  tf::Output weights{};
  Reduction reduction = Reduction::kSumOverBatchSize;
};

struct CrossEntropyOptions {
  // Takes so much of each label's probability and spreads it evenly over all classes; at least 0,
  // below 1.
  double label_smoothing = 0;
  tf::Output weights{};
  Reduction reduction = Reduction::kSumOverBatchSize;
};

// -sum over classes of label * log(softmax(logits)); `logits` is float [batch,classes].
//
// `labels` are class numbers, integers [batch] (sparse_softmax_cross_entropy; one outside of
// 0..classes-1 ends the run in InvalidArgument with its place and value), or float [batch,classes],
// probabilities that add up to 1 in each row (softmax_cross_entropy).
//
// Logits must be finite: to rule a class out, use a large negative number rather than -infinity.
//
// Class numbers are spread by OneHot. TensorFlow's SparseSoftmaxCrossEntropyWithLogits has no
// gradient in C++; with its second output, d loss / d logits, brought in by a term of value 0, it
// takes 1.8 times the time (15 ms against 8.4 ms for 64 examples of 50,000 classes) and saves 6 %
// of the memory.
tf::Output SoftmaxCrossEntropy(ModelBuilder& model, const tf::Output& labels,
                               const tf::Output& logits, const CrossEntropyOptions& options = {});

// -(label * log(sigmoid(logit)) + (1 - label) * log(1 - sigmoid(logit))), for classes that do not
// exclude each other. Labels from 0 to 1, of the shape of the logits. As
// tf.keras.losses.BinaryCrossentropy(from_logits=True); smoothing moves labels towards 0.5.
tf::Output SigmoidCrossEntropy(ModelBuilder& model, const tf::Output& labels,
                               const tf::Output& logits, const CrossEntropyOptions& options = {});

// (prediction - label)^2. Both of the same shape, here and below.
tf::Output MeanSquaredError(ModelBuilder& model, const tf::Output& labels,
                            const tf::Output& predictions, const LossOptions& options = {});

// |prediction - label|
tf::Output MeanAbsoluteError(ModelBuilder& model, const tf::Output& labels,
                             const tf::Output& predictions, const LossOptions& options = {});

struct HuberOptions {
  double delta = 1;  // above 0: errors up to here count squared
  tf::Output weights{};
  Reduction reduction = Reduction::kSumOverBatchSize;
};

// error^2 / 2 for errors up to delta, delta * error - delta^2 / 2 beyond: squared error that
// outliers do not dominate.
tf::Output Huber(ModelBuilder& model, const tf::Output& labels, const tf::Output& predictions,
                 const HuberOptions& options = {});

// max(0, 1 - sign * prediction), where sign is -1 for the label 0 and 1 for the label 1. As
// tf.compat.v1.losses.hinge_loss.
tf::Output Hinge(ModelBuilder& model, const tf::Output& labels, const tf::Output& predictions,
                 const LossOptions& options = {});

}  // namespace trainyard::train
