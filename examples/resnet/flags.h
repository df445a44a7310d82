// The resnet program's command line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "resnet/model.h"

namespace resnet {

struct Flags {
  ModelOptions model;
  std::string model_dir = "out/resnet/model";
  std::string data_dir;    // empty: LoadData looks for it
  std::string export_dir;  // empty: no export
  int64_t batch_size = 100;
  int64_t max_shift = 1;  // see augment.h
  std::optional<int64_t> seed;
  bool bfloat16 = false;

  std::string help;  // not empty: print it and do nothing else
};

// InvalidArgument with one line that names the flag, for whatever is unknown or out of range.
trainyard::Result<Flags> ParseFlags(const std::vector<std::string>& arguments);

}  // namespace resnet
