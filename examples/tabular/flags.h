// The tabular program's command line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "tabular/model.h"

namespace tabular {

struct Flags {
  ModelOptions model;  // vocabularies come from data_dir
  std::string model_dir = "out/tabular/model";
  std::string data_dir = "out/tabular/data";
  std::string export_dir;  // empty: no export
  int64_t batch_size = 500;
  int64_t save_checkpoints_steps = 500;
  bool save_on_chief = false;
  int replicas_to_aggregate = 0;       // 0: asynchronous
  int64_t min_slice_size = 256 << 10;  // 0: tables are not split
  std::optional<int64_t> seed;

  std::string help;  // not empty: print it and do nothing else
};

// InvalidArgument with one line that names the flag, for whatever is unknown or out of range.
trainyard::Result<Flags> ParseFlags(const std::vector<std::string>& arguments);

}  // namespace tabular
