#include "serving/versions/policy.h"

#include <algorithm>

namespace trainyard::serving {
namespace {

bool IsServed(const VersionSeen& version, std::span<const ServedVersion> serving) {
  const ServedVersion wanted{version.version, version.directory};
  return std::find(serving.begin(), serving.end(), wanted) != serving.end();
}

bool IsBackingOff(const VersionSeen& version, const std::map<int64_t, FailedLoad>& failed,
                  TimePoint now) {
  const auto failure = failed.find(version.version);
  return failure != failed.end() && failure->second.fingerprint == version.fingerprint &&
         now < failure->second.retry_at;
}

// What the policy chooses of `candidates` (ascending), the highest first.
std::vector<const VersionSeen*> Choose(const VersionPolicy& policy,
                                       const std::vector<const VersionSeen*>& candidates) {
  std::vector<const VersionSeen*> chosen(candidates.rbegin(), candidates.rend());
  switch (policy.kind) {
    case VersionPolicy::Kind::kLatest:
      chosen.resize(std::min(chosen.size(), static_cast<size_t>(std::max(1, policy.num_latest))));
      break;
    case VersionPolicy::Kind::kAll:
      break;
    case VersionPolicy::Kind::kSpecific:
      std::erase_if(chosen, [&](const VersionSeen* version) {
        return std::find(policy.versions.begin(), policy.versions.end(), version->version) ==
               policy.versions.end();
      });
      break;
  }
  return chosen;
}

bool Contains(std::span<const VersionSeen> seen, int64_t version) {
  return std::any_of(seen.begin(), seen.end(),
                     [&](const VersionSeen& v) { return v.version == version; });
}

}  // namespace

FailedLoad NextFailure(const RetryPolicy& retry, const FailedLoad* before,
                       const std::string& fingerprint, TimePoint now) {
  FailedLoad failure{.fingerprint = fingerprint, .retry_at = TimePoint::max(), .attempts = 1};
  if (before != nullptr && before->fingerprint == fingerprint) {
    failure.attempts = before->attempts + 1;
  }
  if (retry.max_retries <= 0) return failure;
  std::chrono::milliseconds wait = retry.interval;
  for (int i = 1; i < failure.attempts && wait < retry.longest; ++i) wait *= 2;
  if (failure.attempts > retry.max_retries) wait = retry.longest;
  failure.retry_at = now + std::min(wait, retry.longest);
  return failure;
}

VersionPlan PlanVersions(const VersionPolicy& policy, std::span<const VersionSeen> seen,
                         std::span<const ServedVersion> serving,
                         const std::map<int64_t, FailedLoad>& failed, TimePoint now) {
  std::vector<const VersionSeen*> all;
  std::vector<const VersionSeen*> usable;
  for (const VersionSeen& version : seen) {
    all.push_back(&version);
    // Of a version that is served the files no longer matter: it is in memory.
    const bool is_whole = version.missing.empty() && version.is_settled;
    if (IsServed(version, serving) || (is_whole && !IsBackingOff(version, failed, now))) {
      usable.push_back(&version);
    }
  }
  VersionPlan plan;
  const std::vector<const VersionSeen*> chosen = Choose(policy, usable);
  plan.has_choice = !chosen.empty();
  for (const VersionSeen* version : chosen) {
    if (!IsServed(*version, serving)) plan.load.push_back(*version);
  }
  for (const VersionSeen* version : Choose(policy, all)) {
    if (IsServed(*version, serving)) continue;
    if (!version->missing.empty() || !version->is_settled) plan.waiting.push_back(*version);
  }
  if (policy.kind == VersionPolicy::Kind::kSpecific) {
    for (const int64_t version : policy.versions) {
      if (!Contains(seen, version)) plan.absent.push_back(version);
    }
  }
  if (!plan.load.empty() || chosen.empty()) return plan;
  for (const ServedVersion& served : serving) {
    const bool stays = std::any_of(chosen.begin(), chosen.end(), [&](const VersionSeen* version) {
      return version->version == served.version;
    });
    if (!stays) plan.unload.push_back(served.version);
  }
  return plan;
}

bool IsWorthInspecting(const VersionPolicy& policy, const ServedVersion& version,
                       std::span<const ServedVersion> on_disk,
                       std::span<const ServedVersion> serving) {
  const auto is_served = [&](const ServedVersion& v) {
    return std::find(serving.begin(), serving.end(), v) != serving.end();
  };
  if (is_served(version)) return false;
  switch (policy.kind) {
    case VersionPolicy::Kind::kAll:
      return true;
    case VersionPolicy::Kind::kSpecific:
      return std::find(policy.versions.begin(), policy.versions.end(), version.version) !=
             policy.versions.end();
    case VersionPolicy::Kind::kLatest:
      break;
  }
  const auto above = std::count_if(on_disk.begin(), on_disk.end(), [&](const ServedVersion& v) {
    return v.version > version.version && is_served(v);
  });
  return above < std::max(1, policy.num_latest);
}

}  // namespace trainyard::serving
