// One run of a session within a request's limits.
#pragma once

#include <span>
#include <vector>

#include "base/status.h"
#include "serving/run_limits.h"
#include "tf/session.h"

namespace trainyard::serving {

// As Session::Run; not begun when the limits are exceeded, and bounded by what is left of the
// deadline. Thread-safe.
Result<std::vector<tf::Tensor>> RunWithin(tf::Session& session, std::span<const tf::Feed> feeds,
                                          std::span<const tf::Output> fetches,
                                          const RunLimits& limits);

}  // namespace trainyard::serving
