#include "kube/event_recorder.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "base/log.h"
#include "kube/internal/event_backlog.h"

namespace trainyard::kube {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int kMaxTries = 12;
constexpr milliseconds kFirstDelay{250};
constexpr milliseconds kLongestDelay{10'000};
constexpr milliseconds kRetryWhenStopping{100};
// An event that comes again within this time goes on as the series of the first one.
constexpr std::chrono::minutes kSeriesLife{6};
constexpr size_t kMaxSeries = 256;

bool IsWorthRetrying(StatusCode code) {
  return code == StatusCode::kUnavailable || code == StatusCode::kResourceExhausted ||
         code == StatusCode::kDeadlineExceeded || code == StatusCode::kUnauthenticated;
}

class ThreadEventRecorder final : public EventRecorder {
 public:
  ThreadEventRecorder(Api* api, EventRecorderOptions options)
      : api_(api),
        options_(std::move(options)),
        backlog_(options_.merge_window),
        thread_([this] { Run(); }) {}

  ~ThreadEventRecorder() override {
    {
      const std::lock_guard lock(mutex_);
      is_stopping_ = true;
      stop_at_ = Clock::now() + options_.farewell;
    }
    changed_.notify_all();
    thread_.join();
  }

  void Record(const ObjectReference& about, const EventNote& note) override {
    {
      const std::lock_guard lock(mutex_);
      backlog_.Add(about, note, Clock::now(), std::chrono::system_clock::now());
    }
    changed_.notify_all();
  }

  size_t dropped() const override {
    const std::lock_guard lock(mutex_);
    return backlog_.dropped() + given_up_;
  }

 private:
  // An event that was written, and how often it has happened.
  struct Series {
    std::string name{};
    std::string name_space{};
    size_t count = 0;
    Clock::time_point last{};
  };

  void Run() {
    std::unique_lock lock(mutex_);
    while (true) {
      const auto due = backlog_.next_due();
      if (!due) {
        if (is_stopping_) return;
        changed_.wait(lock);
      } else if (!is_stopping_ && Clock::now() < *due) {
        changed_.wait_until(lock, *due);
      } else if (is_stopping_ && Clock::now() >= stop_at_) {
        return;
      } else {
        const internal::PendingEvent event = backlog_.TakeNext();
        lock.unlock();
        const bool is_written = Write(event);
        lock.lock();
        if (!is_written) given_up_ += event.count;
      }
    }
  }

  bool Write(const internal::PendingEvent& event) {
    const std::string note = internal::JoinNotes(event, options_);
    Status status;
    for (int tries = 0; tries < kMaxTries; ++tries) {
      if (tries > 0 && !WaitToRetry(tries)) break;
      status = WriteOnce(event, note);
      if (status.ok()) return true;
      if (!IsWorthRetrying(status.code())) break;
    }
    // In a namespace that is being deleted nobody looks for events any more.
    const LogLevel level =
        status.code() == StatusCode::kFailedPrecondition ? LogLevel::kDebug : LogLevel::kWarning;
    LogLine(level, fmt::format("event {} of {} {} is lost: {}", event.reason, event.about.kind,
                               event.about.name, status.message()));
    return false;
  }

  Status WriteOnce(const internal::PendingEvent& event, const std::string& note) {
    const std::string key =
        fmt::format("{}\n{}\n{}\n{}\n{}", event.about.uid, event.about.name_space, event.about.name,
                    event.is_warning ? "!" + event.reason : event.reason, note);
    const Clock::time_point now = Clock::now();
    std::erase_if(series_,
                  [&](const auto& entry) { return now - entry.second.last > kSeriesLife; });
    if (const auto found = series_.find(key); found != series_.end()) {
      Series& series = found->second;
      const Json patch = {{"series",
                           {{"count", series.count + event.count},
                            {"lastObservedTime", FormatMicroTime(event.last)}}}};
      const Status status =
          Send(PatchRequest(kEvents, series.name_space, series.name, PatchType::kMerge, patch));
      if (status.ok()) {
        series.count += event.count;
        series.last = now;
        return status;
      }
      if (status.code() != StatusCode::kNotFound) return status;
      series_.erase(found);  // the server has forgotten it: a new one
    }
    const Json built = internal::BuildEvent(event, note, NameFor(event), options_);
    const Status status = Send(CreateRequest(kEvents, Namespace(built), built));
    // That it exists is the trace of an attempt whose answer was lost.
    if (!status.ok() && status.code() != StatusCode::kAlreadyExists) return status;
    if (series_.size() >= kMaxSeries) series_.clear();
    series_[key] = {
        .name = Name(built), .name_space = Namespace(built), .count = event.count, .last = now};
    return OkStatus();
  }

  Status Send(ApiRequest request) {
    request.timeout = milliseconds(10'000);
    {
      const std::lock_guard lock(mutex_);
      if (is_stopping_) {
        const auto left = std::chrono::duration_cast<milliseconds>(stop_at_ - Clock::now());
        request.timeout = std::max(left, milliseconds(1));
      }
    }
    return api_->Send(request).status();
  }

  // False: there is no time left.
  bool WaitToRetry(int tries) {
    const milliseconds delay = std::min(kFirstDelay * (1 << tries), kLongestDelay);
    std::unique_lock lock(mutex_);
    const Clock::time_point end = Clock::now() + delay;
    // Stopping, it tries again at once, but only as long as there is time.
    changed_.wait_until(lock, end, [&] { return is_stopping_; });
    if (!is_stopping_) return true;
    changed_.wait_until(lock, std::min(end, Clock::now() + kRetryWhenStopping));
    return Clock::now() < stop_at_;
  }

  // Unique, and the same for each attempt to write this event.
  static std::string NameFor(const internal::PendingEvent& event) {
    // With room for the suffix: the names of events are subdomains, at most 253 characters.
    return fmt::format("{}.{:x}{:04x}", event.about.name.substr(0, 220),
                       event.first.time_since_epoch().count(),
                       std::hash<std::string>()(event.about.uid + event.reason) & 0xffff);
  }

  Api* const api_;
  const EventRecorderOptions options_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  internal::EventBacklog backlog_;
  size_t given_up_ = 0;
  bool is_stopping_ = false;
  Clock::time_point stop_at_{};

  std::map<std::string, Series> series_;  // of the thread

  std::thread thread_;  // last: uses all of the above
};

}  // namespace

std::unique_ptr<EventRecorder> EventRecorder::Start(Api* api, EventRecorderOptions options) {
  return std::make_unique<ThreadEventRecorder>(api, std::move(options));
}

}  // namespace trainyard::kube
