#include "resnet/data.h"

#include "resnet/augment.h"
#include "train/inputs/array_input.h"
#include "train/inputs/mnist.h"
#include "train/inputs/pipeline.h"

namespace resnet {

using namespace trainyard;
using namespace trainyard::train;

namespace {

Result<std::string> FindData(const std::string& data_dir) {
  if (!data_dir.empty()) return data_dir;
  std::string found = FindDataDirectory(".deps/fashion-mnist");
  if (!found.empty()) return found;
  return NotFoundError(
      "cannot find the Fashion-MNIST images: no .deps/fashion-mnist here or above; run "
      "'tools/setup.sh fashion', or give --data_dir");
}

// Fashion-MNIST has MNIST's format, names of files included.
Result<InputPtr> Images(const std::string& directory, MnistPart part, ArrayInputOptions options) {
  ASSIGN_OR_RETURN(Arrays arrays, LoadMnist(directory, part));
  ASSIGN_OR_RETURN(InputPtr input, ArrayInput::Create(std::move(arrays), options));
  return input;
}

}  // namespace

Result<Data> LoadData(const std::string& data_dir, int64_t batch_size, int64_t max_shift,
                      const RunConfig& config) {
  Data data;
  const spec::TaskConfig& task = config.task;
  if (task.type == spec::kPs) return data;
  ASSIGN_OR_RETURN(const std::string directory, FindData(data_dir));
  if (task.type != spec::kEvaluator) {
    ArrayInputOptions options{.batch_size = batch_size, .shuffle = true, .epochs = std::nullopt};
    if (config.tf_random_seed.has_value()) {
      options.seed = static_cast<uint64_t>(*config.tf_random_seed);
    }
    options.shard = ShardOf(task);
    ASSIGN_OR_RETURN(data.train, Pipeline(Images(directory, MnistPart::kTrain, options))
                                     .Map(Augment(max_shift), {.seed = options.seed})
                                     .Prefetch()
                                     .Build());
  }
  ASSIGN_OR_RETURN(data.test, Images(directory, MnistPart::kTest, {.batch_size = 250}));
  return data;
}

}  // namespace resnet
