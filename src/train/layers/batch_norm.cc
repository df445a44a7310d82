#include "train/layers/batch_norm.h"

#include "tf/ops.h"
#include "train/initializers.h"
#include "train/internal/layer_shapes.h"

namespace trainyard::train {
namespace {

// moving -= (moving - batch) * (1 - momentum), where the variable is: one subtraction that
// asynchronous replicas may do at the same time without losing one another's.
void AddMovingUpdate(ModelBuilder& model, const Variable& moving, const tf::Output& batch,
                     float momentum) {
  const tf::Scope scope =
      tf::Scope(&model.graph()).OnDevice(moving.device).Inside(moving.name).Inside("Update");
  const tf::Output difference =
      tf::Mul(scope, tf::Sub(scope, moving.value, batch), tf::Const(scope, 1 - momentum));
  model.AddUpdate(scope.Op("AssignSubVariableOp").In(moving.handle).In(difference).Finish());
}

struct Statistics {
  tf::Output mean;
  tf::Output variance;
};

// The fused kernel on a rank 4 input. In training `given` is empty and `*seen` gets the batch's.
tf::Output Normalize(const tf::Scope& scope, const tf::Output& x, const Variable& gamma,
                     const Variable& beta, const Statistics& given, bool training, float epsilon,
                     Statistics* seen) {
  const tf::Operation op = scope.Op("FusedBatchNormV3")
                               .In(x)
                               .In(gamma.value)
                               .In(beta.value)
                               .In(given.mean)
                               .In(given.variance)
                               .Float("epsilon", epsilon)
                               .Bool("is_training", training)
                               .Finish();
  if (op == nullptr) return {};
  *seen = {{op, 1}, {op, 2}};
  return {op, 0};
}

}  // namespace

tf::Output BatchNorm(ModelBuilder& model, const tf::Output& x, const BatchNormOptions& options) {
  const tf::Scope scope = model.scope().Named(options.name);
  const tf::Shape input =
      internal::LayerInputShape(model, x, scope.FullName("FusedBatchNormV3"),
                                "[batch,height,width,channels] or [batch,channels]", {2, 4});
  if (input.empty()) return {};

  const tf::Shape channels = {input.back()};
  const VariableOptions fixed = {.trainable = false};
  const Variable& gamma = model.AddVariable(scope.FullName("gamma"), channels, Ones());
  const Variable& beta = model.AddVariable(scope.FullName("beta"), channels, Zeros());
  const Variable& mean = model.AddVariable(scope.FullName("moving_mean"), channels, Zeros(), fixed);
  const Variable& variance =
      model.AddVariable(scope.FullName("moving_variance"), channels, Ones(), fixed);

  const bool flat = input.size() == 2;
  const auto width = static_cast<int32_t>(input.back());
  const tf::Output image = flat ? tf::Reshape(scope, x, {-1, 1, 1, width}) : x;
  Statistics given = {mean.value, variance.value};
  if (model.training()) {
    const tf::Output none = tf::Const(scope, tf::Tensor::Allocate(tf::DataType::kFloat, {0}));
    given = {none, none};
  }
  Statistics seen;
  tf::Output y =
      Normalize(scope, image, gamma, beta, given, model.training(), options.epsilon, &seen);
  if (model.training()) {
    AddMovingUpdate(model, mean, seen.mean, options.momentum);
    AddMovingUpdate(model, variance, seen.variance, options.momentum);
  }
  return flat ? tf::Reshape(scope, y, {-1, width}) : y;
}

}  // namespace trainyard::train
