// Times the training step of the digits example; see step_times.h.
//
// usage: digits_step DATA_DIR float32|bfloat16 BATCH_SIZE STEPS WARMUP
#include <algorithm>
#include <cstdio>
#include <string>

#include "digits/model.h"
#include "step_times.h"
#include "train/inputs/array_input.h"
#include "train/inputs/mnist.h"

using namespace trainyard;
using namespace trainyard::train;

namespace {

Status Measure(const std::string& data_dir, int64_t batch_size, const bench::StepOptions& options) {
  ASSIGN_OR_RETURN(Arrays digits, LoadMnist(data_dir, MnistPart::kTrain));
  ASSIGN_OR_RETURN(
      const InputPtr input,
      ArrayInput::Create(std::move(digits),
                         {.batch_size = batch_size, .shuffle = true, .epochs = std::nullopt}));
  return bench::PrintStepTimes(digits::DigitsModel({}), input, options);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fprintf(stderr, "usage: digits_step DATA_DIR float32|bfloat16 BATCH_SIZE STEPS WARMUP\n");
    return 2;
  }
  const Status status = Measure(argv[1], std::atoi(argv[3]),
                                {.bfloat16 = std::string(argv[2]) == "bfloat16",
                                 .steps = std::max(std::atoi(argv[4]), 1),
                                 .warmup = std::atoi(argv[5])});
  if (status.ok()) return 0;
  std::fprintf(stderr, "digits_step: %s\n", status.message().c_str());
  return 1;
}
