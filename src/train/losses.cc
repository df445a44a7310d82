#include "train/losses.h"

#include "train/internal/arithmetic.h"
#include "train/internal/layer_shapes.h"
#include "train/internal/loss_reduction.h"

namespace trainyard::train {
namespace {

using internal::Binary;
using internal::Number;
using internal::Plus;
using internal::Scale;
using internal::Unary;

bool CheckSmoothing(const tf::Scope& scope, double smoothing) {
  if (smoothing >= 0 && smoothing < 1) return true;
  scope.graph().Fail(
      InvalidArgumentError("{}: label_smoothing is {}, it must be at least 0 and below 1",
                           internal::NameOf(scope), smoothing));
  return false;
}

// A row per label, 1 at its class. Each label is looked up among the class numbers first, which
// ends the run by the name of one that is none; OneHot alone would leave its row empty.
tf::Output OneHot(const tf::Scope& scope, const tf::Output& labels, int64_t classes) {
  const bool is_index = tf::OutputType(labels) == tf::DataType::kInt32 ||
                        tf::OutputType(labels) == tf::DataType::kInt64;
  const auto count = static_cast<int32_t>(classes);
  const tf::Output numbers = scope.Op("Range")
                                 .In(tf::Const(scope, int32_t{0}))
                                 .In(tf::Const(scope, count))
                                 .In(tf::Const(scope, int32_t{1}))
                                 .Out();
  const tf::Output checked =
      scope.Op("GatherV2", "labels")
          .In(numbers)
          .In(is_index ? labels : tf::Cast(scope, labels, tf::DataType::kInt32))
          .In(tf::Const(scope, int32_t{0}))
          .Out();
  return scope.Op("OneHot")
      .In(checked)
      .In(tf::Const(scope, count))
      .In(Number(scope, 1))
      .In(Number(scope, 0))
      .Out();
}

// What stands for an error: labels and predictions of the same shape, as floats.
struct Pair {
  tf::Output labels;
  tf::Output predictions;
};

Pair Floats(const tf::Scope& scope, const tf::Output& labels, const tf::Output& predictions) {
  if (!internal::CheckSameShape(scope, "labels", labels, predictions)) return {};
  return {tf::Cast(scope, labels, tf::DataType::kFloat), predictions};
}

}  // namespace

tf::Output SoftmaxCrossEntropy(ModelBuilder& model, const tf::Output& labels,
                               const tf::Output& logits, const CrossEntropyOptions& options) {
  const tf::Scope scope = model.scope().Named("softmax_cross_entropy");
  const tf::Shape shape =
      internal::LayerInputShape(model, logits, "softmax_cross_entropy", "[batch,classes]", {2});
  if (shape.empty() || !CheckSmoothing(scope, options.label_smoothing)) return {};
  const bool sparse = tf::OutputType(labels) != tf::DataType::kFloat;
  const double smoothing = options.label_smoothing;
  tf::Output wanted = sparse ? OneHot(scope, labels, shape.back()) : labels;
  if (!internal::CheckSameShape(scope, "labels", wanted, logits)) return {};
  if (smoothing > 0) {
    wanted = Plus(scope, Scale(scope, wanted, 1 - smoothing),
                  smoothing / static_cast<double>(shape.back()));
  }
  const tf::Output losses = scope.Op("SoftmaxCrossEntropyWithLogits").In(logits).In(wanted).Out();
  return internal::Reduce(scope, losses, options.weights, options.reduction);
}

tf::Output SigmoidCrossEntropy(ModelBuilder& model, const tf::Output& labels,
                               const tf::Output& logits, const CrossEntropyOptions& options) {
  const tf::Scope scope = model.scope().Named("sigmoid_cross_entropy");
  if (!CheckSmoothing(scope, options.label_smoothing)) return {};
  auto [wanted, x] = Floats(scope, labels, logits);
  if (!x) return {};
  if (options.label_smoothing > 0) {
    wanted =
        Plus(scope, Scale(scope, wanted, 1 - options.label_smoothing), options.label_smoothing / 2);
  }
  // -log(sigmoid(x)) = softplus(-x), which neither overflows nor loses small losses.
  const tf::Output if_one = Unary(scope, "Softplus", Unary(scope, "Neg", x));
  const tf::Output if_zero = Unary(scope, "Softplus", x);
  const tf::Output losses =
      tf::Add(scope, tf::Mul(scope, wanted, if_one),
              tf::Mul(scope, tf::Sub(scope, Number(scope, 1), wanted), if_zero));
  return internal::Reduce(scope, internal::MeanPerExample(scope, losses), options.weights,
                          options.reduction);
}

tf::Output MeanSquaredError(ModelBuilder& model, const tf::Output& labels,
                            const tf::Output& predictions, const LossOptions& options) {
  const tf::Scope scope = model.scope().Named("mean_squared_error");
  const auto [wanted, found] = Floats(scope, labels, predictions);
  if (!found) return {};
  const tf::Output losses = Binary(scope, "SquaredDifference", found, wanted);
  return internal::Reduce(scope, internal::MeanPerExample(scope, losses), options.weights,
                          options.reduction);
}

tf::Output MeanAbsoluteError(ModelBuilder& model, const tf::Output& labels,
                             const tf::Output& predictions, const LossOptions& options) {
  const tf::Scope scope = model.scope().Named("mean_absolute_error");
  const auto [wanted, found] = Floats(scope, labels, predictions);
  if (!found) return {};
  const tf::Output losses = Unary(scope, "Abs", tf::Sub(scope, found, wanted));
  return internal::Reduce(scope, internal::MeanPerExample(scope, losses), options.weights,
                          options.reduction);
}

tf::Output Huber(ModelBuilder& model, const tf::Output& labels, const tf::Output& predictions,
                 const HuberOptions& options) {
  const tf::Scope scope = model.scope().Named("huber");
  if (!(options.delta > 0)) {
    model.graph().Fail(InvalidArgumentError("{}: delta is {}, it must be above 0",
                                            internal::NameOf(scope), options.delta));
    return {};
  }
  const auto [wanted, found] = Floats(scope, labels, predictions);
  if (!found) return {};
  const tf::Output error = Unary(scope, "Abs", tf::Sub(scope, found, wanted));
  // Of the part of the error up to delta, and of the part beyond.
  const tf::Output near = internal::Minimum(scope, error, Number(scope, options.delta));
  const tf::Output losses = tf::Add(scope, Scale(scope, Unary(scope, "Square", near), 0.5),
                                    Scale(scope, tf::Sub(scope, error, near), options.delta));
  return internal::Reduce(scope, internal::MeanPerExample(scope, losses), options.weights,
                          options.reduction);
}

tf::Output Hinge(ModelBuilder& model, const tf::Output& labels, const tf::Output& predictions,
                 const LossOptions& options) {
  const tf::Scope scope = model.scope().Named("hinge");
  const auto [wanted, found] = Floats(scope, labels, predictions);
  if (!found) return {};
  const tf::Output sign = Plus(scope, Scale(scope, wanted, 2), -1);
  const tf::Output margin = tf::Sub(scope, Number(scope, 1), tf::Mul(scope, sign, found));
  return internal::Reduce(scope, internal::MeanPerExample(scope, Unary(scope, "Relu", margin)),
                          options.weights, options.reduction);
}

}  // namespace trainyard::train
