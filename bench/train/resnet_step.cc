// Times the training step of the resnet example, with three blocks in a stage, on images of 32x32
// in three colours; see step_times.h. The images are random: a step's time does not depend on them.
//
// usage: resnet_step float32|bfloat16 BATCH_SIZE STEPS WARMUP
#include <algorithm>
#include <cstdio>
#include <random>
#include <string>

#include "resnet/model.h"
#include "step_times.h"
#include "train/inputs/array_input.h"

using namespace trainyard;
using namespace trainyard::train;

namespace {

Status Measure(int64_t batch_size, const bench::StepOptions& options) {
  const int64_t count = batch_size * 4;
  std::mt19937 random(1);
  tf::Tensor images = tf::Tensor::Allocate(tf::DataType::kFloat, {count, 32, 32, 3});
  for (float& value : images.data<float>()) value = static_cast<float>(random() % 256) / 255;
  tf::Tensor labels = tf::Tensor::Allocate(tf::DataType::kInt32, {count});
  for (int32_t& label : labels.data<int32_t>()) label = static_cast<int32_t>(random() % 10);
  Arrays arrays;
  arrays.features.emplace("image", std::move(images));
  arrays.labels = std::move(labels);
  ASSIGN_OR_RETURN(
      const InputPtr input,
      ArrayInput::Create(std::move(arrays),
                         {.batch_size = batch_size, .shuffle = true, .epochs = std::nullopt}));
  return bench::PrintStepTimes(resnet::ResNetModel({.blocks = 3}), input, options);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: resnet_step float32|bfloat16 BATCH_SIZE STEPS WARMUP\n");
    return 2;
  }
  const Status status = Measure(std::atoi(argv[2]), {.bfloat16 = std::string(argv[1]) == "bfloat16",
                                                     .steps = std::max(std::atoi(argv[3]), 1),
                                                     .warmup = std::atoi(argv[4])});
  if (status.ok()) return 0;
  std::fprintf(stderr, "resnet_step: %s\n", status.message().c_str());
  return 1;
}
