#include "serving/versions/manager.h"

#include <algorithm>
#include <condition_variable>
#include <utility>

#include "base/log.h"

namespace trainyard::serving {
namespace {

// A version that has ended is remembered this long, counted in versions, for GetModelStatus.
constexpr size_t kMaxEnded = 8;
// How soon a replaced version is unloaded after its last request.
constexpr std::chrono::milliseconds kReleaseInterval{100};

// A version newer than the one served that waits for files to arrive, as a Status that says so.
Status NewerButIncomplete(std::span<const VersionSeen> seen, std::optional<int64_t> serving) {
  for (auto version = seen.rbegin(); version != seen.rend(); ++version) {
    if (serving && version->version <= *serving) break;
    if (version->missing.empty()) continue;
    return FailedPreconditionError("version {} is not loaded: {} is missing in {}",
                                   version->version, version->missing, version->directory);
  }
  return OkStatus();
}

}  // namespace

VersionManager::VersionManager(Options options) : options_(std::move(options)) {}

VersionManager::~VersionManager() = default;

void VersionManager::Start() {
  poller_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

void VersionManager::Run(const std::stop_token& stop) {
  std::mutex unused;
  std::condition_variable_any wake;  // woken by the stop token only
  std::unique_lock<std::mutex> lock(unused);
  TimePoint next_poll = std::chrono::steady_clock::now();
  while (!stop.stop_requested()) {
    const TimePoint now = std::chrono::steady_clock::now();
    if (now >= next_poll) {
      LogIfNew(Poll(now));
      next_poll = std::chrono::steady_clock::now() + options_.poll_interval;
    }
    ReleaseUnused();
    const TimePoint until =
        replaced_.empty() ? next_poll : std::min(next_poll, now + kReleaseInterval);
    wake.wait_until(lock, stop, until, [] { return false; });
  }
}

Status VersionManager::Poll(TimePoint now) {
  const std::string context = fmt::format("model \"{}\"", options_.model_name);
  Result<std::vector<VersionSeen>> seen = ListVersions(options_.base_path);
  if (!seen.ok()) return seen.status().WithContext(context);
  if (seen->empty()) {
    return NotFoundError("{}: no version directory in {}", context, options_.base_path);
  }
  std::erase_if(failed_, [&](const auto& entry) {
    return std::none_of(seen->begin(), seen->end(),
                        [&](const VersionSeen& v) { return v.version == entry.first; });
  });
  Status problem;
  while (const auto wanted = NextVersionToLoad(*seen, current_version(), failed_, now)) {
    const Status loaded = Load(*wanted, now);
    if (loaded.ok()) break;
    if (problem.ok()) problem = loaded;  // the newest version's failure is the one to tell
  }
  if (problem.ok()) problem = NewerButIncomplete(*seen, current_version());
  return problem.WithContext(context);
}

Status VersionManager::Load(const VersionSeen& wanted, TimePoint now) {
  Report(wanted.version, VersionState::kLoading);
  const TimePoint start = std::chrono::steady_clock::now();
  Result<std::unique_ptr<const Servable>> loaded =
      Servable::Load({options_.model_name, wanted.version}, wanted.directory, options_.session);
  if (!loaded.ok()) {
    failed_[wanted.version] = {wanted.fingerprint, now + options_.retry_interval};
    Report(wanted.version, VersionState::kEnd, loaded.status());
    return loaded.status().WithContext(fmt::format("version {}", wanted.version));
  }
  failed_.erase(wanted.version);
  const auto took = std::chrono::steady_clock::now() - start;
  LogInfo("loaded model \"{}\" version {} from {} in {} ms", options_.model_name, wanted.version,
          wanted.directory, std::chrono::duration_cast<std::chrono::milliseconds>(took).count());
  Publish(std::move(loaded).value());
  return OkStatus();
}

std::optional<int64_t> VersionManager::current_version() const {
  const std::shared_ptr<const Servable> current = current_.load();
  return current == nullptr ? std::nullopt : std::optional(current->id().version);
}

void VersionManager::Publish(std::shared_ptr<const Servable> servable) {
  std::shared_ptr<const Servable> before = current_.exchange(servable);
  Report(servable->id().version, VersionState::kAvailable);
  if (before != nullptr) {
    Report(before->id().version, VersionState::kUnloading);
    replaced_.push_back(std::move(before));
  }
  on_serving_(*servable);
}

void VersionManager::ReleaseUnused() {
  // Nobody can get hold of a replaced version any more, so a count of one is final.
  std::erase_if(replaced_, [&](std::shared_ptr<const Servable>& servable) {
    if (servable.use_count() > 1) return false;
    const int64_t version = servable->id().version;
    servable.reset();
    Report(version, VersionState::kEnd);
    LogInfo("unloaded model \"{}\" version {}", options_.model_name, version);
    return true;
  });
}

Result<std::shared_ptr<const Servable>> VersionManager::Find(
    const ::tensorflow::serving::ModelSpec& spec) const {
  if (spec.name().empty()) return InvalidArgumentError("ModelSpec has no name specified.");
  if (spec.version_choice_case() == spec.kVersionLabel) {
    return InvalidArgumentError("Unrecognized servable version label: {}", spec.version_label());
  }
  std::shared_ptr<const Servable> current;
  if (spec.name() == options_.model_name) current = current_.load();
  if (!spec.has_version()) {
    if (current != nullptr) return current;
    return NotFoundError("Servable not found for request: Latest({})", spec.name());
  }
  const int64_t version = spec.version().value();
  if (current != nullptr && current->id().version == version) return current;
  return NotFoundError("Servable not found for request: Specific({}, {})", spec.name(), version);
}

std::map<int64_t, VersionReport> VersionManager::Reports() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return reports_;
}

void VersionManager::Report(int64_t version, VersionState state, Status status) {
  const std::lock_guard<std::mutex> lock(mutex_);
  reports_[version] = {state, std::move(status)};
  const auto ended = [](const auto& entry) { return entry.second.state == VersionState::kEnd; };
  auto count = static_cast<size_t>(std::count_if(reports_.begin(), reports_.end(), ended));
  for (; count > kMaxEnded; --count) {
    reports_.erase(std::find_if(reports_.begin(), reports_.end(), ended));
  }
}

void VersionManager::LogIfNew(const Status& problem) {
  if (!problem.ok() && problem.message() != last_problem_) {
    LogWarning("{} (looking again every {} ms)", problem.message(), options_.poll_interval.count());
  }
  last_problem_ = problem.message();
}

}  // namespace trainyard::serving
