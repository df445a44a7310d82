// The images to train and to test on.
#pragma once

#include <string>

#include "train/input.h"
#include "train/run_config.h"

namespace resnet {

struct Data {
  trainyard::train::InputPtr train;  // shuffled, changed, for ever, this replica's share
  trainyard::train::InputPtr test;   // 10,000 images, once
};

// Images to train on are mirrored, and moved by up to `max_shift` pixels (see augment.h).
// Reads Fashion-MNIST's four files from `data_dir`, or if that is empty from .deps/fashion-mnist in
// the current directory or one above it, where 'tools/setup.sh fashion' puts them. Nothing for a
// parameter server.
trainyard::Result<Data> LoadData(const std::string& data_dir, int64_t batch_size, int64_t max_shift,
                                 const trainyard::train::RunConfig& config);

}  // namespace resnet
