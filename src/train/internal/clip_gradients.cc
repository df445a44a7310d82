#include "train/internal/clip_gradients.h"

#include "train/internal/arithmetic.h"
#include "train/internal/parts.h"

namespace trainyard::train::internal {
namespace {

// The sum of the squares of each gradient.
std::vector<tf::Output> Squares(const tf::Scope& scope, const std::vector<Gradient>& gradients) {
  std::vector<tf::Output> squares;
  for (const Gradient& gradient : gradients) {
    squares.push_back(tf::Sum(scope, Unary(scope, "Square", gradient.value)));
  }
  return squares;
}

// 1, or what shrinks `norm` to `limit` where it is larger.
tf::Output Shrinking(const tf::Scope& scope, const tf::Output& norm, double limit) {
  return Divide(scope, Number(scope, limit), Maximum(scope, norm, Number(scope, limit)));
}

}  // namespace

bool CheckClipping(ModelBuilder& model, const MinimizeOptions& options) {
  int set = 0;
  for (const double limit : {options.clip_value, options.clip_norm, options.clip_global_norm}) {
    if (!(limit >= 0)) {
      model.graph().Fail(
          InvalidArgumentError("Minimize: a limit for clipping is {}, it must be above 0, or 0 for "
                               "no limit",
                               limit));
      return false;
    }
    if (limit > 0) ++set;
  }
  if (set <= 1) return true;
  model.graph().Fail(InvalidArgumentError(
      "Minimize: of clip_value, clip_norm and clip_global_norm only one may be set"));
  return false;
}

std::vector<Gradient> ClipGradients(ModelBuilder& model, std::vector<Gradient> gradients,
                                    const MinimizeOptions& options) {
  const tf::Scope scope = model.scope().Inside("train").Inside("clip");
  if (options.clip_value > 0) {
    for (Gradient& gradient : gradients) {
      gradient.value = scope.Op("ClipByValue")
                           .In(gradient.value)
                           .In(Number(scope, -options.clip_value))
                           .In(Number(scope, options.clip_value))
                           .Out();
    }
  }
  if (options.clip_norm > 0) {
    const std::vector<tf::Output> squares =
        SumOverParts(scope, gradients, Squares(scope, gradients));
    for (size_t i = 0; i < gradients.size(); ++i) {
      const tf::Output norm = Unary(scope, "Sqrt", squares[i]);
      tf::Output& value = gradients[i].value;
      value = tf::Mul(scope, value, Shrinking(scope, norm, options.clip_norm));
    }
  }
  if (options.clip_global_norm > 0) {
    const tf::Output norm =
        Unary(scope, "Sqrt", scope.Op("AddN").InList(Squares(scope, gradients)).Out());
    // norm - norm is 0, or not-a-number: what is not finite must not be scaled to something that
    // looks like a gradient.
    const tf::Output factor = tf::Add(scope, Shrinking(scope, norm, options.clip_global_norm),
                                      tf::Sub(scope, norm, norm));
    for (Gradient& gradient : gradients) {
      gradient.value = tf::Mul(scope, gradient.value, factor);
    }
  }
  return gradients;
}

}  // namespace trainyard::train::internal
