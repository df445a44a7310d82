#include "resnet/model.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/files.h"
#include "resnet/augment.h"
#include "train/estimator.h"
#include "train/inputs/array_input.h"
#include "train/inputs/pipeline.h"

namespace resnet {
namespace {

using namespace trainyard;
using namespace trainyard::train;

// Noise, and a bright bar whose height tells the kind; mirroring and small shifts keep it.
Arrays Bars(int64_t count) {
  Random random(1);
  std::vector<uint8_t> pixels(static_cast<size_t>(count * 784));
  std::vector<int32_t> labels(static_cast<size_t>(count));
  for (uint8_t& pixel : pixels) pixel = static_cast<uint8_t>(random.Below(32));
  for (size_t i = 0; i < labels.size(); ++i) {
    labels[i] = static_cast<int32_t>(random.Below(4));
    const size_t top = 2 + 6 * static_cast<size_t>(labels[i]);
    std::fill_n(pixels.begin() + static_cast<long>(i * 784 + top * 28), 4 * 28, uint8_t{255});
  }
  Arrays arrays;
  arrays.features.emplace("image", tf::Tensor::FromValues<uint8_t>({count, 28, 28, 1}, pixels));
  arrays.labels = tf::Tensor::FromVector(labels);
  return arrays;
}

TEST(ResNetModelTest, BlocksAndFiltersMakeItsSize) {
  const InputSpec input{.features = {{"image", {tf::DataType::kUint8, {-1, 28, 28, 1}}}},
                        .labels = FeatureSpec{tf::DataType::kInt32, {-1}}};
  for (const int blocks : {1, 3}) {
    const auto model = ModelGraph::Build(ResNetModel({.blocks = blocks}), input,
                                         {.mode = Mode::kTrain, .seed = 1});
    ASSERT_TRUE(model.ok()) << model.status();
    int convolutions = 0, projections = 0;
    for (const Variable* variable : (*model)->model().trainable_variables()) {
      convolutions += variable->shape.size() == 4;
      projections += variable->name.ends_with("projection/kernel");
    }
    EXPECT_EQ(convolutions, 1 + 3 * 2 * blocks + 2);
    EXPECT_EQ(projections, 2);
  }
}

TEST(ResNetModelTest, Learns) {
  TemporaryDirectory directory;
  const RunConfig config{.model_dir = directory.path(), .tf_random_seed = 1};
  const ModelOptions options{.filters = 8, .max_steps = 40};
  Result<InputPtr> arrays = []() -> Result<InputPtr> {
    ASSIGN_OR_RETURN(
        InputPtr input,
        ArrayInput::Create(Bars(400),
                           {.batch_size = 40, .shuffle = true, .seed = 1, .epochs = std::nullopt}));
    return input;
  }();
  const InputPtr train = Pipeline(std::move(arrays)).Map(Augment(1), {.seed = 1}).Build().value();
  const InputPtr test = ArrayInput::Create(Bars(200), {}).value();
  const Estimator estimator(ResNetModel(options), config);
  ASSERT_TRUE(estimator.Train(train, {.max_steps = options.max_steps}).ok());
  const Result<EvalResult> result = estimator.Evaluate(test);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_GT(result->metrics.at("accuracy"), 0.9);
}

}  // namespace
}  // namespace resnet
