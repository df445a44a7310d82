#include "serving/versions/manager.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace trainyard::serving {
namespace {

// How soon a version is unloaded after its last request.
constexpr std::chrono::milliseconds kReleaseInterval{100};
// How soon files that were still changing are looked at again.
constexpr std::chrono::milliseconds kSettleInterval{200};
// Without polling: the time between two looks that find nothing to do.
constexpr std::chrono::hours kIdle{24};

}  // namespace

VersionManager::VersionManager(Options options)
    : options_(std::move(options)),
      served_(std::make_shared<const ServedSet>()),
      settings_(options_.model) {}

VersionManager::~VersionManager() = default;

void VersionManager::Start() {
  poller_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

void VersionManager::Run(const std::stop_token& stop) {
  stop_ = stop;
  TimePoint next_look = std::chrono::steady_clock::now();
  while (!stop.stop_requested() && !is_gone_) {
    const TimePoint now = std::chrono::steady_clock::now();
    std::unique_lock<std::mutex> lock(mutex_);
    const uint64_t looked = outcome_.generation;
    const bool is_due = now >= next_look || (looked != generation_ && !looks_again_soon_);
    lock.unlock();
    if (is_due) {
      const Status problem = Poll(now);
      // Who polls once waits for the first look, and says itself what came of it.
      if (options_.poll_interval.count() > 0 || looked > 0) LogIfNew(problem);
      next_look = NextLook(std::chrono::steady_clock::now());
    }
    ReleaseUnused();
    const TimePoint until =
        draining_.empty() ? next_look : std::min(next_look, now + kReleaseInterval);
    lock.lock();
    changed_.wait_until(lock, stop, until, [&, generation = generation_] {
      return generation_ != generation ||
             (outcome_.generation != generation_ && !looks_again_soon_);
    });
  }
}

TimePoint VersionManager::NextLook(TimePoint now) const {
  if (looks_again_soon_) return now + kSettleInterval;
  TimePoint next = now + (options_.poll_interval.count() > 0 ? options_.poll_interval
                                                             : std::chrono::milliseconds(kIdle));
  for (const auto& [version, failure] : failed_) next = std::min(next, failure.retry_at);
  return next;
}

Status VersionManager::Poll(TimePoint now) {
  std::unique_lock<std::mutex> lock(mutex_);
  const ModelSettings settings = settings_;
  const uint64_t generation = generation_;
  const bool is_retired = is_retired_;
  const bool is_new = generation != outcome_.generation;
  lock.unlock();
  if (is_retired) {
    for (const ServedVersion& version : Served()) Unload(version.version);
    failed_.clear();
    looks_again_soon_ = false;
  } else if (is_new && !looks_again_soon_) {
    failed_.clear();
    fingerprints_.clear();
    listed_stamp_.reset();
  }
  LookOutcome outcome;
  if (!is_retired) outcome = Look(settings, generation, now);
  outcome.problem = outcome.problem.WithContext(fmt::format("model \"{}\"", settings.name));
  lock.lock();
  // Nobody who waits for these settings is told before the files have come to rest.
  outcome.generation = looks_again_soon_ ? outcome_.generation : generation;
  outcome_ = outcome;
  if (!outcome.problem.ok()) problem_ = outcome.problem;
  if (outcome.problem.ok() && failed_.empty()) problem_ = OkStatus();
  changed_.notify_all();
  return outcome.problem;
}

uint64_t VersionManager::Configure(ModelSettings settings) {
  const std::lock_guard<std::mutex> lock(mutex_);
  settings_ = std::move(settings);
  changed_.notify_all();
  return ++generation_;
}

void VersionManager::Retire() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (is_retired_) return;
  is_retired_ = true;
  ++generation_;
  changed_.notify_all();
}

ModelSettings VersionManager::settings() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return settings_;
}

Status VersionManager::problem() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return problem_;
}

std::optional<LookOutcome> VersionManager::WaitForLook(
    uint64_t generation, TimePoint deadline, const std::function<bool()>& is_cancelled) const {
  constexpr std::chrono::milliseconds kStep{50};
  std::unique_lock<std::mutex> lock(mutex_);
  while (outcome_.generation < generation) {
    const TimePoint now = std::chrono::steady_clock::now();
    if (now >= deadline || (is_cancelled && is_cancelled())) return std::nullopt;
    changed_.wait_until(lock, std::min(deadline, now + kStep));
  }
  return outcome_;
}

bool VersionManager::has_changed(uint64_t generation) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return generation != generation_;
}

Result<int64_t> VersionManager::FindLabel(const std::string& label) const {
  return serving::FindLabel(served_.load()->labels, label);
}

void VersionManager::LogIfNew(const Status& problem) {
  if (!problem.ok() && problem.message() != last_logged_) LogWarning("{}", problem.message());
  last_logged_ = problem.message();
}

}  // namespace trainyard::serving
