#include "train/layers.h"

#include "exact_cases.h"
#include "tf/ops.h"

namespace trainyard::exact {
namespace {

using train::ModelBuilder;
using train::Padding;

// A case of one input "x" and one output "y".
void PrintLayer(const std::string& name, const tf::Shape& input,
                const std::function<tf::Output(ModelBuilder&, const tf::Output&)>& build) {
  PrintCase(name, {{"x", Numbers(input, 1)}}, [&](ModelBuilder& model, const Outputs& in) {
    return Outputs{{"y", build(model, in.at("x"))}};
  });
}

void PrintActivation(const std::string& name, train::Activation activation) {
  PrintCase(name, {{"x", Numbers({4, 3, 5}, 1)}}, [&](ModelBuilder& model, const Outputs& in) {
    const tf::Output wide = tf::Mul(model.scope(), in.at("x"), tf::Const(model.scope(), 5.0f));
    return Outputs{{"y", activation(model.scope(), wide)}};
  });
}

void PrintActivations() {
  PrintActivation("relu", train::Relu);
  PrintActivation("relu6", train::Relu6);
  PrintActivation("leaky_relu", train::LeakyRelu);
  PrintActivation("elu", train::Elu);
  PrintActivation("selu", train::Selu);
  PrintActivation("gelu", train::Gelu);
  PrintActivation("gelu_tanh", train::GeluTanh);
  PrintActivation("swish", train::Swish);
  PrintActivation("softplus", train::Softplus);
  PrintActivation("softsign", train::Softsign);
  PrintActivation("sigmoid", train::Sigmoid);
  PrintActivation("hard_sigmoid", train::HardSigmoid);
  PrintActivation("tanh", train::Tanh);
  PrintActivation("softmax", train::Softmax);
  PrintActivation("log_softmax", train::LogSoftmax);
}

void PrintConvolutions() {
  PrintLayer("conv2d", {2, 6, 5, 3}, [](ModelBuilder& model, const tf::Output& x) {
    return Conv2D(model, x,
                  {.filters = 4,
                   .kernel_size = {3, 2},
                   .strides = {2, 1},
                   .padding = Padding::kSame,
                   .activation = train::Relu});
  });
  PrintLayer("conv2d_dilated_same", {2, 7, 8, 3}, [](ModelBuilder& model, const tf::Output& x) {
    return Conv2D(model, x, {.filters = 2, .padding = Padding::kSame, .dilation_rate = {2, 3}});
  });
  PrintLayer("conv2d_dilated_valid", {2, 7, 8, 3}, [](ModelBuilder& model, const tf::Output& x) {
    return Conv2D(model, x, {.filters = 2, .kernel_size = {2, 3}, .dilation_rate = 2});
  });
  PrintLayer("depthwise_conv2d", {2, 6, 5, 3}, [](ModelBuilder& model, const tf::Output& x) {
    return DepthwiseConv2D(model, x,
                           {.kernel_size = {3, 2},
                            .strides = 2,
                            .padding = Padding::kSame,
                            .depth_multiplier = 2,
                            .bias_initializer = train::Constant(0.25f)});
  });
  PrintLayer("depthwise_conv2d_dilated", {2, 6, 7, 2},
             [](ModelBuilder& model, const tf::Output& x) {
               return DepthwiseConv2D(model, x, {.padding = Padding::kSame, .dilation_rate = 2});
             });
  PrintLayer("separable_conv2d", {2, 6, 5, 3}, [](ModelBuilder& model, const tf::Output& x) {
    return SeparableConv2D(
        model, x, {.filters = 4, .strides = 2, .depth_multiplier = 2, .activation = train::Tanh});
  });
  PrintLayer("conv2d_transpose_same", {2, 3, 4, 3}, [](ModelBuilder& model, const tf::Output& x) {
    return Conv2DTranspose(model, x, {.filters = 2, .strides = {2, 3}, .padding = Padding::kSame});
  });
  PrintLayer("conv2d_transpose_valid", {2, 3, 4, 3}, [](ModelBuilder& model, const tf::Output& x) {
    return Conv2DTranspose(model, x, {.filters = 2, .kernel_size = {4, 2}, .strides = {2, 3}});
  });
}

// With the moving statistics as the layer's update leaves them.
void PrintBatchNorm(const std::string& name, const tf::Shape& input, float momentum,
                    const train::BatchNormOptions& layer) {
  PrintCase(name, {{"x", Numbers(input, 1)}}, [&](ModelBuilder& model, const Outputs& in) {
    train::BatchNormOptions options = layer;
    options.momentum = momentum;
    // Tanh, because the squares of normalised values hardly depend on x: a gradient of rounding.
    Outputs outputs = {{"y", train::Tanh(model.scope(), BatchNorm(model, in.at("x"), options))}};
    for (const train::Variable& variable : model.variables()) {
      if (variable.name.find("/moving_") == std::string::npos) continue;
      outputs[variable.name.substr(variable.name.find('/') + 1)] =
          model.scope()
              .Op("ReadVariableOp")
              .In(variable.handle)
              .Type("dtype", variable.dtype)
              .Control(model.updates())
              .Out();
    }
    return outputs;
  });
}

void PrintNormalisations() {
  PrintBatchNorm(
      "batch_norm_of_images", {3, 4, 5, 2}, 0.9f,
      {.beta_initializer = train::Constant(0.5f), .gamma_initializer = train::Constant(1.5f)});
  PrintBatchNorm("batch_norm_of_vectors", {6, 3}, 0.75f, {.epsilon = 0.01f});
  PrintBatchNorm("batch_norm_without_scale", {3, 4, 5, 2}, 0.99f, {.scale = false});
  PrintBatchNorm("batch_norm_frozen", {3, 4, 5, 2}, 0.9f,
                 {.trainable = false,
                  .gamma_initializer = train::Constant(1.5f),
                  .moving_mean_initializer = train::Constant(0.25f),
                  .moving_variance_initializer = train::Constant(2)});
  PrintLayer("layer_norm", {3, 4, 5}, [](ModelBuilder& model, const tf::Output& x) {
    return LayerNorm(
        model, x,
        {.beta_initializer = train::Constant(0.5f), .gamma_initializer = train::Constant(1.5f)});
  });
  PrintLayer("layer_norm_without_center", {3, 4}, [](ModelBuilder& model, const tf::Output& x) {
    return LayerNorm(model, x, {.epsilon = 0.01f, .center = false});
  });
}

void PrintOthers() {
  PrintLayer("max_pooling2d", {2, 5, 6, 2}, [](ModelBuilder& model, const tf::Output& x) {
    return MaxPooling2D(
        model, x, {.pool_size = {3, 2}, .strides = train::Size2D(2), .padding = Padding::kSame});
  });
  PrintLayer("average_pooling2d", {2, 5, 6, 2}, [](ModelBuilder& model, const tf::Output& x) {
    return AveragePooling2D(
        model, x, {.pool_size = {3, 2}, .strides = train::Size2D(2), .padding = Padding::kSame});
  });
  PrintLayer("global_average_pooling2d", {2, 3, 4, 3},
             [](ModelBuilder& model, const tf::Output& x) {
               return GlobalAveragePooling2D(model, x, {.keepdims = true});
             });
  PrintLayer("global_max_pooling2d", {2, 3, 4, 3},
             [](ModelBuilder& model, const tf::Output& x) { return GlobalMaxPooling2D(model, x); });
  PrintLayer("zero_padding2d", {2, 3, 4, 2}, [](ModelBuilder& model, const tf::Output& x) {
    return ZeroPadding2D(model, x, {.top = 0, .bottom = 1, .left = 2, .right = 3});
  });
  PrintLayer("reshape", {3, 8}, [](ModelBuilder& model, const tf::Output& x) {
    return Reshape(model, x, {2, -1, 2});
  });
  PrintCase("concatenate", {{"a", Numbers({3, 2}, 1)}, {"b", Numbers({3, 4}, 2)}},
            [](ModelBuilder& model, const Outputs& in) {
              return Outputs{{"y", Concatenate(model, {in.at("a"), in.at("b"), in.at("a")})}};
            });
  PrintLayer("residual_block", {2, 6, 6, 2}, [](ModelBuilder& model, const tf::Output& x) {
    tf::Output y = Conv2D(
        model, x, {.filters = 3, .strides = 2, .padding = Padding::kSame, .use_bias = false});
    y = train::Relu(model.scope(), BatchNorm(model, y));
    y = Conv2D(model, y, {.filters = 3, .padding = Padding::kSame, .use_bias = false});
    return Residual(model, x, BatchNorm(model, y));
  });
}

}  // namespace

void PrintLayers() {
  PrintLayer("dense", {3, 4}, [](ModelBuilder& model, const tf::Output& x) {
    return Dense(
        model, x,
        {.units = 2, .activation = train::Tanh, .bias_initializer = train::Constant(0.5f)});
  });
  PrintActivations();
  PrintConvolutions();
  PrintNormalisations();
  PrintOthers();
}

}  // namespace trainyard::exact
