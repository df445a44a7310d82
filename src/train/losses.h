// Losses: one float scalar, the mean over the batch.
#pragma once

#include "train/model_builder.h"

namespace trainyard::train {

// -log(softmax(logits)[label]). `labels` are integers [batch] in 0..classes-1 (one outside counts
// as a loss of 0, so check data when reading it); `logits` is [batch,classes].
//
// Built from OneHot and SoftmaxCrossEntropyWithLogits: TensorFlow's C++ side has no gradient for
// the operation that takes integer labels.
tf::Output SoftmaxCrossEntropy(ModelBuilder& model, const tf::Output& labels,
                               const tf::Output& logits);

// (predictions - labels)^2, averaged over all elements. Both of the same shape, float.
tf::Output MeanSquaredError(ModelBuilder& model, const tf::Output& labels,
                            const tf::Output& predictions);

}  // namespace trainyard::train
