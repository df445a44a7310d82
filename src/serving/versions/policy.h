// Which version of a model to serve next. Pure: no files, no clock, no threads.
//
// The rule, "newest whole version, and never worse than before":
//  - of the versions on disk, the highest that is whole and not known to fail is wanted;
//  - a failed version is tried again when its files change, or after a while;
//  - with nothing better on disk, what is being served stays, even if its directory has gone: an
//    emptied directory or a storage failure must not take a good model away.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "serving/versions/source.h"

namespace trainyard::serving {

using TimePoint = std::chrono::steady_clock::time_point;

// A version whose loading failed.
struct FailedLoad {
  std::string fingerprint;  // of its files then
  TimePoint retry_at;       // when it is worth another try although nothing changed
  friend bool operator==(const FailedLoad&, const FailedLoad&) = default;
};

// The version to load now, or nothing if what is being served is right.
std::optional<VersionSeen> NextVersionToLoad(std::span<const VersionSeen> seen,
                                             std::optional<int64_t> serving,
                                             const std::map<int64_t, FailedLoad>& failed,
                                             TimePoint now);

}  // namespace trainyard::serving
