#include "resnet/model.h"

#include "tf/ops.h"
#include "train/layers.h"
#include "train/losses.h"
#include "train/metrics.h"
#include "train/optimizers.h"

namespace resnet {

using namespace trainyard::train;
namespace tf = trainyard::tf;

namespace {

constexpr int kStages = 3;
constexpr float kMomentum = 0.9f;  // of the moving statistics: a training of a few thousand steps

// Batch normalisation follows, which would subtract a bias again.
tf::Output Convolution(ModelBuilder& model, const tf::Output& x, int64_t filters, int64_t stride) {
  return Conv2D(model, x,
                {.filters = filters,
                 .strides = stride,
                 .padding = Padding::kSame,
                 .use_bias = false,
                 .kernel_initializer = HeNormal()});
}

tf::Output Block(ModelBuilder& model, const tf::Output& x, int64_t filters, int64_t stride) {
  tf::Output y = Convolution(model, x, filters, stride);
  y = Relu(model.scope(), BatchNorm(model, y, {.momentum = kMomentum}));
  y = Convolution(model, y, filters, 1);
  // The block starts as the identity.
  y = BatchNorm(model, y, {.momentum = kMomentum, .gamma_initializer = Zeros()});
  return Residual(model, x, y, {.batch_norm = BatchNormOptions{.momentum = kMomentum}});
}

tf::Output Logits(ModelBuilder& model, tf::Output x, const ModelOptions& options) {
  // Strides of 2 at once: a quarter of the work for all that follows, and little is lost.
  x = Convolution(model, x, options.filters, 2);
  x = Relu(model.scope(), BatchNorm(model, x, {.momentum = kMomentum}));
  int64_t filters = options.filters;
  for (int stage = 0; stage < kStages; ++stage) {
    for (int block = 0; block < options.blocks; ++block) {
      x = Block(model, x, filters, stage > 0 && block == 0 ? 2 : 1);
    }
    filters *= 2;
  }
  return Dense(model, GlobalAveragePooling2D(model, x), {.units = 10});
}

}  // namespace

ModelFn ResNetModel(const ModelOptions& options) {
  return [options](ModelBuilder& model, const Features& features, const tf::Output& labels) {
    const tf::Scope& scope = model.scope();
    tf::Output image = features.at("image");
    if (tf::OutputType(image) == tf::DataType::kUint8) {
      image = tf::Mul(scope, tf::Cast(scope, image, tf::DataType::kFloat),
                      tf::Const(scope, 1.0f / 255));
    }
    const tf::Output logits = Logits(model, image, options);
    const tf::Output classes =
        scope.Op("ArgMax", "classes").In(logits).In(tf::Const(scope, int32_t{-1})).Out();

    ModelSpec spec;
    spec.predictions = {{"classes", classes}, {"probabilities", Softmax(scope, logits)}};
    if (model.mode() == Mode::kPredict) return spec;
    spec.loss = SoftmaxCrossEntropy(model, labels, logits);
    spec.metrics = {{"accuracy", Accuracy(model, labels, classes)}};
    if (!model.training()) return spec;
    const int64_t warmup = options.max_steps / 10;
    const Schedule rate = CosineDecay(options.learning_rate, options.max_steps - warmup, 0, warmup);
    spec.train_op =
        Minimize(model, spec.loss, Momentum({.learning_rate = rate, .use_nesterov = true}),
                 {.weight_decay = options.weight_decay,
                  .exclude_from_weight_decay = {"bias", "batch_normalization", "_norm/"}});
    return spec;
  };
}

}  // namespace resnet
