// The digits program's command line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"

namespace digits {

struct Flags {
  std::string model_dir;
  std::string export_dir;  // empty: no export
  std::string data_dir;    // empty: FindData()
  int64_t batch_size = 100;
  int64_t max_steps = 1200;
  int hidden_layers = 2;
  double learning_rate = 0.002;
  std::optional<int64_t> seed;
  bool bfloat16 = false;
  int64_t save_summary_steps = 50;
  int64_t save_checkpoints_steps = 300;
  std::optional<int64_t> eval_steps;
  int64_t throttle_secs = 10;
  int64_t step_timeout_secs = 120;

  std::string help;  // not empty: print it and do nothing else
};

// InvalidArgument with one line that names the flag, for whatever is unknown or out of range.
trainyard::Result<Flags> ParseFlags(const std::vector<std::string>& arguments);

// Where MNIST is: $TRAINYARD_DATA, or the first .deps/mnist in `directory` or above it. NotFound
// says how to get it.
trainyard::Result<std::string> FindData(const std::string& directory);

}  // namespace digits
