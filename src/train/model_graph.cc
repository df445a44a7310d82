#include "train/model_graph.h"

#include "tf/ops.h"
#include "train/internal/pack_transfers.h"

namespace trainyard::train {

Result<std::unique_ptr<ModelGraph>> ModelGraph::Build(const ModelFn& model_fn,
                                                      const ServingInput& input,
                                                      const ModelBuilder::Options& options,
                                                      const SaverPlace& saver_place) {
  std::unique_ptr<ModelGraph> built(new ModelGraph());
  built->model_ = std::make_unique<ModelBuilder>(&built->graph_, options);
  built->AddInputs(input);
  built->spec_ = model_fn(*built->model_, built->features_, built->labels_);
  RETURN_IF_ERROR(built->graph_.status().WithContext("cannot build the model"));
  RETURN_IF_ERROR(built->CheckSpec());
  if (built->model_->training()) internal::PackTransfers(*built->model_, built->spec_.train_op);
  built->AddInitialization();
  built->saver_ = std::make_unique<Saver>(&built->graph_, built->model_->variables(), saver_place);
  RETURN_IF_ERROR(built->graph_.status().WithContext("cannot build the model"));
  return built;
}

void ModelGraph::AddInputs(const ServingInput& input) {
  const tf::Scope& scope = model_->scope();
  if (input.parse_examples) {
    features_ = AddExampleParsing(scope, input.spec, &receivers_["examples"]);
    return;
  }
  for (const auto& [name, feature] : input.spec.features) {
    features_[name] = tf::Placeholder(scope, feature.dtype, feature.shape, name);
  }
  receivers_ = features_;
  if (input.spec.labels.has_value()) {
    labels_ = tf::Placeholder(scope, input.spec.labels->dtype, input.spec.labels->shape, "labels");
  }
}

void ModelGraph::AddInitialization() {
  std::vector<tf::Operation> initializers;
  std::vector<tf::Output> checks;
  for (const Variable& variable : model_->variables()) {
    // Those of job control get their values from whoever controls the job: until then, nobody may
    // take the model for ready.
    if (variable.saved) initializers.push_back(variable.initialize);
    checks.push_back(tf::Scope(&graph_)
                         .OnDevice(variable.device)
                         .Op("VarIsInitializedOp", "report/VarIsInitializedOp")
                         .In(variable.handle)
                         .Out());
  }
  init_op_ = tf::Group(model_->scope(), initializers, "init");
  tables_init_op_ = tf::Group(model_->scope(), model_->table_initializers(), "init_all_tables");
  initialized_ =
      model_->scope().Op("Pack", "report/initialized").InList(checks).Int("axis", 0).Out();
  if (!model_->training()) return;
  const Variable& step = model_->global_step();
  step_after_update_ = tf::Scope(&graph_)
                           .OnDevice(step.device)
                           .Op("ReadVariableOp", "global_step/AfterUpdate")
                           .In(step.handle)
                           .Type("dtype", step.dtype)
                           .Control(spec_.train_op)
                           .Out();
}

Status ModelGraph::CheckSpec() const {
  switch (model_->mode()) {
    case Mode::kTrain:
      if (spec_.train_op == nullptr) {
        return InvalidArgumentError("the model function returned no train_op for training");
      }
      [[fallthrough]];
    case Mode::kEval:
      if (!spec_.loss) return InvalidArgumentError("the model function returned no loss");
      break;
    case Mode::kPredict:
      if (spec_.predictions.empty()) {
        return InvalidArgumentError("the model function returned no predictions");
      }
  }
  for (const char* reserved : {"loss", "global_step"}) {
    if (spec_.metrics.contains(reserved)) {
      return InvalidArgumentError(
          "Metric with name \"{}\" is not allowed, because Estimator already defines a default "
          "metric with the same name.",
          reserved);
    }
  }
  return OkStatus();
}

Result<std::vector<tf::Feed>> ModelGraph::Feeds(const Batch& batch) const {
  std::vector<tf::Feed> feeds;
  feeds.reserve(features_.size() + 1);
  for (const auto& [name, placeholder] : features_) {
    const auto value = batch.features.find(name);
    if (value == batch.features.end() || value->second.empty()) {
      return InvalidArgumentError(
          "the input gave a batch without feature \"{}\", which its own spec promises", name);
    }
    feeds.push_back({placeholder, &value->second});
  }
  if (!labels_) return feeds;
  if (batch.labels.empty()) {
    return InvalidArgumentError(
        "the input gave a batch without labels, which its own spec promises");
  }
  feeds.push_back({labels_, &batch.labels});
  return feeds;
}

}  // namespace trainyard::train
