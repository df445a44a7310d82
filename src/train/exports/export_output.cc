#include "train/exports/export_output.h"

namespace trainyard::train {

ExportOutput PredictOutput(std::map<std::string, tf::Output> outputs) {
  return {.kind = ExportOutput::Kind::kPredict, .outputs = std::move(outputs)};
}

ExportOutput ClassificationOutput(const tf::Output& scores, const tf::Output& classes) {
  ExportOutput output{.kind = ExportOutput::Kind::kClassify, .outputs = {}};
  if (scores) output.outputs["scores"] = scores;
  if (classes) output.outputs["classes"] = classes;
  return output;
}

ExportOutput RegressionOutput(const tf::Output& value) {
  return {.kind = ExportOutput::Kind::kRegress, .outputs = {{"outputs", value}}};
}

}  // namespace trainyard::train
