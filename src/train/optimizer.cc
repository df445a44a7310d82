#include "train/optimizer.h"

#include "tf/ops.h"

namespace trainyard::train {
namespace {

std::vector<Gradient> AddGradients(ModelBuilder& model, const tf::Output& loss,
                                   const tf::Scope& scope) {
  const std::vector<const Variable*> variables = model.trainable_variables();
  std::vector<tf::Output> values;
  for (const Variable* variable : variables) values.push_back(variable->value);
  const std::vector<tf::Output> derivatives = model.graph().AddGradients(loss, values);
  std::vector<Gradient> gradients;
  if (!model.graph().status().ok()) return gradients;
  for (size_t i = 0; i < variables.size(); ++i) {
    // The Identity gives the gradient a name of its own. Without it, fetching or sending a gradient
    // would pin the operation that made it, which could then not be rewritten to bfloat16.
    gradients.push_back({tf::Identity(scope, derivatives[i], "gradient"), variables[i]});
  }
  return gradients;
}

}  // namespace

tf::Operation Minimize(ModelBuilder& model, const tf::Output& loss, const Optimizer& optimizer) {
  tf::Graph& graph = model.graph();
  if (graph.status().ok() && model.trainable_variables().empty()) {
    graph.Fail(InvalidArgumentError("nothing to train: the model has no trainable variable"));
  }
  if (!graph.status().ok()) return nullptr;
  const tf::Scope scope = model.scope().Named("train");
  const std::vector<Gradient> gradients = AddGradients(model, loss, scope);
  if (!graph.status().ok()) return nullptr;

  const tf::Scope schedule = scope.Inside("learning_rate");
  const Variable& step = model.global_step();
  const tf::Output rate =
      optimizer.learning_rate()(schedule, tf::Cast(schedule, step.value, tf::DataType::kFloat));
  std::vector<tf::Operation> done = optimizer.Apply(model, rate, gradients);
  done.insert(done.end(), model.updates().begin(), model.updates().end());

  const tf::Scope counting = scope.OnDevice(step.device);
  const tf::Operation counted = counting.Op("AssignAddVariableOp", "count")
                                    .In(step.handle)
                                    .In(tf::Const(counting, int64_t{1}))
                                    .Control(done)
                                    .Finish();
  model.AddScalarSummary("loss", loss);
  model.AddScalarSummary("learning_rate", rate);
  return counted;
}

}  // namespace trainyard::train
