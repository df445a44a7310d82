// The IDX format of the MNIST files: a magic number with element type and rank, the sizes, then the
// values in row-major order, all big-endian.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "tf/tensor.h"

namespace trainyard::train {

// Reads a whole file. NotFound if it is missing, DataLoss if it is not exactly one well-formed
// array; the message names the file, what was expected and what was found, and what to do.
Result<tf::Tensor> ReadIdx(const std::string& path);

// The same from memory; `path` is only for messages. Input is untrusted.
Result<tf::Tensor> ParseIdx(std::string_view bytes, const std::string& path);

// The inverse: `tensor` (of one of IDX's six types) as the bytes of a file.
std::string FormatIdx(const tf::Tensor& tensor);

}  // namespace trainyard::train
