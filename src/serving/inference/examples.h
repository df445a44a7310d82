// The input of Classify, Regress and MultiInference: tf.Examples, which the model itself parses.
//
// Thread-safe: no state. Input is untrusted, and is handed to the model as it came.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "serving/servable.h"
#include "tf/tensor.h"

namespace trainyard::serving {

// Borrowed: valid as long as the request is.
struct Examples {
  std::vector<std::string_view> serialized{};  // one tensorflow.Example each
  // An Example whose features all of them have; "" for none. Two serialized messages one after the
  // other are one message with the fields of both, so nothing needs to be parsed.
  std::string_view context{};
};

// What is fed to the model: DT_STRING [number of examples]. InvalidArgument if there are none.
Result<tf::Tensor> ToTensor(const Examples& examples);

// The signature that Classify or Regress asks for, "" being "serving_default"; never nullptr.
// InvalidArgument if the model has none of that name.
Result<const BoundSignature*> FindExamplesSignature(const Servable& servable,
                                                    const std::string& name);

}  // namespace trainyard::serving
