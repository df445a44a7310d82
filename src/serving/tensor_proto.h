// Tensors between the wire (TensorProto) and TensorFlow's memory.
//
// Thread-safe: no state. Source of the rules: docs/contracts/serving.md, "Tensors".
#pragma once

#include "base/status.h"
#include "tensorflow/tensor.pb.h"
#include "tf/tensor.h"

namespace trainyard::serving {

// The most memory one tensor may take that its message does not carry: a message of a few bytes may
// describe a huge tensor, since missing values are filled in.
inline constexpr int64_t kMaxFilledBytes = int64_t{256} << 20;

// Non-empty tensor_content must have exactly the size the shape asks for, and is copied once. Else
// the dtype's typed field is read: too few values repeat the last one, none at all give zeros,
// extra ones are ignored. InvalidArgument for a dtype we cannot hold, a shape that is not fully
// known or too large, or content of the wrong size. Input is untrusted.
Result<tf::Tensor> DecodeTensor(const ::tensorflow::TensorProto& proto);

// How values are written: in the dtype's typed field (what every client expects), or as raw bytes,
// which is one copy instead of one step per value.
enum class TensorEncoding { kTypedFields, kContent };

// Replaces `*proto`. Unimplemented for dtypes that have no wire form (resource, variant).
Status EncodeTensor(const tf::Tensor& tensor, TensorEncoding encoding,
                    ::tensorflow::TensorProto* proto);

}  // namespace trainyard::serving
