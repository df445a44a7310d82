// What REST answers, to the byte as TensorFlow Serving writes it. Pure, thread-safe.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "serving/json/predict_body.h"
#include "tf/tensor.h"

namespace trainyard::serving {

// The answer to a Predict request: `values` in the order of their `names`, which is sorted. In row
// format every output needs the same dimension 0. InvalidArgument for what cannot be written.
Result<std::string> WritePredictions(PredictFormat format, std::span<const std::string> names,
                                     std::span<const tf::Tensor> values);

// One class of a classification.
struct LabelledScore {
  std::string label;
  float score = 0;
};

// The answers to Classify and Regress.
std::string WriteClassifications(std::span<const std::vector<LabelledScore>> results);
std::string WriteRegressions(std::span<const float> results);

// {"error": "..."}
std::string WriteError(std::string_view message);

}  // namespace trainyard::serving
