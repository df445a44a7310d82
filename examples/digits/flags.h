// The digits program's command line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "digits/model.h"

namespace digits {

struct Flags {
  ModelOptions model;
  std::string model_dir = "out/digits/model";
  std::string export_dir;  // empty: no export
  bool export_best = false;
  std::string data_dir;  // empty: LoadData looks for it
  int64_t batch_size = 100;
  std::optional<int64_t> seed;
  bool bfloat16 = false;
  int64_t save_summary_steps = 20;
  int64_t save_checkpoints_steps = 200;
  std::optional<int64_t> eval_steps;
  int64_t eval_throttle_secs = 10;
  int64_t step_timeout_secs = 120;
  bool save_on_chief = false;
  int replicas_to_aggregate = 0;

  std::string help;  // not empty: print it and do nothing else
};

// InvalidArgument with one line that names the flag, for whatever is unknown or out of range.
trainyard::Result<Flags> ParseFlags(const std::vector<std::string>& arguments);

}  // namespace digits
