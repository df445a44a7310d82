// Answering Classify from one loaded version, whatever the front end.
//
//   const Examples examples{.serialized = {first, second}};
//   ASSIGN_OR_RETURN(const ClassifyResult result,
//                    Classify(*servable, "", examples, MethodNames::kIgnored, limits));
//   float best = result.score(0, 3);
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

// The classes of each example, row by row.
struct ClassifyResult {
  int64_t num_examples = 0;
  int64_t num_classes = 0;            // of each example
  std::vector<std::string> labels{};  // empty: the model names no classes
  std::vector<float> scores{};        // empty: the model gives no scores

  // What clients see where the model gives none: "" and 0.
  const std::string& label(int64_t example, int64_t number) const;
  float score(int64_t example, int64_t number) const;
};

// Runs the signature ("" is "serving_default") on the examples. InvalidArgument if there is no such
// signature, it is not one for classification, or the model's answer does not fit the examples.
Result<ClassifyResult> Classify(const Servable& servable, const std::string& signature,
                                const Examples& examples, MethodNames names,
                                const RunLimits& limits);

// The two halves of Classify, for who does not wait in between: what is to be run, and the values
// of its outputs as a result.
Result<SignatureRun> BeginClassify(const Servable& servable, const std::string& signature,
                                   const Examples& examples, MethodNames names);
Result<ClassifyResult> EndClassify(const SignatureRun& run, std::span<const tf::Tensor> values);

// The model's outputs as a result: `values` in the order of PlanClassify's `outputs`. Pure.
Result<ClassifyResult> ReadClassification(const std::vector<std::string>& outputs,
                                          std::span<const tf::Tensor* const> values,
                                          int64_t num_examples);

}  // namespace trainyard::serving
