// The chief's model directory, seen from an evaluator.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/status.h"
#include "train/checkpoints/checkpoint_mirror.h"
#include "train/checkpoints/chief_link.h"

namespace trainyard::train {

// The chief's model directory, through a link, which it borrows. With every file that is asked for,
// the chief hears that its follower is alive.
class ChiefCheckpoints : public CheckpointSource {
 public:
  ChiefCheckpoints(ChiefLink* link, std::string model_dir)
      : link_(link), model_dir_(std::move(model_dir)) {}
  Result<std::string> Read(const std::string& name) override;
  Result<std::vector<std::string>> List(const std::string& checkpoint) override;

 private:
  ChiefLink* const link_;
  const std::string model_dir_;
};

// Whether the chief's `chief_dir` is this process's `own_dir`, whatever their paths: a small file
// is written here (directory_probe.h), and the chief looks for it, for `patience` at most. Fails as
// the link does, or where nothing can be written.
Result<bool> IsSameDirectory(ChiefLink* link, const std::string& chief_dir,
                             const std::string& own_dir, std::chrono::milliseconds patience);

}  // namespace trainyard::train
