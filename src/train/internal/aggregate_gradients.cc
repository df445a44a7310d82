#include "train/internal/aggregate_gradients.h"

#include "tf/ops.h"
#include "train/internal/arithmetic.h"

namespace trainyard::train::internal {
namespace {

constexpr tf::DataType kInt64 = tf::DataType::kInt64;

// Small variables of the synchronisation: never saved, and without a value until the chief has
// begun a round, which is what workers wait for.
const Variable& AddControlVariable(ModelBuilder& model, const std::string& name,
                                   const tf::Shape& shape) {
  return model.AddSlot(model.global_step(), "/trainyard/" + name, shape,
                       [](const tf::Scope& scope, const tf::Shape& of, Seed) {
                         const auto n = static_cast<size_t>(of.empty() ? 1 : of[0]);
                         tf::Tensor zeros = tf::Tensor::FromVector(std::vector<int64_t>(n, 0));
                         return tf::Const(scope, std::move(zeros).ReshapedTo(of));
                       },
                       {.dtype = kInt64, .saved = false});
}

tf::Output Read(const tf::Scope& scope, const tf::Output& handle) {
  return scope.Op("ReadVariableOp").In(handle).Type("dtype", kInt64).Out();
}

}  // namespace

AggregatedGradients::AggregatedGradients(ModelBuilder& model,
                                         const std::vector<Gradient>& gradients,
                                         const SynchronousReplicas& replicas)
    : scope_(model.scope().OnDevice(model.global_step().device).Inside("sync_replicas")) {
  const Variable& round = AddControlVariable(model, "round", {});
  const Variable& contributions = AddControlVariable(model, "contributions", {replicas.total});
  round_handle_ = round.handle;
  update_.stamp = tf::Placeholder(scope_, kInt64, {}, "stamp");
  update_.num_required = tf::Placeholder(scope_, tf::DataType::kInt32, {}, "num_required");
  update_.new_round = tf::Placeholder(scope_, kInt64, {}, "new_round");
  update_.round = round.value;
  update_.contributions = contributions.value;
  update_.round_exists = scope_.Op("VarIsInitializedOp").In(round.handle).Out();

  std::vector<Accumulator> accumulators;
  std::vector<tf::Operation> added;
  for (const Gradient& gradient : gradients) {
    const Variable& variable = *gradient.variable;
    const tf::Scope scope = scope_.OnDevice(variable.device).Inside(variable.name);
    accumulators.push_back(
        Add(scope, variable.name + "/grad_accum", variable.dtype, variable.shape, &gradient));
    added.push_back(AddGradient(accumulators.back()));
  }
  const Accumulator gate =
      Add(scope_.Inside("gate"), "trainyard/gate/grad_accum", tf::DataType::kFloat, {}, nullptr);
  const tf::Operation counted = scope_.Op("ResourceAccumulatorApplyGradient")
                                    .In(gate.handle)
                                    .In(update_.stamp)
                                    .In(Number(scope_, 1))
                                    .Control(added)
                                    .Finish();
  contribute_ = scope_.Op("ResourceScatterUpdate", "contribute")
                    .In(contributions.handle)
                    .In(tf::Const(scope_, static_cast<int32_t>(replicas.index)))
                    .In(update_.stamp)
                    .Type("dtype", kInt64)
                    .Control(counted)
                    .Finish();
  update_.accumulated = gate.count;
  AddMeans(model, accumulators, gate);
  accumulators.push_back(gate);
  AddBeginning(accumulators, contributions.initialize);
}

AggregatedGradients::Accumulator AggregatedGradients::Add(const tf::Scope& scope,
                                                          const std::string& name,
                                                          tf::DataType dtype,
                                                          const tf::Shape& shape,
                                                          const Gradient* gradient) const {
  Accumulator made{.handle = {}, .count = {}, .scope = scope, .gradient = gradient};
  const bool sparse = gradient != nullptr && gradient->is_sparse();
  // There is no resource version for sparse gradients.
  made.handle = scope.Op(sparse ? "SparseConditionalAccumulator" : "ResourceConditionalAccumulator")
                    .Type("dtype", dtype)
                    .ShapeOf("shape", shape)
                    .String("shared_name", name)
                    .String("reduction_type", sparse ? "SUM" : "MEAN")
                    .Out();
  made.count = scope.Op(sparse ? "AccumulatorNumAccumulated" : "ResourceAccumulatorNumAccumulated")
                   .In(made.handle)
                   .Out();
  return made;
}

tf::Operation AggregatedGradients::AddGradient(const Accumulator& accumulator) const {
  const Gradient& gradient = *accumulator.gradient;
  const tf::Scope& scope = accumulator.scope;
  if (!gradient.is_sparse()) {
    return scope.Op("ResourceAccumulatorApplyGradient")
        .In(accumulator.handle)
        .In(update_.stamp)
        .In(gradient.value)
        .Finish();
  }
  return scope.Op("SparseAccumulatorApplyGradient")
      .In(accumulator.handle)
      .In(update_.stamp)
      .In(gradient.indices)
      .In(gradient.value)
      .In(tf::Const(scope, tf::Tensor::FromVector(gradient.variable->shape)))
      .Bool("has_known_shape", true)
      .Finish();
}

tf::Operation AggregatedGradients::Take(const Accumulator& accumulator,
                                        const tf::Output& num_required, tf::Operation after) const {
  const Gradient* gradient = accumulator.gradient;
  const bool sparse = gradient != nullptr && gradient->is_sparse();
  tf::OpBuilder take = accumulator.scope.Op(sparse ? "SparseAccumulatorTakeGradient"
                                                   : "ResourceAccumulatorTakeGradient");
  take.In(accumulator.handle).In(num_required);
  if (after != nullptr) take.Control(after);
  return take.Type("dtype", gradient == nullptr ? tf::DataType::kFloat : gradient->variable->dtype)
      .Finish();
}

void AggregatedGradients::AddMeans(ModelBuilder& model,
                                   const std::vector<Accumulator>& accumulators,
                                   const Accumulator& gate) {
  const tf::Operation closed = Take(gate, update_.num_required, nullptr);
  std::vector<Gradient> taken;
  std::vector<tf::Operation> all;
  for (const Accumulator& accumulator : accumulators) {
    const tf::Scope& scope = accumulator.scope;
    const Gradient& gradient = *accumulator.gradient;
    Gradient mean{.value = {}, .variable = gradient.variable, .indices = {}};
    if (!gradient.is_sparse()) {
      all.push_back(Take(accumulator, update_.num_required, closed));
      mean.value = {all.back(), 0};
    } else {
      const tf::Output count =
          scope.Op("AccumulatorNumAccumulated").In(accumulator.handle).Control(closed).Out();
      all.push_back(Take(accumulator, update_.num_required, count.op));
      mean.indices = {all.back(), 0};
      mean.value = Divide(scope, {all.back(), 1}, tf::Cast(scope, count, gradient.variable->dtype));
    }
    taken.push_back(mean);
  }
  // No variable moves before all gradients are taken: what a replica computes from a mixture of
  // old and new weights comes too late for every accumulator.
  const tf::Operation all_taken = tf::Group(model.scope().Inside("sync_replicas"), all, "taken");
  for (size_t i = 0; i < taken.size() && all_taken != nullptr; ++i) {
    const tf::Scope& scope = accumulators[i].scope;
    taken[i].value = scope.Op("Identity", "mean").In(taken[i].value).Control(all_taken).Out();
    means_.push_back(taken[i]);
  }
}

void AggregatedGradients::AddBeginning(const std::vector<Accumulator>& accumulators,
                                       tf::Operation clear_contributions) {
  for (const Accumulator& accumulator : accumulators) {
    const tf::Scope& scope = accumulator.scope;
    const bool sparse = accumulator.gradient != nullptr && accumulator.gradient->is_sparse();
    update_.refuse_older.push_back(
        scope.Op(sparse ? "AccumulatorSetGlobalStep" : "ResourceAccumulatorSetGlobalStep")
            .In(accumulator.handle)
            .In(update_.new_round)
            .Finish());
    // Taking from an empty accumulator would wait.
    const tf::Output some =
        scope.Op("Greater").In(accumulator.count).In(tf::Const(scope, int32_t{0})).Out();
    const tf::Operation if_some = scope.Op("Switch").In(accumulator.count).In(some).Finish();
    if (if_some == nullptr) return;
    update_.clear.push_back(Take(accumulator, {if_some, 1}, nullptr));
  }
  update_.begin_round = SetRound(update_.new_round, clear_contributions);
}

tf::Operation AggregatedGradients::SetRound(const tf::Output& round, tf::Operation after) const {
  return scope_.Op("AssignVariableOp", "round")
      .In(round_handle_)
      .In(round)
      .Control(after)
      .Type("dtype", kInt64)
      .Finish();
}

SynchronousUpdate AggregatedGradients::Finish(tf::Operation updated) const {
  SynchronousUpdate update = update_;
  const tf::Output next =
      tf::Add(scope_, Read(scope_, round_handle_), tf::Const(scope_, int64_t{1}));
  update.apply = SetRound(next, updated);
  return update;
}

}  // namespace trainyard::train::internal
