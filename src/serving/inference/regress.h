// Answering Regress from one loaded version, whatever the front end.
//
// Thread-safe: no state of its own. Error codes and texts are TensorFlow Serving's.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "serving/inference/examples.h"
#include "serving/inference/signature_method.h"
#include "serving/inference/signature_run.h"
#include "serving/run_limits.h"
#include "serving/servable.h"

namespace trainyard::serving {

// Runs the signature ("" is "serving_default") on the examples and gives one value for each.
// InvalidArgument if there is no such signature, it is not one for regression, or the model's
// answer does not fit the examples.
Result<std::vector<float>> Regress(const Servable& servable, const std::string& signature,
                                   const Examples& examples, MethodNames names,
                                   const RunLimits& limits);

// The two halves of Regress, for who does not wait in between: what is to be run, and the value of
// its output as values.
Result<SignatureRun> BeginRegress(const Servable& servable, const std::string& signature,
                                  const Examples& examples, MethodNames names);
Result<std::vector<float>> EndRegress(const SignatureRun& run, std::span<const tf::Tensor> values);

// The model's output, float [examples] or [examples, 1], as values. Pure.
Result<std::vector<float>> ReadRegression(const tf::Tensor& value, int64_t num_examples);

}  // namespace trainyard::serving
