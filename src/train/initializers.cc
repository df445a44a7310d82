#include "train/initializers.h"

#include <cmath>

#include "tf/ops.h"

namespace trainyard::train {
namespace {

struct Fans {
  double in = 1;
  double out = 1;
};

Fans FansOf(const tf::Shape& shape) {
  if (shape.empty()) return {};
  double window = 1;
  for (size_t i = 0; i + 2 < shape.size(); ++i) window *= static_cast<double>(shape[i]);
  const double out = static_cast<double>(shape.back());
  const double in = shape.size() == 1 ? out : static_cast<double>(shape[shape.size() - 2]);
  return {window * in, window * out};
}

tf::Output Random(const tf::Scope& scope, const char* type, const tf::Shape& shape, Seed seed) {
  return scope.Op(type)
      .In(tf::Const(scope, tf::Tensor::FromVector(shape)))
      .Type("dtype", tf::DataType::kFloat)
      .Int("seed", seed.graph)
      .Int("seed2", seed.operation)
      .Out();
}

tf::Output ScaleAndShift(const tf::Scope& scope, const tf::Output& x, float scale, float shift) {
  return tf::Add(scope, tf::Mul(scope, x, tf::Const(scope, scale)), tf::Const(scope, shift));
}

Initializer Scaled(const char* distribution, float scale, float shift) {
  return [=](const tf::Scope& scope, const tf::Shape& shape, Seed seed) {
    return ScaleAndShift(scope, Random(scope, distribution, shape, seed), scale, shift);
  };
}

}  // namespace

Initializer Zeros() { return Constant(0); }

Initializer Ones() { return Constant(1); }

Initializer Constant(float value) {
  return [=](const tf::Scope& scope, const tf::Shape& shape, Seed) {
    return tf::Fill(scope, shape, value);
  };
}

Initializer RandomUniform(float low, float high) {
  return Scaled("RandomUniform", high - low, low);
}

Initializer RandomNormal(float mean, float stddev) {
  return Scaled("RandomStandardNormal", stddev, mean);
}

Initializer TruncatedNormal(float mean, float stddev) {
  return Scaled("TruncatedNormal", stddev, mean);
}

Initializer GlorotUniform() {
  return [](const tf::Scope& scope, const tf::Shape& shape, Seed seed) {
    const Fans fans = FansOf(shape);
    const auto limit = static_cast<float>(std::sqrt(6 / (fans.in + fans.out)));
    return RandomUniform(-limit, limit)(scope, shape, seed);
  };
}

Initializer HeNormal() {
  return [](const tf::Scope& scope, const tf::Shape& shape, Seed seed) {
    // Cutting off the tails shrinks a unit normal to this standard deviation.
    constexpr double kTruncatedStddev = 0.87962566103423978;
    const double stddev = std::sqrt(2 / FansOf(shape).in) / kTruncatedStddev;
    return TruncatedNormal(0, static_cast<float>(stddev))(scope, shape, seed);
  };
}

}  // namespace trainyard::train
