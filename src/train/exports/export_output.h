// What an exported model offers to a model server: the outputs of one signature.
//
// As tf.estimator.export: the model function returns them in ModelSpec::export_outputs, by
// signature name, in Mode::kPredict.
#pragma once

#include <map>
#include <string>

#include "tf/graph.h"

namespace trainyard::train {

struct ExportOutput {
  enum class Kind { kPredict, kClassify, kRegress };
  Kind kind = Kind::kPredict;
  std::map<std::string, tf::Output> outputs;
};

// Any outputs, under names of one's own. Method tensorflow/serving/predict.
ExportOutput PredictOutput(std::map<std::string, tf::Output> outputs);
// `scores` float [batch, classes], `classes` string [batch, classes]; one of the two may be none.
// Method tensorflow/serving/classify; needs a ParsingServingInput.
ExportOutput ClassificationOutput(const tf::Output& scores, const tf::Output& classes = {});
// `value` float [batch] or [batch, 1]. Method tensorflow/serving/regress; needs a
// ParsingServingInput.
ExportOutput RegressionOutput(const tf::Output& value);

}  // namespace trainyard::train
