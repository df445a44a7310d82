#include "train/internal/moving_averages.h"

#include "train/internal/arithmetic.h"
#include "train/internal/parts.h"
#include "train/internal/update.h"

namespace trainyard::train::internal {
namespace {

tf::Output ReadAfter(const tf::Scope& scope, const Variable& variable,
                     const std::vector<tf::Operation>& before) {
  return scope.Op("ReadVariableOp")
      .In(variable.handle)
      .Type("dtype", variable.dtype)
      .Control(before)
      .Out();
}

// Begins with the variable's own first value.
const Variable& AddAverage(ModelBuilder& model, const Variable& variable) {
  return model.AddSlot(variable, kMovingAverageSlot, variable.shape,
                       [&](const tf::Scope& scope, const tf::Shape&, Seed) {
                         return ReadAfter(scope, variable, {variable.initialize});
                       });
}

// 1 - decay
tf::Output Share(const tf::Scope& scope, const ModelBuilder& model,
                 const MinimizeOptions& options) {
  const tf::Output share = Number(scope, 1 - options.moving_average_decay);
  if (!options.moving_average_warm_up) return share;
  // 1 - (1 + n) / (10 + n) = 9 / (10 + n)
  const tf::Output n = tf::Cast(scope, model.global_step().value, tf::DataType::kFloat);
  return Maximum(scope, share, Divide(scope, Number(scope, 9), Plus(scope, n, 10)));
}

}  // namespace

std::vector<tf::Operation> MoveAverages(ModelBuilder& model, const MinimizeOptions& options,
                                        const std::vector<tf::Operation>& applied) {
  std::vector<tf::Operation> moved;
  if (options.moving_average_decay == 0) return moved;
  const tf::Output share = Share(model.scope().Inside("train").Inside("average"), model, options);
  for (const Variable* variable : StoredTrainableVariables(model)) {
    const Variable& average = AddAverage(model, *variable);
    const tf::Scope scope = UpdateScope(model, *variable).Inside("average");
    const tf::Output value = ReadAfter(scope, *variable, applied);
    const tf::Output change =
        tf::Mul(scope, tf::Sub(scope, ReadAfter(scope, average, applied), value), share);
    moved.push_back(scope.Op("AssignSubVariableOp").In(average.handle).In(change).Finish());
  }
  return moved;
}

}  // namespace trainyard::train::internal
