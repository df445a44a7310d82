#include "train/inputs/skip_counter.h"

#include "base/log.h"

namespace trainyard::train {

void SkipCounter::Add(const Status& reason) {
  constexpr int64_t kMaxLines = 10;
  const int64_t count = ++count_;
  if (count > kMaxLines) return;
  LogWarning("{}; skipped{}", reason.message(),
             count == kMaxLines ? ", and more will be without a word" : "");
}

}  // namespace trainyard::train
