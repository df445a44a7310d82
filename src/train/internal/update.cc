#include "train/internal/update.h"

#include <algorithm>

#include "train/initializers.h"
#include "train/internal/arithmetic.h"

namespace trainyard::train::internal {

tf::Scope UpdateScope(ModelBuilder& model, const Variable& variable) {
  return tf::Scope(&model.graph()).OnDevice(variable.device).Inside("train").Inside(variable.name);
}

bool CheckOption(ModelBuilder& model, const char* optimizer, const char* option, double value,
                 bool is_valid, const char* wanted) {
  if (is_valid) return true;
  model.graph().Fail(
      InvalidArgumentError("{}: {} is {}, it must be {}", optimizer, option, value, wanted));
  return false;
}

tf::Operation FusedUpdate(const tf::Scope& scope, const char* dense, const char* sparse,
                          const Gradient& gradient, const std::vector<tf::Output>& before,
                          const std::vector<tf::Output>& after,
                          const std::map<const char*, bool>& flags) {
  std::vector<tf::Output> inputs = before;
  inputs.push_back(gradient.value);
  if (gradient.is_sparse()) inputs.push_back(gradient.indices);
  inputs.insert(inputs.end(), after.begin(), after.end());
  tf::OpBuilder op = scope.Op(gradient.is_sparse() ? sparse : dense);
  for (const tf::Output& input : inputs) op.In(input);
  for (const auto& [flag, value] : flags) op.Bool(flag, value);
  return op.Bool("use_locking", kLocking).Finish();
}

std::vector<Gradient> DecayWeights(ModelBuilder& model, const tf::Output& rate,
                                   std::span<const Gradient> gradients, double weight_decay,
                                   const std::vector<std::string>& exclude) {
  std::vector<Gradient> after;
  for (Gradient gradient : gradients) {
    const Variable& variable = *gradient.variable;
    if (weight_decay > 0 && !ContainsAny(variable.saved_name(), exclude)) {
      const tf::Scope scope = UpdateScope(model, variable).Inside("weight_decay");
      // The gradient is that of the weights before they shrink, and a step that is skipped (its
      // gradient is dead) must not shrink them either.
      const tf::Output value = scope.Op("ReadVariableOp")
                                   .In(variable.handle)
                                   .Type("dtype", variable.dtype)
                                   .Control(gradient.value.op)
                                   .Out();
      const tf::Output loss = tf::Mul(scope, value, Scale(scope, rate, weight_decay));
      const tf::Operation decayed =
          scope.Op("AssignSubVariableOp").In(variable.handle).In(loss).Finish();
      gradient.value = scope.Op("Identity").In(gradient.value).Control(decayed).Out();
    }
    after.push_back(gradient);
  }
  return after;
}

bool ContainsAny(const std::string& name, const std::vector<std::string>& texts) {
  return std::any_of(texts.begin(), texts.end(),
                     [&](const std::string& text) { return name.find(text) != std::string::npos; });
}

BetaPowers AddBetaPowers(ModelBuilder& model, const Variable& first, double beta1, double beta2) {
  return {&model.AddSlot(first, "/beta1_power", {}, Constant(static_cast<float>(beta1))),
          &model.AddSlot(first, "/beta2_power", {}, Constant(static_cast<float>(beta2)))};
}

void MultiplyBetaPowers(ModelBuilder& model, const BetaPowers& powers, double beta1, double beta2,
                        std::vector<tf::Operation>* updates) {
  const std::vector<tf::Operation> applied = *updates;
  for (const auto& [power, beta] :
       {std::pair(powers.beta1, beta1), std::pair(powers.beta2, beta2)}) {
    const tf::Scope scope = UpdateScope(model, *power);
    updates->push_back(scope.Op("AssignVariableOp")
                           .In(power->handle)
                           .In(Scale(scope, power->value, beta))
                           .Control(applied)
                           .Finish());
  }
}

}  // namespace trainyard::train::internal
