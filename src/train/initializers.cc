#include "train/initializers.h"

#include <algorithm>
#include <cmath>

#include "tf/ops.h"

namespace trainyard::train {
namespace {

using FanMode = VarianceScalingOptions::Mode;
using Distribution = VarianceScalingOptions::Distribution;

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

double FanOf(const tf::Shape& shape, FanMode mode) {
  const Fans fans = FansOf(shape);
  switch (mode) {
    case FanMode::kFanIn:
      return fans.in;
    case FanMode::kFanOut:
      return fans.out;
    case FanMode::kFanAvg:
      return (fans.in + fans.out) / 2;
  }
  return 1;
}

Status WrongRank(const tf::Scope& scope, const char* initializer, const char* wanted,
                 const tf::Shape& shape) {
  return InvalidArgumentError("{} needs {}, got the shape {}", scope.FullName(initializer), wanted,
                              tf::ShapeToString(shape));
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

Initializer VarianceScaling(const VarianceScalingOptions& options) {
  return [=](const tf::Scope& scope, const tf::Shape& shape, Seed seed) {
    if (!(options.scale > 0)) {
      scope.graph().Fail(InvalidArgumentError("scale of {} is {}: it must be above 0",
                                              scope.FullName("VarianceScaling"), options.scale));
      return tf::Output();
    }
    const double variance = options.scale / std::max(1.0, FanOf(shape, options.mode));
    switch (options.distribution) {
      case Distribution::kTruncatedNormal: {
        // Cutting off the tails shrinks a unit normal to this standard deviation.
        constexpr double kTruncatedStddev = 0.87962566103423978;
        return TruncatedNormal(0, static_cast<float>(std::sqrt(variance) / kTruncatedStddev))(
            scope, shape, seed);
      }
      case Distribution::kUntruncatedNormal:
        return RandomNormal(0, static_cast<float>(std::sqrt(variance)))(scope, shape, seed);
      case Distribution::kUniform: {
        const auto limit = static_cast<float>(std::sqrt(3 * variance));
        return RandomUniform(-limit, limit)(scope, shape, seed);
      }
    }
    return tf::Output();
  };
}

Initializer GlorotUniform() {
  return VarianceScaling({.mode = FanMode::kFanAvg, .distribution = Distribution::kUniform});
}

Initializer GlorotNormal() { return VarianceScaling({.mode = FanMode::kFanAvg}); }

Initializer HeUniform() {
  return VarianceScaling({.scale = 2, .distribution = Distribution::kUniform});
}

Initializer HeNormal() { return VarianceScaling({.scale = 2}); }

Initializer LecunUniform() { return VarianceScaling({.distribution = Distribution::kUniform}); }

Initializer LecunNormal() { return VarianceScaling(); }

Initializer Orthogonal(float gain) {
  return [=](const tf::Scope& scope, const tf::Shape& shape, Seed seed) {
    if (shape.size() < 2) {
      scope.graph().Fail(WrongRank(scope, "Orthogonal", "two sizes or more", shape));
      return tf::Output();
    }
    const int64_t columns = shape.back();
    const int64_t rows = tf::NumElements({shape.begin(), shape.end() - 1});
    const tf::Shape tall = {std::max(rows, columns), std::min(rows, columns)};
    const tf::Operation qr =
        scope.Op("Qr").In(Random(scope, "RandomStandardNormal", tall, seed)).Finish();
    if (qr == nullptr) return tf::Output();
    // Signs as in Python: without them the matrices would not be spread evenly.
    const tf::Output diagonal = scope.Op("MatrixDiagPart").In({qr, 1}).Out();
    tf::Output q = tf::Mul(scope, {qr, 0}, scope.Op("Sign").In(diagonal).Out());
    if (rows < columns) {
      q = scope.Op("Transpose")
              .In(q)
              .In(tf::Const(scope, tf::Tensor::FromVector<int32_t>({1, 0})))
              .Out();
    }
    std::vector<int32_t> sizes(shape.begin(), shape.end());
    return tf::Mul(scope, tf::Reshape(scope, q, sizes), tf::Const(scope, gain));
  };
}

Initializer Identity(float gain) {
  return [=](const tf::Scope& scope, const tf::Shape& shape, Seed) {
    if (shape.size() != 2) {
      scope.graph().Fail(WrongRank(scope, "Identity", "two sizes", shape));
      return tf::Output();
    }
    return scope.Op("MatrixDiagV2")
        .In(tf::Fill(scope, {std::min(shape[0], shape[1])}, gain))
        .In(tf::Const(scope, int32_t{0}))
        .In(tf::Const(scope, static_cast<int32_t>(shape[0])))
        .In(tf::Const(scope, static_cast<int32_t>(shape[1])))
        .In(tf::Const(scope, 0.0f))
        .Out();
  };
}

}  // namespace trainyard::train
