#include "train/layers/layer_norm.h"

#include "tf/ops.h"
#include "train/internal/layer_shapes.h"

namespace trainyard::train {
namespace {

tf::Output MeanOfLast(const tf::Scope& scope, const tf::Output& x) {
  return scope.Op("Mean")
      .In(x)
      .In(tf::Const(scope, tf::Tensor::FromVector<int32_t>({-1})))
      .Bool("keep_dims", true)
      .Out();
}

}  // namespace

tf::Output LayerNorm(ModelBuilder& model, const tf::Output& x, const LayerNormOptions& options) {
  const tf::Scope scope = model.scope().Named(options.name);
  const std::string layer = scope.FullName("LayerNorm");
  const tf::Shape input =
      internal::LayerInputShape(model, x, layer, "[batch,...,features]", {2, 3, 4, 5, 6});
  if (input.empty() || !internal::CheckEpsilon(model, layer, options.epsilon)) return {};
  const tf::Shape features = {input.back()};
  // Centred first: the mean of squares minus the squared mean would lose digits where means are
  // large.
  const tf::Output centred = tf::Sub(scope, x, MeanOfLast(scope, x));
  const tf::Output variance = MeanOfLast(scope, scope.Op("Square").In(centred).Out());
  const tf::Output factor =
      scope.Op("Rsqrt").In(tf::Add(scope, variance, tf::Const(scope, options.epsilon))).Out();
  tf::Output y = tf::Mul(scope, centred, factor);
  if (options.scale) {
    const Variable& gamma =
        model.AddVariable(scope.FullName("gamma"), features, options.gamma_initializer);
    y = tf::Mul(scope, y, gamma.value);
  }
  if (options.center) {
    const Variable& beta =
        model.AddVariable(scope.FullName("beta"), features, options.beta_initializer);
    y = tf::Add(scope, y, beta.value);
  }
  return y;
}

}  // namespace trainyard::train
