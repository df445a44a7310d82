#include "train/layers/dropout.h"

#include <algorithm>

#include "tf/ops.h"
#include "train/internal/layer_shapes.h"

namespace trainyard::train {
namespace {

bool CheckNoiseShape(ModelBuilder& model, const tf::Output& x, const DropoutOptions& options) {
  const tf::Shape& noise = options.noise_shape;
  if (noise.empty()) return true;
  if (!model.graph().status().ok()) return false;
  const Result<tf::Shape> shape = x ? model.graph().OutputShape(x) : tf::Shape();
  const bool fits =
      shape.ok() && shape->size() == noise.size() &&
      std::all_of(noise.begin(), noise.end(), [](auto n) { return n == -1 || n == 1; });
  if (fits) return true;
  model.graph().Fail(InvalidArgumentError(
      "the noise_shape {} of {} must have a -1 or 1 for each dimension of \"{}\" {}",
      tf::ShapeToString(noise), options.name, tf::OutputName(x),
      shape.ok() ? tf::ShapeToString(*shape) : "of unknown rank"));
  return false;
}

// The shape of x, with 1 where `noise` asks for it. What is known of it is a constant, so that the
// result's sizes are known as those of x are.
tf::Output NoiseShape(const tf::Scope& scope, const tf::Output& x, const tf::Shape& noise) {
  const tf::Output shape = scope.Op("Shape").In(x).Out();
  if (noise.empty() || !shape) return shape;
  const tf::Shape known = scope.graph().OutputShape(x).value();
  std::vector<tf::Output> sizes;
  for (size_t i = 0; i < noise.size(); ++i) {
    const int64_t size = noise[i] == 1 ? 1 : known[i];
    sizes.push_back(size >= 0 ? tf::Const(scope, static_cast<int32_t>(size))
                              : internal::SizeAt(scope, shape, static_cast<int32_t>(i)));
  }
  return scope.Op("Pack").InList(sizes).Out();
}

}  // namespace

tf::Output Dropout(ModelBuilder& model, const tf::Output& x, const DropoutOptions& options) {
  const float rate = options.rate;
  if (!(rate >= 0 && rate < 1)) {
    model.graph().Fail(
        InvalidArgumentError("the rate of {} is {}: it must be in [0, 1)", options.name, rate));
  }
  if (!CheckNoiseShape(model, x, options)) return {};
  if (!model.training() || rate == 0) return x;
  const tf::Scope scope = model.scope().Named(options.name);
  const Seed seed = model.NextSeed();
  const tf::Output uniform = scope.Op("RandomUniform")
                                 .In(NoiseShape(scope, x, options.noise_shape))
                                 .Type("dtype", tf::DataType::kFloat)
                                 .Int("seed", seed.graph)
                                 .Int("seed2", seed.operation)
                                 .Out();
  const tf::Output kept = scope.Op("GreaterEqual").In(uniform).In(tf::Const(scope, rate)).Out();
  const tf::Output mask =
      tf::Mul(scope, tf::Cast(scope, kept, tf::DataType::kFloat), tf::Const(scope, 1 / (1 - rate)));
  return tf::Mul(scope, x, mask);
}

tf::Output Dropout(ModelBuilder& model, const tf::Output& x, float rate, const std::string& name) {
  return Dropout(model, x, DropoutOptions{.rate = rate, .name = name});
}

}  // namespace trainyard::train
