#include "serving/session_run.h"

namespace trainyard::serving {

Result<std::vector<tf::Tensor>> RunWithin(tf::Session& session, std::span<const tf::Feed> feeds,
                                          std::span<const tf::Output> fetches,
                                          const RunLimits& limits) {
  using std::chrono::ceil, std::chrono::milliseconds;
  const auto now = std::chrono::steady_clock::now();
  RETURN_IF_ERROR(limits.Check(now));
  if (!limits.deadline) return session.Run(feeds, fetches, {});
  return session.RunWithin(ceil<milliseconds>(*limits.deadline - now), feeds, fetches, {});
}

}  // namespace trainyard::serving
