#include "digits/model.h"

#include "tf/ops.h"
#include "train/layers.h"
#include "train/losses.h"
#include "train/metrics.h"
#include "train/optimizers.h"

namespace digits {

using namespace trainyard::train;
namespace tf = trainyard::tf;

namespace {

tf::Output Logits(ModelBuilder& model, tf::Output x, int hidden_layers) {
  for (int i = 0; i < hidden_layers; ++i) {
    x = Conv2D(model, x,
               {.filters = 32, .kernel_size = 5, .padding = Padding::kSame, .use_bias = false});
    x = BatchNorm(model, x, {.momentum = 0.9f});
    // ReLU and pooling by the largest value commute; after pooling ReLU has a quarter of the work.
    x = MaxPooling2D(model, x, {.pool_size = 2});
    x = Relu(model.scope(), x);
  }
  x = Dense(model, Flatten(model, x), {.units = 1024, .activation = Relu});
  x = Dropout(model, x, 0.4f);
  return Dense(model, x, {.units = 10});
}

}  // namespace

ModelFn DigitsModel(const ModelOptions& options) {
  return [options](ModelBuilder& model, const Features& features, const tf::Output& labels) {
    const tf::Scope& scope = model.scope();
    tf::Output image = features.at("image");
    if (tf::OutputType(image) == tf::DataType::kUint8) {
      image = tf::Mul(scope, tf::Cast(scope, image, tf::DataType::kFloat),
                      tf::Const(scope, 1.0f / 255));
    }
    const tf::Output logits = Logits(model, image, options.hidden_layers);
    const tf::Output classes =
        scope.Op("ArgMax", "classes").In(logits).In(tf::Const(scope, int32_t{-1})).Out();

    ModelSpec spec;
    spec.predictions = {{"classes", classes}, {"probabilities", Softmax(scope, logits)}};
    if (model.mode() == Mode::kPredict) return spec;
    spec.loss = SoftmaxCrossEntropy(model, labels, logits);
    spec.metrics = {{"accuracy", Accuracy(model, labels, classes)}};
    if (!model.training()) return spec;
    const int64_t warmup = options.max_steps / 12;
    const Schedule rate = CosineDecay(options.learning_rate, options.max_steps - warmup, 0, warmup);
    spec.train_op = Minimize(model, spec.loss, Adam({.learning_rate = rate}));
    return spec;
  };
}

}  // namespace digits
