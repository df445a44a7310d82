// Arithmetic of times that people write into job files, where any number may stand.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "job/replica.h"

namespace trainyard::job {

// nullopt if that is so far away (30 years) that it means never.
inline std::optional<TimePoint> SecondsAfter(TimePoint start, int64_t seconds) {
  if (seconds > 1'000'000'000) return std::nullopt;
  return start + std::chrono::seconds(seconds < 0 ? 0 : seconds);
}

}  // namespace trainyard::job
