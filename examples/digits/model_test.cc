#include "digits/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "train/inputs/array_input.h"
#include "train/model_graph.h"

namespace digits {
namespace {

using namespace trainyard;
using namespace trainyard::train;
using ::testing::Each;
using ::testing::ElementsAre;

std::unique_ptr<ModelGraph> Build(Mode mode, const ModelOptions& options = {},
                                  tf::DataType image = tf::DataType::kUint8) {
  InputSpec input{.features = {{"image", {image, {-1, 28, 28, 1}}}}, .labels = {}};
  if (mode != Mode::kPredict) input.labels = FeatureSpec{tf::DataType::kInt32, {-1}};
  auto model = ModelGraph::Build(DigitsModel(options), input, {.mode = mode, .seed = 1});
  EXPECT_TRUE(model.ok()) << model.status();
  return std::move(model).value();
}

// Images of noise, but for a bright square whose place tells the digit.
Arrays Squares(int64_t count) {
  std::mt19937 random(1);
  std::vector<uint8_t> pixels(static_cast<size_t>(count * 784));
  std::vector<int32_t> labels(static_cast<size_t>(count));
  for (uint8_t& pixel : pixels) pixel = static_cast<uint8_t>(random() % 64);
  for (size_t i = 0; i < labels.size(); ++i) {
    labels[i] = static_cast<int32_t>(random() % 10);
    const size_t row = 2 + static_cast<size_t>(labels[i]) / 5 * 14;
    const size_t column = 1 + static_cast<size_t>(labels[i]) % 5 * 5;
    for (size_t y = row; y < row + 8; ++y) {
      for (size_t x = column; x < column + 4; ++x) pixels[i * 784 + y * 28 + x] = 255;
    }
  }
  Arrays arrays;
  arrays.features.emplace("image", tf::Tensor::FromValues<uint8_t>({count, 28, 28, 1}, pixels));
  arrays.labels = tf::Tensor::FromVector(labels);
  return arrays;
}

TEST(DigitsModelTest, HasTheTutorialsVariables) {
  const auto model = Build(Mode::kEval);
  std::vector<std::string> kernels;
  int64_t trainable = 0;
  for (const Variable* variable : model->model().trainable_variables()) {
    trainable += tf::NumElements(variable->shape);
    if (variable->name.ends_with("/kernel")) {
      kernels.push_back(variable->name + tf::ShapeToString(variable->shape));
    }
  }
  EXPECT_THAT(kernels, ElementsAre("conv2d/kernel[5,5,1,32]", "conv2d_1/kernel[5,5,32,32]",
                                   "dense/kernel[1568,1024]", "dense_1/kernel[1024,10]"));
  EXPECT_EQ(trainable, 800 + 25600 + 4 * 32 + 1568 * 1024 + 1024 + 10240 + 10);
}

TEST(DigitsModelTest, HiddenLayersAreCounted) {
  for (const int layers : {1, 2, 3, 4}) {
    const auto model = Build(Mode::kTrain, {.hidden_layers = layers});
    int convolutions = 0;
    for (const Variable& variable : model->model().variables()) {
      convolutions += variable.name.starts_with("conv2d") && variable.name.ends_with("/kernel");
    }
    EXPECT_EQ(convolutions, layers);
  }
}

TEST(DigitsModelTest, BytesAndFloatsFromZeroToOneMeanTheSame) {
  std::vector<std::vector<float>> probabilities;
  for (const tf::DataType type : {tf::DataType::kUint8, tf::DataType::kFloat}) {
    const auto model = Build(Mode::kPredict, {}, type);
    auto session = tf::Session::Create(model->graph(), {}).value();
    ASSERT_TRUE(session->Run(model->init_op()).ok());
    Batch batch{.features = std::move(Squares(4).features), .labels = {}};
    if (type == tf::DataType::kFloat) {
      const tf::Tensor bytes = std::move(batch.features.at("image"));
      tf::Tensor floats = tf::Tensor::Allocate(type, bytes.shape());
      for (size_t i = 0; i < floats.data<float>().size(); ++i) {
        floats.data<float>()[i] = static_cast<float>(bytes.data<uint8_t>()[i]) / 255;
      }
      batch.features.at("image") = std::move(floats);
    }
    const std::vector<tf::Output> fetches = {model->spec().predictions.at("probabilities"),
                                             model->spec().predictions.at("classes")};
    const auto values = session->Run(model->Feeds(batch).value(), fetches, {}).value();
    const std::span<const float> row = values[0].data<float>();
    probabilities.emplace_back(row.begin(), row.end());
    EXPECT_EQ(values[1].dtype(), tf::DataType::kInt64);
    EXPECT_THAT(values[1].shape(), ElementsAre(4));
  }
  ASSERT_EQ(probabilities[0].size(), 40u);
  EXPECT_THAT(probabilities[1],
              ::testing::Pointwise(::testing::FloatNear(1e-5f), probabilities[0]));
}

TEST(DigitsModelTest, Learns) {
  const auto model = Build(Mode::kTrain, {.hidden_layers = 1, .max_steps = 25});
  const auto input =
      ArrayInput::Create(Squares(200), {.batch_size = 40, .seed = 1, .epochs = std::nullopt})
          .value();
  const auto batches = input->MakeIterator().value();
  auto session = tf::Session::Create(model->graph(), {}).value();
  ASSERT_TRUE(session->Run(model->init_op()).ok());
  std::vector<float> losses;
  for (int step = 0; step < 25; ++step) {
    const Batch batch = std::move(*batches->Next().value());
    const std::vector<tf::Output> fetches = {model->spec().loss};
    const std::vector<tf::Operation> targets = {model->spec().train_op};
    losses.push_back(
        session->Run(model->Feeds(batch).value(), fetches, targets).value()[0].scalar<float>());
  }
  EXPECT_GT(losses.front(), 1.5f);
  EXPECT_LT(losses.back(), 0.2f);
}

}  // namespace
}  // namespace digits
