#include "train/layers/batch_norm.h"

#include "tf/ops.h"
#include "train/internal/layer_shapes.h"

namespace trainyard::train {
namespace {

struct Statistics {
  tf::Output mean;
  tf::Output variance;
};

// moving -= (moving - batch) * (1 - momentum), where the variable is: one subtraction that
// asynchronous replicas may do at the same time without losing one another's.
void AddMovingUpdate(ModelBuilder& model, const Variable& moving, const tf::Output& batch,
                     float momentum) {
  const tf::Scope scope =
      tf::Scope(&model.graph()).OnDevice(moving.device).Inside(moving.name).Inside("Update");
  const tf::Output mean = model.MeanOverReplicas(batch, moving.shape);
  const tf::Output difference =
      tf::Mul(scope, tf::Sub(scope, moving.value, mean), tf::Const(scope, 1 - momentum));
  model.AddUpdate(scope.Op("AssignSubVariableOp").In(moving.handle).In(difference).Finish());
}

// How many values of `x` a channel has, as a float scalar. By way of Shape and not of Size, before
// which TensorFlow's rewriting to bfloat16 would convert all of x back to float32.
tf::Output ValuesPerChannel(const tf::Scope& scope, const tf::Output& x, const tf::Shape& input) {
  const tf::Output shape = scope.Op("Shape").In(x).Out();
  float known = 1;
  std::vector<tf::Output> unknown;
  for (size_t i = 0; i + 1 < input.size(); ++i) {
    if (input[i] >= 0) {
      known *= static_cast<float>(input[i]);
    } else {
      unknown.push_back(tf::Cast(scope, internal::SizeAt(scope, shape, static_cast<int32_t>(i)),
                                 tf::DataType::kFloat));
    }
  }
  tf::Output count = tf::Const(scope, known);
  for (const tf::Output& size : unknown) count = tf::Mul(scope, count, size);
  return count;
}

// The fused kernel gives the variance as n / (n - 1) times that of the n values of a channel, to
// estimate that of all data; without the factor it is what Keras collects.
tf::Output OfTheBatch(const tf::Scope& scope, const tf::Output& variance, const tf::Output& n) {
  const tf::Output one_of = scope.Op("RealDiv").In(tf::Const(scope, 1.0f)).In(n).Out();
  return tf::Mul(scope, variance, tf::Sub(scope, tf::Const(scope, 1.0f), one_of));
}

// The fused kernel on a rank 4 input. In training `given` is empty and `*seen` gets the batch's.
tf::Output Normalize(const tf::Scope& scope, const tf::Output& x, const tf::Output& gamma,
                     const tf::Output& beta, const Statistics& given, bool training, float epsilon,
                     Statistics* seen) {
  const tf::Operation op = scope.Op("FusedBatchNormV3")
                               .In(x)
                               .In(gamma)
                               .In(beta)
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
  const std::string layer = scope.FullName("FusedBatchNormV3");
  const tf::Shape input = internal::LayerInputShape(
      model, x, layer, "[batch,height,width,channels] or [batch,channels]", {2, 4});
  if (input.empty() || !internal::CheckEpsilon(model, layer, options.epsilon)) return {};
  if (!(options.momentum >= 0 && options.momentum <= 1)) {
    model.graph().Fail(InvalidArgumentError("momentum of {} is {}: it must be in [0, 1]", layer,
                                            options.momentum));
    return {};
  }

  const tf::Shape channels = {input.back()};
  const VariableOptions weights = {.trainable = options.trainable};
  const VariableOptions fixed = {.trainable = false};
  const tf::Output gamma =
      options.scale
          ? model.AddVariable(scope.FullName("gamma"), channels, options.gamma_initializer, weights)
                .value
          : tf::Fill(scope, channels, 1);
  const tf::Output beta =
      options.center
          ? model.AddVariable(scope.FullName("beta"), channels, options.beta_initializer, weights)
                .value
          : tf::Fill(scope, channels, 0);
  const Variable& mean = model.AddVariable(scope.FullName("moving_mean"), channels,
                                           options.moving_mean_initializer, fixed);
  const Variable& variance = model.AddVariable(scope.FullName("moving_variance"), channels,
                                               options.moving_variance_initializer, fixed);

  const bool flat = input.size() == 2;
  const bool by_batch = model.training() && options.trainable;
  const auto width = static_cast<int32_t>(input.back());
  const tf::Output image = flat ? tf::Reshape(scope, x, {-1, 1, 1, width}) : x;
  Statistics given = {mean.value, variance.value};
  if (by_batch) {
    const tf::Output none = tf::Const(scope, tf::Tensor::Allocate(tf::DataType::kFloat, {0}));
    given = {none, none};
  }
  Statistics seen;
  const tf::Output y =
      Normalize(scope, image, gamma, beta, given, by_batch, options.epsilon, &seen);
  if (by_batch) {
    AddMovingUpdate(model, mean, seen.mean, options.momentum);
    const tf::Output n = ValuesPerChannel(scope, x, input);
    AddMovingUpdate(model, variance, OfTheBatch(scope, seen.variance, n), options.momentum);
  }
  return flat ? tf::Reshape(scope, y, {-1, width}) : y;
}

}  // namespace trainyard::train
