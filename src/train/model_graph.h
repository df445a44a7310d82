// A model function's graph with everything a session needs around it.
#pragma once

#include <memory>
#include <vector>

#include "base/status.h"
#include "tf/session.h"
#include "train/checkpoints/saver.h"
#include "train/exports/serving_input.h"
#include "train/input.h"
#include "train/model_builder.h"
#include "train/model_spec.h"

namespace trainyard::train {

// Inputs, network, saver and initialisation of one mode. Built once per process and mode, then only
// run: nothing is added to a graph that has sessions. Immutable after Build.
class ModelGraph {
 public:
  // Calls the model function and checks that it returned what the mode needs. InvalidArgument or
  // TensorFlow's error, naming the operation, if the network cannot be built.
  static Result<std::unique_ptr<ModelGraph>> Build(const ModelFn& model_fn,
                                                   const ServingInput& input,
                                                   const ModelBuilder::Options& options,
                                                   const SaverPlace& saver_place = {});

  const tf::Graph& graph() const { return graph_; }
  tf::Graph* mutable_graph() { return &graph_; }
  const ModelBuilder& model() const { return *model_; }
  const ModelSpec& spec() const { return spec_; }
  const Saver& saver() const { return *saver_; }
  // The placeholders, by feature name.
  const Features& features() const { return features_; }
  // What is fed in their place by requests to an exported model: the same, or `examples`.
  const Features& receivers() const { return receivers_; }

  // Gives every variable its first value.
  tf::Operation init_op() const { return init_op_; }
  // Fills the model's lookup tables; run once in each new session, by every process.
  tf::Operation tables_init_op() const { return tables_init_op_; }
  // Whether each variable has a value: bool [number of variables].
  const tf::Output& initialized() const { return initialized_; }
  // The global step after the training step of the same run (kTrain only).
  const tf::Output& step_after_update() const { return step_after_update_; }

  // Binds a batch to the placeholders. The batch must outlive the run. InvalidArgument if it lacks
  // something that the input's spec promises.
  Result<std::vector<tf::Feed>> Feeds(const Batch& batch) const;

 private:
  ModelGraph() = default;
  void AddInputs(const ServingInput& input);
  void AddInitialization();
  Status CheckSpec() const;

  tf::Graph graph_;
  std::unique_ptr<ModelBuilder> model_;
  Features features_;
  Features receivers_;
  tf::Output labels_;
  ModelSpec spec_;
  std::unique_ptr<Saver> saver_;
  tf::Operation init_op_ = nullptr;
  tf::Operation tables_init_op_ = nullptr;
  tf::Output initialized_;
  tf::Output step_after_update_;
};

}  // namespace trainyard::train
