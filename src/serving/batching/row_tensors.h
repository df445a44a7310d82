// Rows of several tensors in one, and back. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "tf/tensor.h"

namespace trainyard::serving {

struct JoinOptions {
  std::string name;  // of the tensor, for messages
  int64_t rows = 0;  // of the result; rows beyond those given are copies of the last tensor's first
  bool pad = false;  // to the largest size in each dimension but 0, by each tensor's first value
};

// One tensor of the rows of all, in order. The tensors have a dimension 0 each. FailedPrecondition,
// as TensorFlow Serving words it, if their other dimensions differ and `pad` is false;
// InvalidArgument if types or ranks differ.
Result<tf::Tensor> JoinRows(std::span<const tf::Tensor* const> tensors, const JoinOptions& options);

// So many rows from row `begin` on, copied.
tf::Tensor TakeRows(const tf::Tensor& tensor, int64_t begin, int64_t count);

}  // namespace trainyard::serving
