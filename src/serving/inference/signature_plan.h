// Deciding which tensors a Predict call feeds and fetches. Pure: names in, names out.
//
// Thread-safe: no state. Error codes and texts are TensorFlow Serving's, which clients match on.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/status.h"
#include "tensorflow/signature.pb.h"

namespace trainyard::serving {

// Aliases, in the signature's (sorted) order; outputs in the order they were asked for.
struct SignaturePlan {
  std::vector<std::string> from_request;
  std::vector<std::string> from_defaults;
  std::vector<std::string> outputs;
};

// `given` are the aliases of the request's inputs, `output_filter` the outputs it wants (none:
// all). Element types and shapes are not looked at: models exist whose signature is wrong about
// them, and TensorFlow checks the graph's own.
Result<SignaturePlan> PlanSignature(const ::tensorflow::SignatureDef& signature,
                                    const std::set<std::string>& given,
                                    const std::vector<std::string>& output_filter);

}  // namespace trainyard::serving
