#include "digits/data.h"

#include <cstdlib>

#include "train/inputs/mnist.h"

namespace digits {

using namespace trainyard;
using namespace trainyard::train;

namespace {

Result<std::string> FindData(const std::string& data_dir) {
  if (!data_dir.empty()) return data_dir;
  if (const char* from_environment = std::getenv("TRAINYARD_DATA"))
    return std::string(from_environment);
  std::string found = FindDataDirectory(".deps/mnist");
  if (!found.empty()) return found;
  return NotFoundError(
      "cannot find the MNIST images: no .deps/mnist here or above; run 'make setup', or give "
      "--data_dir");
}

Result<std::shared_ptr<const Input>> MakeInput(const std::string& directory, MnistPart part,
                                               ArrayInputOptions options) {
  ASSIGN_OR_RETURN(Arrays arrays, LoadMnist(directory, part));
  ASSIGN_OR_RETURN(std::shared_ptr<const Input> input,
                   ArrayInput::Create(std::move(arrays), options));
  return input;
}

}  // namespace

Result<Data> LoadData(const std::string& data_dir, int64_t batch_size, const RunConfig& config) {
  Data data;
  const spec::TaskConfig& task = config.task;
  if (task.type == spec::kPs) return data;
  ASSIGN_OR_RETURN(const std::string directory, FindData(data_dir));
  if (task.type != spec::kEvaluator) {
    ArrayInputOptions options{.batch_size = batch_size, .shuffle = true, .epochs = std::nullopt};
    if (config.tf_random_seed.has_value())
      options.seed = static_cast<uint64_t>(*config.tf_random_seed);
    options.shard = ShardOf(task);
    ASSIGN_OR_RETURN(data.train, MakeInput(directory, MnistPart::kTrain, options));
  }
  // A power of two a little below the caches' size: faster than one large or many small batches.
  ASSIGN_OR_RETURN(data.test, MakeInput(directory, MnistPart::kTest, {.batch_size = 250}));
  return data;
}

}  // namespace digits
