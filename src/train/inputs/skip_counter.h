// Broken data that is passed over, and how much of it there was.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/status.h"

namespace trainyard::train {

// Given to an input, it makes broken records, lines and pictures be skipped instead of ending the
// training; each of the first ten is logged as a warning, with its file and place. Thread-safe; one
// may serve several inputs. What is read again to go back to a position counts again.
//
//   const auto skipped = std::make_shared<SkipCounter>();
//   auto input = TfRecordInput(files, {.features = ..., .skip_broken = skipped});
//   ...
//   LogInfo("{} broken records", skipped->count());
class SkipCounter {
 public:
  void Add(const Status& reason);
  int64_t count() const { return count_.load(); }

 private:
  std::atomic<int64_t> count_{0};
};

}  // namespace trainyard::train
