// tf.train.Example, the message that TFRecord files of training data hold, to and from bytes.
//
//   Example example;
//   example["image"] = std::vector<std::string>{png};
//   example["label"] = std::vector<int64_t>{7};
//   RETURN_IF_ERROR(writer->Append(FormatExample(example)));
//
// Thread-safe: no state.
// Source: tensorflow/core/example/example.proto and feature.proto.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/status.h"

namespace trainyard::records {

// The values of one feature: a BytesList, FloatList or Int64List; or a feature without a kind.
using FeatureValues = std::variant<std::monostate, std::vector<std::string>, std::vector<float>,
                                   std::vector<int64_t>>;

using Example = std::map<std::string, FeatureValues, std::less<>>;

// The serialized message, features in the order of their names; numbers are packed, as TensorFlow
// writes them.
std::string FormatExample(const Example& example);

// Takes packed and unpacked numbers; of a name that stands twice the last counts, as for
// TensorFlow. DataLoss if the bytes are no well-formed message, naming the feature. Input is
// untrusted.
Result<Example> ParseExample(std::string_view bytes);

}  // namespace trainyard::records
