// For tests of what happens in time, on machines that hold them up now and then.
#pragma once

#include <chrono>
#include <functional>

namespace trainyard {

// Whether `holds` at some pace: it is tried within 20 ms, and as long as it fails within four times
// the time before. So a test takes a moment on an idle machine, and one that was held up for a
// second has not shown a mistake.
inline bool HoldsAtSomePace(const std::function<bool(std::chrono::milliseconds)>& holds) {
  for (std::chrono::milliseconds pace(20); pace < std::chrono::seconds(60); pace *= 4) {
    if (holds(pace)) return true;
  }
  return false;
}

}  // namespace trainyard
