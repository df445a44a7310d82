// Constants whose value is of another type than they say, which only damage makes. TensorFlow's
// optimiser ends the process over them (ConstantFolding::IsZeros, in
// Tensor::CheckTypeAndIsAligned).
//
// Thread-safe: no state. Input is untrusted. Field numbers: tensorflow/core/protobuf/
// {saved_model,meta_graph}.proto, framework/{graph,function,node_def,attr_value,tensor}.proto.
#pragma once

#include <string_view>

#include "base/status.h"

namespace trainyard::tf::internal {

// DataLoss, naming the first such constant of a serialized SavedModel. What cannot be read is
// TensorFlow's to refuse.
Status CheckConstants(std::string_view saved_model);

}  // namespace trainyard::tf::internal
