// What the updates of all optimizers have in common.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "train/gradient.h"

namespace trainyard::train::internal {

// A parameter server applies the updates of several trainers at once. Without the lock an update
// that begins while another one is under way, or while a trainer is reading, works on a copy of the
// variable, and one of the two is lost. Where there is one trainer the lock costs nothing.
constexpr bool kLocking = true;

// Where a variable's update is computed: on the variable's device, so that a gradient travels to
// its parameter server and nothing travels back.
tf::Scope UpdateScope(ModelBuilder& model, const Variable& variable);

// Fails the graph with "<optimizer>: <option> is <value>, it must be ..." and returns false if a
// value is outside of its range.
bool CheckOption(ModelBuilder& model, const char* optimizer, const char* option, double value,
                 bool is_valid, const char* wanted);

// The operation that applies a gradient by one of TensorFlow's fused kernels: `dense` with the
// gradient, or `sparse` with the gradient's rows and their indices behind it. The inputs are
// `before`, the gradient, `after`; `flags` are attributes beside use_locking.
tf::Operation FusedUpdate(const tf::Scope& scope, const char* dense, const char* sparse,
                          const Gradient& gradient, const std::vector<tf::Output>& before,
                          const std::vector<tf::Output>& after = {},
                          const std::map<const char*, bool>& flags = {});

// variable -= variable * rate * weight_decay, for those whose names contain none of `exclude`. The
// gradients returned are the same, to be used after that.
std::vector<Gradient> DecayWeights(ModelBuilder& model, const tf::Output& rate,
                                   std::span<const Gradient> gradients, double weight_decay,
                                   const std::vector<std::string>& exclude);

// Whether `name` contains one of `texts`.
bool ContainsAny(const std::string& name, const std::vector<std::string>& texts);

// Adam's beta1^t and beta2^t: the variables "beta1_power" and "beta2_power", beside the first
// variable.
struct BetaPowers {
  const Variable* beta1;
  const Variable* beta2;
};
BetaPowers AddBetaPowers(ModelBuilder& model, const Variable& first, double beta1, double beta2);
// Multiplies both once, after the updates that use them; appends the operations.
void MultiplyBetaPowers(ModelBuilder& model, const BetaPowers& powers, double beta1, double beta2,
                        std::vector<tf::Operation>* updates);

}  // namespace trainyard::train::internal
