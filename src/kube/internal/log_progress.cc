#include "kube/internal/log_progress.h"

#include <functional>

namespace trainyard::kube {
namespace {

// Is `name` among the pod's containers? All of their names, if not.
bool HasContainer(const Json& pod, const std::string& name, std::string* names) {
  for (const char* list : {"containers", "initContainers", "ephemeralContainers"}) {
    for (const Json& container : GetList(pod, {"spec", list})) {
      const std::string found = GetString(container, {"name"});
      if (found == name) return true;
      *names += (names->empty() ? "" : ", ") + found;
    }
  }
  return false;
}

const Json* FindContainerStatus(const Json& pod, const std::string& name) {
  for (const char* list :
       {"containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"}) {
    for (const Json& status : GetList(pod, {"status", list})) {
      if (GetString(status, {"name"}) == name) return &status;
    }
  }
  return nullptr;
}

// Will a container that has ended with this code be started again in its pod?
bool IsStartedAgain(const Json& pod, int64_t exit_code) {
  if (IsBeingDeleted(pod)) return false;
  const std::string policy = GetString(pod, {"spec", "restartPolicy"});
  return policy == "Always" || policy.empty() || (policy == "OnFailure" && exit_code != 0);
}

LogSource::State StateOf(const Json& pod, const Json* status) {
  const std::string phase = GetString(pod, {"status", "phase"});
  if (phase == "Succeeded" || phase == "Failed") return LogSource::State::kEnded;
  if (status == nullptr) return LogSource::State::kWaiting;
  if (Find(*status, {"state", "running"}) != nullptr) return LogSource::State::kRunning;
  const Json* ended = Find(*status, {"state", "terminated"});
  if (ended != nullptr && !IsStartedAgain(pod, GetInt(*ended, {"exitCode"}, 1))) {
    return LogSource::State::kEnded;
  }
  return LogSource::State::kWaiting;
}

}  // namespace

StampedLine SplitStamp(std::string_view line) {
  StampedLine parts{.text = line, .whole = line};
  const size_t end = line.find(' ');
  const std::string_view stamp = line.substr(0, end);
  if (stamp.size() < 20 || stamp.size() > 40) return parts;
  parts.time = ParseTime(stamp);
  if (parts.time) parts.text = end == line.npos ? std::string_view() : line.substr(end + 1);
  return parts;
}

void LogProgress::BeginStream() {
  begin_ = second_;
  expected_ = told_;
}

bool LogProgress::IsNew(const StampedLine& line) {
  if (!line.time) return true;
  const auto second = std::chrono::floor<std::chrono::seconds>(*line.time);
  if (begin_ && second < *begin_) return false;
  const size_t hash = std::hash<std::string_view>()(line.whole);
  if (const auto found = expected_.find(hash); found != expected_.end()) {
    if (--found->second == 0) expected_.erase(found);
    return false;
  }
  if (!second_ || second > *second_) {
    second_ = second;
    told_.clear();
  }
  if (second == *second_) ++told_[hash];
  return true;
}

std::optional<TimePoint> LogProgress::since() const {
  if (!second_) return std::nullopt;
  return TimePoint(*second_);
}

Result<LogSource> FindLogSource(const Json& pod, const std::string& container) {
  LogSource source{.pod_uid = Uid(pod), .container = container};
  if (container.empty()) {
    const Json& containers = GetList(pod, {"spec", "containers"});
    if (containers.size() == 1) {
      source.container = GetString(containers[0], {"name"});
    } else {
      source.container = Annotation(pod, "kubectl.kubernetes.io/default-container");
    }
  }
  std::string names;
  if (!HasContainer(pod, source.container, &names)) {
    if (source.container.empty()) {
      return InvalidArgumentError("which container? the pod has {}", names);
    }
    return InvalidArgumentError("there is no container \"{}\" in the pod: it has {}",
                                source.container, names);
  }
  const Json* status = FindContainerStatus(pod, source.container);
  source.state = StateOf(pod, status);
  source.has_log = source.state != LogSource::State::kWaiting ||
                   (status != nullptr && (Find(*status, {"state", "terminated"}) != nullptr ||
                                          Find(*status, {"lastState", "terminated"}) != nullptr));
  return source;
}

}  // namespace trainyard::kube
