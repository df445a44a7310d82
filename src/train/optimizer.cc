#include "train/optimizer.h"

#include <optional>

#include "tf/ops.h"
#include "train/internal/accumulate_gradients.h"
#include "train/internal/aggregate_gradients.h"
#include "train/internal/clip_gradients.h"
#include "train/internal/moving_averages.h"
#include "train/internal/parts.h"
#include "train/internal/send_gradients.h"
#include "train/internal/update.h"

namespace trainyard::train {
namespace {

bool CheckOptions(ModelBuilder& model, const MinimizeOptions& options) {
  const double decay = options.moving_average_decay;
  return internal::CheckClipping(model, options) &&
         internal::CheckOption(model, "Minimize", "gradient_accumulation_steps",
                               static_cast<double>(options.gradient_accumulation_steps),
                               options.gradient_accumulation_steps >= 1, "at least 1") &&
         internal::CheckOption(model, "Minimize", "gradient_accumulation_steps",
                               static_cast<double>(options.gradient_accumulation_steps),
                               options.gradient_accumulation_steps == 1 ||
                                   model.synchronous_replicas().to_aggregate == 0,
                               "1 where replicas_to_aggregate is set") &&
         internal::CheckOption(model, "Minimize", "weight_decay", options.weight_decay,
                               options.weight_decay >= 0, "at least 0") &&
         internal::CheckOption(model, "Minimize", "moving_average_decay", decay,
                               decay >= 0 && decay < 1, "at least 0 and below 1");
}

tf::Operation AddCount(ModelBuilder& model, const tf::Scope& scope,
                       const std::vector<tf::Operation>& after) {
  const Variable& step = model.global_step();
  const tf::Scope counting = scope.OnDevice(step.device);
  return counting.Op("AssignAddVariableOp", "count")
      .In(step.handle)
      .In(tf::Const(counting, int64_t{1}))
      .Control(after)
      .Finish();
}

// What all replicas apply. A sparse gradient becomes a dense one: each replica has other rows.
std::vector<Gradient> MeansOverReplicas(ModelBuilder& model, const tf::Scope& scope,
                                        std::vector<Gradient> gradients) {
  if (model.num_replicas() == 1) return gradients;
  for (Gradient& gradient : gradients) {
    const tf::Shape& shape = gradient.variable->shape;
    gradient.value = model.MeanOverReplicas(DenseGradient(scope, gradient), shape);
    gradient.indices = {};
  }
  return gradients;
}

// All of the model's updates; with several replicas, those that use a mean over them. The others
// happen with the network's forward pass.
std::vector<tf::Operation> UpdatesOfTheStep(const ModelBuilder& model) {
  if (model.num_replicas() == 1) return model.updates();
  std::vector<tf::Operation> updates;
  for (const tf::Operation update : model.updates()) {
    if (model.NeedsReplicaMeans(update)) updates.push_back(update);
  }
  return updates;
}

}  // namespace

tf::Operation Minimize(ModelBuilder& model, const tf::Output& loss, const Optimizer& optimizer,
                       const MinimizeOptions& options) {
  tf::Graph& graph = model.graph();
  if (graph.status().ok() && model.trainable_variables().empty()) {
    graph.Fail(InvalidArgumentError("nothing to train: the model has no trainable variable"));
  }
  if (!graph.status().ok() || !CheckOptions(model, options)) return nullptr;
  std::vector<Gradient> gradients = ComputeGradients(model, loss);
  if (!graph.status().ok()) return nullptr;

  const tf::Scope scope = model.scope().Inside("train");
  gradients = internal::GradientsOfParts(scope.Inside("parts"), std::move(gradients));
  gradients = MeansOverReplicas(model, scope, std::move(gradients));
  std::optional<internal::AccumulatedGradients> accumulated;
  if (options.gradient_accumulation_steps > 1) {
    accumulated.emplace(model, gradients, options.gradient_accumulation_steps);
    gradients = accumulated->means();
  }
  std::optional<internal::AggregatedGradients> aggregated;
  if (model.synchronous_replicas().to_aggregate > 0) {
    aggregated.emplace(model, internal::SendToVariables(model, std::move(gradients)),
                       model.synchronous_replicas());
    gradients = aggregated->means();
  }
  gradients = internal::ClipGradients(model, std::move(gradients), options);
  gradients = internal::SendToVariables(model, std::move(gradients));

  const tf::Scope schedule = scope.Inside("learning_rate");
  const Variable& step = model.global_step();
  const tf::Output rate =
      optimizer.learning_rate()(schedule, tf::Cast(schedule, step.value, tf::DataType::kFloat));
  gradients = internal::DecayWeights(model, rate, gradients, options.weight_decay,
                                     options.exclude_from_weight_decay);
  std::vector<tf::Operation> done = optimizer.Apply(model, rate, gradients);
  if (!graph.status().ok()) return nullptr;
  const std::vector<tf::Operation> averaged = internal::MoveAverages(model, options, done);
  done.insert(done.end(), averaged.begin(), averaged.end());

  model.AddScalarSummary("loss", loss);
  model.AddScalarSummary("learning_rate", rate);
  const std::vector<tf::Operation> updates = UpdatesOfTheStep(model);
  if (accumulated.has_value()) {
    std::vector<tf::Operation> always = updates;
    always.push_back(accumulated->Rejoin(AddCount(model, scope, done)));
    return tf::Group(scope, always, "step");
  }
  if (aggregated.has_value()) {
    model.SetSynchronousUpdate(aggregated->Finish(AddCount(model, scope, done)));
    std::vector<tf::Operation> step_of_replica = updates;
    step_of_replica.push_back(aggregated->contribute());
    return tf::Group(scope, step_of_replica, "step");
  }
  done.insert(done.end(), updates.begin(), updates.end());
  return AddCount(model, scope, done);
}

}  // namespace trainyard::train
