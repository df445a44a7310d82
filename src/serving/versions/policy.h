// Which versions of a model to load and to unload next. Pure: no files, no clock, no threads.
//
// The rule, "what the policy asks for, as far as it is whole, and never worse than before":
//  - the policy chooses among the versions on disk that are served already, or whole, settled and
//    not known to fail; so a broken newest version lets the one before it answer;
//  - a failed version is tried again when its files change, or after a while;
//  - what is no longer chosen is unloaded only once all that is chosen answers. With nothing to
//    choose from, what is being served stays, even if its directory has gone: an emptied directory
//    or a storage failure must not take a good model away.
#pragma once

#include <chrono>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "serving/versions/model_settings.h"
#include "serving/versions/source.h"

namespace trainyard::serving {

using TimePoint = std::chrono::steady_clock::time_point;

// When a version that failed is tried again although its files have not changed.
struct RetryPolicy {
  int max_retries = 5;  // at growing intervals; later ones at the longest. 0: never
  std::chrono::milliseconds interval{60'000};  // before the first one; doubles
  std::chrono::milliseconds longest{3'600'000};
};

// A version whose loading failed.
struct FailedLoad {
  std::string fingerprint;  // of its files then
  TimePoint retry_at;       // when it is worth another try although nothing changed
  int attempts = 1;
  friend bool operator==(const FailedLoad&, const FailedLoad&) = default;
};

// The record of a failure at `now`, after `before` (nullptr: the first one) if its files were the
// same.
FailedLoad NextFailure(const RetryPolicy& retry, const FailedLoad* before,
                       const std::string& fingerprint, TimePoint now);

// A version that answers requests.
struct ServedVersion {
  int64_t version = 0;
  std::string directory;
  friend bool operator==(const ServedVersion&, const ServedVersion&) = default;
};

struct VersionPlan {
  std::vector<VersionSeen> load;     // one after the other, the highest first
  std::vector<int64_t> unload;       // now; empty as long as something is to be loaded
  std::vector<VersionSeen> waiting;  // what the policy would choose, but it is not whole or settled
  std::vector<int64_t> absent;       // what the policy names, but is not on disk
  bool has_choice = false;           // whether the policy chose anything
};

// `seen` in ascending order.
VersionPlan PlanVersions(const VersionPolicy& policy, std::span<const VersionSeen> seen,
                         std::span<const ServedVersion> serving,
                         const std::map<int64_t, FailedLoad>& failed, TimePoint now);

// Whether looking at a version's files can matter. Not for those being served, nor for those below
// as many served ones as the policy asks for. `on_disk` are the versions there, ascending.
bool IsWorthInspecting(const VersionPolicy& policy, const ServedVersion& version,
                       std::span<const ServedVersion> on_disk,
                       std::span<const ServedVersion> serving);

}  // namespace trainyard::serving
