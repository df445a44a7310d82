// The images to train and to test on.
#pragma once

#include <memory>
#include <string>

#include "train/input.h"
#include "train/run_config.h"

namespace digits {

struct Data {
  std::shared_ptr<const trainyard::train::Input> train;  // shuffled, for ever, this replica's share
  std::shared_ptr<const trainyard::train::Input> test;   // 10,000 images, once
};

// Reads MNIST from `data_dir`, or if that is empty from $TRAINYARD_DATA, or else from .deps/mnist
// in the current directory or one above it, or beside this program. Loads only what the role needs.
trainyard::Result<Data> LoadData(const std::string& data_dir, int64_t batch_size,
                                 const trainyard::train::RunConfig& config);

}  // namespace digits
