// Answering MultiInference from one loaded version: several Classify and Regress tasks on the same
// examples, computed in one run.
//
// Thread-safe: no state of its own. Error codes and texts are TensorFlow Serving's.
#pragma once

#include "base/status.h"
#include "serving/inference/signature_method.h"
#include "serving/run_limits.h"
#include "serving/servable.h"
#include "tensorflow/serving/inference.pb.h"

namespace trainyard::serving {

// Which model it is for: that of the first task, as all must name the same. nullptr without tasks.
const ::tensorflow::serving::ModelSpec* ModelOf(
    const ::tensorflow::serving::MultiInferenceRequest& request);

// The signatures must feed the same tensor of the graph. Results are in the order of the tasks; on
// failure the response is unspecified.
Status MultiInference(const Servable& servable,
                      const ::tensorflow::serving::MultiInferenceRequest& request,
                      MethodNames names, const RunLimits& limits,
                      ::tensorflow::serving::MultiInferenceResponse* response);

}  // namespace trainyard::serving
