#include "train/layers/dropout.h"

#include "tf/ops.h"

namespace trainyard::train {

tf::Output Dropout(ModelBuilder& model, const tf::Output& x, float rate, const std::string& name) {
  if (!(rate >= 0 && rate < 1)) {
    model.graph().Fail(
        InvalidArgumentError("the rate of {} is {}: it must be in [0, 1)", name, rate));
  }
  if (!model.training() || rate == 0) return x;
  const tf::Scope scope = model.scope().Named(name);
  const Seed seed = model.NextSeed();
  const tf::Output uniform = scope.Op("RandomUniform")
                                 .In(scope.Op("Shape").In(x).Out())
                                 .Type("dtype", tf::DataType::kFloat)
                                 .Int("seed", seed.graph)
                                 .Int("seed2", seed.operation)
                                 .Out();
  const tf::Output kept = scope.Op("GreaterEqual").In(uniform).In(tf::Const(scope, rate)).Out();
  const tf::Output mask =
      tf::Mul(scope, tf::Cast(scope, kept, tf::DataType::kFloat), tf::Const(scope, 1 / (1 - rate)));
  return tf::Mul(scope, x, mask);
}

}  // namespace trainyard::train
