#include "serving/versions/policy.h"

namespace trainyard::serving {

std::optional<VersionSeen> NextVersionToLoad(std::span<const VersionSeen> seen,
                                             std::optional<int64_t> serving,
                                             const std::map<int64_t, FailedLoad>& failed,
                                             TimePoint now) {
  const VersionSeen* best = nullptr;
  for (const VersionSeen& candidate : seen) {
    // Loaded already: its files no longer matter, as the model is in memory.
    const bool is_serving = serving == candidate.version;
    if (!is_serving) {
      if (!candidate.missing.empty()) continue;
      const auto failure = failed.find(candidate.version);
      if (failure != failed.end() && failure->second.fingerprint == candidate.fingerprint &&
          now < failure->second.retry_at) {
        continue;
      }
    }
    if (best == nullptr || candidate.version >= best->version) best = &candidate;
  }
  if (best == nullptr || serving == best->version) return std::nullopt;
  return *best;
}

}  // namespace trainyard::serving
