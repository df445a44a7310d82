// Running one signature of a loaded version: tensors by alias in, tensors by alias out. Every front
// end ends here, whatever its wire looks like.
//
// Thread-safe: no state of its own. Error codes and texts are TensorFlow Serving's.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "serving/run_limits.h"
#include "serving/servable.h"
#include "serving/signature_plan.h"

namespace trainyard::serving {

using NamedTensors = std::map<std::string, tf::Tensor>;  // by the signature's alias

// Runs what `plan` (from PlanSignature, of this signature) says: feeds the inputs of `given` and
// the signature's defaults, and returns the plan's outputs in its order. `given` holds at least
// plan.from_request. InvalidArgument if an alias names a tensor that the graph lacks; else the
// error is TensorFlow's, or that of the limits.
Result<std::vector<tf::Tensor>> RunSignature(const Servable& servable,
                                             const BoundSignature& signature,
                                             const SignaturePlan& plan, const NamedTensors& given,
                                             const RunLimits& limits);

// The graph's tensor behind an alias of the signature. InvalidArgument if the graph lacks it.
Result<tf::Output> FindTensor(const std::map<std::string, tf::Output>& bound,
                              const std::string& alias);

}  // namespace trainyard::serving
