#include "kube/logs.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "kube/internal/log_progress.h"

namespace trainyard::kube {
namespace {

using std::chrono::milliseconds;

// A quiet log is looked after when nothing has come for so long: the connection may be dead.
constexpr milliseconds kIdle{300'000};
constexpr milliseconds kFirstDelay{500};
constexpr milliseconds kLongestDelay{5'000};
// How often the log of a container that has ended is asked for until it comes whole.
constexpr int kLastReadings = 5;

std::string Attempt(const LogOptions& options) {
  const std::string container = options.container.empty() ? "" : " container " + options.container;
  return fmt::format("read the log of pod {}/{}{}", options.name_space, options.pod, container);
}

ApiRequest LogRequest(const LogOptions& options) {
  ApiRequest request{.path = Path(kPods, options.name_space, options.pod, "log"),
                     .accept = "*/*",
                     .attempt = Attempt(options)};
  if (!options.container.empty()) request.query.emplace_back("container", options.container);
  if (options.tail_lines) {
    request.query.emplace_back("tailLines", std::to_string(*options.tail_lines));
  }
  if (options.since) request.query.emplace_back("sinceTime", FormatTime(*options.since));
  if (options.previous) request.query.emplace_back("previous", "true");
  return request;
}

// --> looking at the pod --> reading --> looking --> ... until the pod says that the container has
// ended before the last reading began.
//
// Each step is one stream of the Api; the next begins on the timer thread, since a stream cannot be
// destroyed by its own handler.
class RealFollower : public LogFollower {
 public:
  RealFollower(Api* api, TimerQueue* timers, LogOptions options, LogHandler handler)
      : api_(api),
        timers_(timers),
        options_(std::move(options)),
        handler_(std::move(handler)),
        looks_(options_.follow && !options_.previous) {
    const std::lock_guard lock(mutex_);
    StepAfter(milliseconds(0));
  }

  ~RealFollower() override {
    TimerQueue::Id timer = 0;
    {
      const std::lock_guard lock(mutex_);
      is_stopped_ = true;
      timer = timer_;
    }
    timers_->Cancel(timer);
    // Here no step runs any more and none will; a handler of the stream may still be running.
    stream_.reset();
  }

 private:
  // With mutex_ held.
  void StepAfter(milliseconds delay) {
    if (!is_stopped_) timer_ = timers_->After(delay, [this] { Step(); });
  }

  // On the timer thread, one at a time. Touches stream_ alone: the destructor waits for it.
  void Step() {
    stream_.reset();
    bool is_look = false;
    {
      const std::lock_guard lock(mutex_);
      if (is_stopped_) return;
      is_look = looks_ && !is_looked_at_;
    }
    if (is_look) {
      answer_.clear();
      ApiRequest request = GetRequest(kPods, options_.name_space, options_.pod);
      request.attempt = Attempt(options_);
      stream_ = api_->Open(request, request.timeout,
                           {.on_line =
                                [this](std::string_view line) {
                                  answer_.append(line).append("\n");
                                  return OkStatus();
                                },
                            .on_end = [this](const Status& status) { OnPod(status); }});
    } else {
      stream_ = api_->Open(NextRequest(), kIdle,
                           {.on_line = [this](std::string_view line) { return OnLine(line); },
                            .on_end = [this](const Status& status) { OnLogEnd(status); }});
    }
  }

  ApiRequest NextRequest() {
    LogOptions options = options_;
    const std::lock_guard lock(mutex_);
    progress_.BeginStream();
    has_read_ = false;
    if (!container_.empty()) options.container = container_;
    if (progress_.since()) {
      options.since = progress_.since();
      options.tail_lines.reset();
    }
    ApiRequest request = LogRequest(options);
    request.query.emplace_back("timestamps", "true");
    if (looks_) request.query.emplace_back("follow", "true");
    request.timeout = milliseconds(0);
    return request;
  }

  Status OnLine(std::string_view line) {
    const StampedLine parts = SplitStamp(line);
    {
      const std::lock_guard lock(mutex_);
      if (is_stopped_ || !progress_.IsNew(parts)) return OkStatus();
      has_read_ = true;
    }
    if (handler_.on_line) handler_.on_line(options_.timestamps ? line : parts.text);
    return OkStatus();
  }

  void OnLogEnd(const Status& status) {
    {
      const std::lock_guard lock(mutex_);
      if (GoesOnAfter(status)) {
        is_looked_at_ = false;
        return StepAfter(has_read_ ? milliseconds(0) : NextDelay());
      }
    }
    End(status);
  }

  // With mutex_ held.
  bool GoesOnAfter(const Status& status) {
    if (!looks_ || !MayRecover(status)) return false;
    if (!has_ended_) return true;
    // The last reading. It counts if it came to its end; the log may be gone with its node.
    if (status.ok() || status.code() == StatusCode::kInvalidArgument) return false;
    return ++failed_last_readings_ < kLastReadings;
  }

  void OnPod(const Status& status) {
    Status failure = status;
    {
      const std::lock_guard lock(mutex_);
      if (status.ok()) {
        failure = Look();
      } else if (MayRecover(status)) {
        return StepAfter(NextDelay());
      }
      if (failure.ok() && is_looked_at_) return StepAfter(milliseconds(0));
      if (failure.ok()) return StepAfter(NextDelay());
    }
    End(failure);
  }

  // Takes what the pod says; with mutex_ held. Leaves is_looked_at_ unset if there is no log yet.
  Status Look() {
    ASSIGN_OR_RETURN(const Json pod, ParseJson(Attempt(options_), answer_));
    Result<LogSource> source = FindLogSource(pod, options_.container);
    if (!source.ok()) return source.error().WithContext("cannot " + Attempt(options_));
    if (!uid_.empty() && source->pod_uid != uid_) {
      return NotFoundError("cannot {}: the pod is gone, another has its name", Attempt(options_));
    }
    uid_ = source->pod_uid;
    container_ = source->container;
    has_ended_ = source->state == LogSource::State::kEnded;
    // A container that waits to be started again has a log, which may not have been read whole.
    is_looked_at_ = source->has_log;
    return OkStatus();
  }

  // 400 is the answer for a container that has no log yet.
  static bool MayRecover(const Status& status) {
    switch (status.code()) {
      case StatusCode::kNotFound:
      case StatusCode::kPermissionDenied:
      case StatusCode::kUnauthenticated:
      case StatusCode::kUnimplemented:
        return false;
      default:
        return true;
    }
  }

  // With mutex_ held.
  milliseconds NextDelay() {
    if (has_read_) delay_ = milliseconds(0);
    delay_ = std::clamp(delay_ * 2, kFirstDelay, kLongestDelay);
    return delay_;
  }

  void End(const Status& status) {
    {
      const std::lock_guard lock(mutex_);
      if (std::exchange(is_stopped_, true)) return;
    }
    if (handler_.on_end) handler_.on_end(status);
  }

  // Immutable after construction.
  Api* const api_;
  TimerQueue* const timers_;
  const LogOptions options_;
  const LogHandler handler_;
  const bool looks_;  // at the pod between the streams; otherwise one stream is all

  std::string answer_;  // of the pod's stream; used by its handlers, one after the other

  std::mutex mutex_;
  // Guarded by mutex_.
  LogProgress progress_;
  std::string uid_;
  std::string container_;
  bool is_looked_at_ = false;
  bool has_ended_ = false;  // as the pod said before the stream began
  bool has_read_ = false;   // anything in this stream
  int failed_last_readings_ = 0;
  milliseconds delay_{0};
  bool is_stopped_ = false;
  TimerQueue::Id timer_ = 0;

  std::unique_ptr<ApiStream> stream_;  // of the timer thread, and in the end of the destructor
};

}  // namespace

std::unique_ptr<LogFollower> LogFollower::Start(Api* api, TimerQueue* timers, LogOptions options,
                                                LogHandler handler) {
  return std::make_unique<RealFollower>(api, timers, std::move(options), std::move(handler));
}

Result<std::string> ReadLog(Api* api, const LogOptions& options) {
  ApiRequest request = LogRequest(options);
  if (options.timestamps) request.query.emplace_back("timestamps", "true");
  return api->Send(request);
}

}  // namespace trainyard::kube
