// What a trained model says about data.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "train/hooks/hook_list.h"
#include "train/input.h"
#include "train/model_graph.h"
#include "train/run_config.h"

namespace trainyard::train {

struct PredictOptions {
  // Which of the model's predictions; empty: all.
  std::vector<std::string> predict_keys;
  std::string checkpoint;  // a prefix; "": the newest one
  // One example at a time, without the batch dimension; else whole batches.
  bool yield_single_examples = true;
  std::vector<std::shared_ptr<TrainingHook>> hooks;
};

// The results of Estimator::Predict, drawn one by one; a batch is computed when its first row is
// asked for. Needs no parameter server. Thread-compatible.
//
//   ASSIGN_OR_RETURN(const auto predictions, estimator.Predict(images));
//   while (true) {
//     ASSIGN_OR_RETURN(const auto row, predictions->Next());
//     if (!row.has_value()) break;
//     Show(row->at("classes").scalar<int64_t>());
//   }
class Predictor {
 public:
  using Row = std::map<std::string, tf::Tensor>;  // by prediction name

  // Labels of the input are ignored. NotFound names a key that the model does not predict.
  static Result<std::unique_ptr<Predictor>> Create(const ModelFn& model_fn,
                                                   std::shared_ptr<const Input> input,
                                                   const RunConfig& config,
                                                   const std::string& checkpoint,
                                                   const PredictOptions& options);

  // The next example's (batch's) predictions; none at the end of the data, after which the hooks
  // have ended.
  Result<std::optional<Row>> Next();

 private:
  Predictor() = default;
  Status SetUp(const ModelFn& model_fn, const std::string& checkpoint,
               const PredictOptions& options);
  // Computes the next batch into batch_; false at the end.
  Result<bool> Draw();
  Result<Row> TakeRow();

  RunConfig config_;
  std::shared_ptr<const Input> input_;
  bool single_ = true;
  HookList hooks_;
  std::unique_ptr<ModelGraph> model_;
  std::unique_ptr<tf::Session> session_;
  std::unique_ptr<BatchIterator> batches_;
  std::vector<std::string> keys_;
  std::vector<tf::Output> outputs_;
  std::vector<tf::Tensor> batch_;  // one per key
  int64_t next_row_ = 0;           // in batch_
  int64_t num_rows_ = 0;
  int64_t num_batches_ = 0;
  bool ended_ = false;
};

}  // namespace trainyard::train
