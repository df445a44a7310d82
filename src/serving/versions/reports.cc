#include "serving/versions/reports.h"

#include <algorithm>
#include <utility>

namespace trainyard::serving {
namespace {

constexpr size_t kMaxEnded = 8;

}  // namespace

std::string_view VersionStateName(VersionState state) {
  switch (state) {
    case VersionState::kStart:
      return "START";
    case VersionState::kLoading:
      return "LOADING";
    case VersionState::kAvailable:
      return "AVAILABLE";
    case VersionState::kUnloading:
      return "UNLOADING";
    case VersionState::kEnd:
      return "END";
  }
  return "UNKNOWN";
}

void VersionReports::Set(int64_t version, VersionState state, Status status) {
  const std::lock_guard<std::mutex> lock(mutex_);
  reports_[version] = {state, std::move(status)};
  const auto ended = [](const auto& entry) { return entry.second.state == VersionState::kEnd; };
  auto count = static_cast<size_t>(std::count_if(reports_.begin(), reports_.end(), ended));
  for (; count > kMaxEnded; --count) {
    reports_.erase(std::find_if(reports_.begin(), reports_.end(), ended));
  }
}

std::map<int64_t, VersionReport> VersionReports::All() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return reports_;
}

}  // namespace trainyard::serving
