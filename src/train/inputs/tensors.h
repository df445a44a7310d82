// Copies and stacks of the tensors of examples, which are move-only.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "train/input.h"

namespace trainyard::train {

// The feature of that name, "" for the labels; null if there is none.
const tf::Tensor* FindFeature(const Batch& example, const std::string& name);

tf::Tensor CopyOf(const tf::Tensor& tensor);
Batch CopyOf(const Batch& batch);

struct StackOptions {
  std::string name;      // of the feature, for messages
  bool pad = false;      // to the longest in each dimension
  double pad_value = 0;  // of numbers; strings are padded with ""
};

// The tensors as rows of one with another dimension in front. InvalidArgument if their types or
// shapes differ (with `pad`: their ranks). Not for resources and variants.
Result<tf::Tensor> Stack(std::span<const tf::Tensor* const> rows, const StackOptions& options);

}  // namespace trainyard::train
