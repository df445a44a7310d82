#include "train/optimizers.h"

#include "tf/ops.h"
#include "train/initializers.h"

namespace trainyard::train {
namespace {

// A parameter server applies the updates of several trainers at once. Without the lock an update
// that begins while another one is under way, or while a trainer is reading, works on a copy of the
// variable, and one of the two is lost. Where there is one trainer the lock costs nothing.
constexpr bool kLocking = true;

// Where a variable's update is computed: on the variable's device, so that a gradient travels to
// its parameter server and nothing travels back.
tf::Scope UpdateScope(ModelBuilder& model, const Variable& variable) {
  return tf::Scope(&model.graph()).OnDevice(variable.device).Inside("train").Inside(variable.name);
}

}  // namespace

GradientDescent::GradientDescent(const GradientDescentOptions& options)
    : Optimizer(options.learning_rate) {}

std::vector<tf::Operation> GradientDescent::Apply(ModelBuilder& model, const tf::Output& rate,
                                                  std::span<const Gradient> gradients) const {
  std::vector<tf::Operation> updates;
  for (const Gradient& gradient : gradients) {
    updates.push_back(UpdateScope(model, *gradient.variable)
                          .Op("ResourceApplyGradientDescent")
                          .In(gradient.variable->handle)
                          .In(rate)
                          .In(gradient.value)
                          .Bool("use_locking", kLocking)
                          .Finish());
  }
  return updates;
}

Momentum::Momentum(const MomentumOptions& options)
    : Optimizer(options.learning_rate), options_(options) {}

std::vector<tf::Operation> Momentum::Apply(ModelBuilder& model, const tf::Output& rate,
                                           std::span<const Gradient> gradients) const {
  std::vector<tf::Operation> updates;
  for (const Gradient& gradient : gradients) {
    const Variable& variable = *gradient.variable;
    const Variable& accumulator = model.AddSlot(variable, "Momentum", variable.shape, Zeros());
    const tf::Scope scope = UpdateScope(model, variable);
    updates.push_back(scope.Op("ResourceApplyMomentum")
                          .In(variable.handle)
                          .In(accumulator.handle)
                          .In(rate)
                          .In(gradient.value)
                          .In(tf::Const(scope, options_.momentum))
                          .Bool("use_nesterov", options_.use_nesterov)
                          .Bool("use_locking", kLocking)
                          .Finish());
  }
  return updates;
}

Adam::Adam(const AdamOptions& options) : Optimizer(options.learning_rate), options_(options) {}

std::vector<tf::Operation> Adam::Apply(ModelBuilder& model, const tf::Output& rate,
                                       std::span<const Gradient> gradients) const {
  if (gradients.empty()) return {};
  const Variable& first = *gradients.front().variable;
  const Variable& beta1_power = model.AddSlot(first, "/beta1_power", {}, Constant(options_.beta1));
  const Variable& beta2_power = model.AddSlot(first, "/beta2_power", {}, Constant(options_.beta2));
  std::vector<tf::Operation> updates;
  for (const Gradient& gradient : gradients) {
    const Variable& variable = *gradient.variable;
    const Variable& m = model.AddSlot(variable, "Adam", variable.shape, Zeros());
    const Variable& v = model.AddSlot(variable, "Adam_1", variable.shape, Zeros());
    const tf::Scope scope = UpdateScope(model, variable);
    updates.push_back(scope.Op("ResourceApplyAdam")
                          .In(variable.handle)
                          .In(m.handle)
                          .In(v.handle)
                          .In(beta1_power.value)
                          .In(beta2_power.value)
                          .In(rate)
                          .In(tf::Const(scope, options_.beta1))
                          .In(tf::Const(scope, options_.beta2))
                          .In(tf::Const(scope, options_.epsilon))
                          .In(gradient.value)
                          .Bool("use_locking", kLocking)
                          .Finish());
  }
  const std::vector<tf::Operation> applied = updates;
  for (const auto& [power, beta] :
       {std::pair(&beta1_power, options_.beta1), std::pair(&beta2_power, options_.beta2)}) {
    const tf::Scope scope = UpdateScope(model, *power);
    updates.push_back(scope.Op("AssignVariableOp")
                          .In(power->handle)
                          .In(tf::Mul(scope, power->value, tf::Const(scope, beta)))
                          .Control(applied)
                          .Finish());
  }
  return updates;
}

}  // namespace trainyard::train
