// Running one signature of a loaded version: tensors by alias in, tensors by alias out. Every front
// end ends here, whatever its wire looks like.
//
// Thread-safe: no state of its own. Error codes and texts are TensorFlow Serving's.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "serving/inference/signature_plan.h"
#include "serving/run_limits.h"
#include "serving/servable.h"

namespace trainyard::serving {

using NamedTensors = std::map<std::string, tf::Tensor>;  // by the signature's alias

// A run of a signature, decided on and not begun: what a request is between its decoding and its
// values. Move-only; the feeds point into `given` and to the signature's defaults, also after a
// move. For Servable::Run or RunThen of the version that the signature is of.
struct SignatureRun {
  NamedTensors given{};
  std::vector<std::string> outputs{};  // aliases, in the order of the fetches
  std::vector<tf::Feed> feeds{};
  std::vector<tf::Output> fetches{};
};

// What `plan` (from PlanSignature, of this signature) says: feeds the inputs of `given` and the
// signature's defaults, and fetches the plan's outputs in its order. `given` holds at least
// plan.from_request. InvalidArgument if an alias names a tensor that the graph lacks. Pure.
Result<SignatureRun> BindRun(const BoundSignature& signature, const SignaturePlan& plan,
                             NamedTensors given);

// Runs it, and waits for the values of its outputs. The error is TensorFlow's, or that of the
// limits.
RunOutputs RunSignature(const Servable& servable, const SignatureRun& run, const RunLimits& limits);

// The graph's tensor behind an alias of the signature. InvalidArgument if the graph lacks it.
Result<tf::Output> FindTensor(const std::map<std::string, tf::Output>& bound,
                              const std::string& alias);

}  // namespace trainyard::serving
