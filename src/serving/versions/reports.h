// What has become of each version of a model, as GetModelStatus tells it.
//
// Owned by the model's VersionManager. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string_view>

#include "base/status.h"

namespace trainyard::serving {

// kStart --> kLoading --> kAvailable --> kUnloading --> kEnd
//               |                                        ^
//               +----------------------------------------+   (a failed load; the status says why)
// kStart: chosen, and waiting for its turn to be loaded.
enum class VersionState { kStart, kLoading, kAvailable, kUnloading, kEnd };

// "START", "LOADING", ...: as GetModelStatus has it.
std::string_view VersionStateName(VersionState state);

struct VersionReport {
  VersionState state = VersionState::kStart;
  Status status;  // why a version ended, if it failed
};

class VersionReports {
 public:
  void Set(int64_t version, VersionState state, Status status = OkStatus());

  // Every version that is served, coming or leaving, and the last eight that ended.
  std::map<int64_t, VersionReport> All() const;

 private:
  mutable std::mutex mutex_;
  std::map<int64_t, VersionReport> reports_;  // guarded by mutex_
};

}  // namespace trainyard::serving
