#include "train/losses.h"

#include "tf/ops.h"
#include "train/internal/layer_shapes.h"

namespace trainyard::train {

tf::Output SoftmaxCrossEntropy(ModelBuilder& model, const tf::Output& labels,
                               const tf::Output& logits) {
  const tf::Scope scope = model.scope().Named("softmax_cross_entropy");
  const tf::Shape shape =
      internal::LayerInputShape(model, logits, "softmax_cross_entropy", "[batch,classes]", {2});
  if (shape.empty()) return {};
  const tf::Output one_hot = scope.Op("OneHot")
                                 .In(labels)
                                 .In(tf::Const(scope, static_cast<int32_t>(shape.back())))
                                 .In(tf::Const(scope, 1.0f))
                                 .In(tf::Const(scope, 0.0f))
                                 .Out();
  const tf::Output each = scope.Op("SoftmaxCrossEntropyWithLogits").In(logits).In(one_hot).Out();
  return tf::Mean(scope, each);
}

tf::Output MeanSquaredError(ModelBuilder& model, const tf::Output& labels,
                            const tf::Output& predictions) {
  const tf::Scope scope = model.scope().Named("mean_squared_error");
  return tf::Mean(scope, scope.Op("SquaredDifference").In(predictions).In(labels).Out());
}

}  // namespace trainyard::train
