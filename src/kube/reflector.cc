#include "kube/reflector.h"

#include <atomic>
#include <mutex>
#include <random>
#include <utility>

#include "kube/internal/json_text.h"
#include "kube/internal/reflector_state.h"

namespace trainyard::kube {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// Servers before 1.27 do not know sendInitialEvents: they open a watch and never say that the list
// is whole. One that has said nothing for so long is taken for such a server.
constexpr milliseconds kStreamingListPatience{10'000};
constexpr milliseconds kListIdleTimeout{60'000};

uint64_t VersionOf(std::string_view object) {
  const std::string_view quoted =
      internal::FindMember(internal::FindMember(object, "metadata"), "resourceVersion");
  uint64_t version = 0;
  for (const char c : quoted) {
    if (c >= '0' && c <= '9') version = version * 10 + static_cast<uint64_t>(c - '0');
  }
  return version;
}

bool EndsInitialEvents(std::string_view object) {
  const std::string_view annotations =
      internal::FindMember(internal::FindMember(object, "metadata"), "annotations");
  return internal::FindMember(annotations, "k8s.io/initial-events-end") == "\"true\"";
}

// Malformed data is the server's fault, not the request's.
Status ToDataLoss(std::string_view attempt, const Status& status) {
  return DataLossError("cannot {}: {}", attempt, status.message());
}

// One thing at a time: either a stream is open, and its callbacks run, or the next step waits in
// the timer queue. Streams are opened and destroyed by the timer queue's thread only, because a
// stream's callback may not destroy it.
class StreamReflector final : public Reflector {
 public:
  StreamReflector(Api* api, TimerQueue* timers, ReflectorOptions options, ReflectorHandler handler)
      : api_(api),
        timers_(timers),
        options_(std::move(options)),
        handler_(std::move(handler)),
        random_(options_.seed != 0 ? options_.seed : std::random_device()()),
        state_(options_.streaming_list, options_.longest_delay) {
    Schedule(milliseconds(0));
  }

  ~StreamReflector() override {
    TimerQueue::Id step;
    TimerQueue::Id patience;
    {
      const std::lock_guard lock(mutex_);
      is_stopping_ = true;
      step = step_timer_;
      patience = patience_timer_;
    }
    // No new timers from here on, so that the streams that they open are gone for good.
    timers_->Cancel(step);
    timers_->Cancel(patience);
    // A step whose stream ended at once has scheduled the next one, and may itself still be
    // running.
    const std::lock_guard turn(turn_);
    stream_.reset();
  }

 private:
  void Schedule(milliseconds delay) {
    const std::lock_guard lock(mutex_);
    if (is_stopping_) return;
    step_timer_ = timers_->After(delay, [this] {
      const std::lock_guard turn(turn_);
      TakeStep();
    });
  }

  double Jitter() { return std::uniform_real_distribution<double>(0, 1)(random_); }

  void TakeStep() {
    stream_.reset();
    CancelPatience();
    step_ = state_.step();
    const double times = 1 + Jitter();
    const auto watch_time = std::chrono::seconds(
        static_cast<int64_t>(times * static_cast<double>(options_.shortest_watch.count())));
    const ApiRequest request = ToRequest(options_, step_, watch_time);
    attempt_ = request.attempt;
    opened_at_ = Clock::now();
    line_count_ = 0;
    is_open_ = false;
    has_ended_ = false;
    is_page_whole_ = false;
    is_whole_ = step_.fetch == Fetch::kWatch;
    text_.clear();
    const bool is_list = step_.fetch == Fetch::kList;
    if (step_.fetch == Fetch::kStreamingList) WaitForInitialEvents(0);
    stream_ = api_->Open(request, is_list ? kListIdleTimeout : request.timeout,
                         {.on_open = [this] { is_open_ = true; },
                          .on_line =
                              [this, is_list](std::string_view line) {
                                ++line_count_;
                                return is_list ? OnPageLine(line) : OnEventLine(line);
                              },
                          .on_end = [this](const Status& status) { OnEnd(status); }});
  }

  void WaitForInitialEvents(int lines_seen) {
    const std::lock_guard lock(mutex_);
    if (is_stopping_) return;
    patience_timer_ = timers_->After(kStreamingListPatience, [this, lines_seen] {
      const std::lock_guard turn(turn_);
      LosePatience(lines_seen);
    });
  }

  void CancelPatience() {
    TimerQueue::Id patience;
    {
      const std::lock_guard lock(mutex_);
      patience = std::exchange(patience_timer_, 0);
    }
    timers_->Cancel(patience);
  }

  // In the timer queue's thread, as TakeStep().
  void LosePatience(int lines_seen) {
    if (has_ended_ || is_whole_) return;
    const int lines = line_count_;
    if (!is_open_ || lines > lines_seen) return WaitForInitialEvents(lines);
    stream_.reset();
    if (has_ended_ || is_whole_) {
      // It has ended in the very last moment, and a step is scheduled; or it was whole just then.
      if (!has_ended_) Schedule(milliseconds(0));
      return;
    }
    state_.StreamingListIsNotOffered();
    TakeStep();
  }

  void BeginReplace() {
    is_whole_ = false;
    if (handler_.begin_replace) handler_.begin_replace();
  }

  void EndReplace(uint64_t version) {
    is_whole_ = true;
    state_.ListRead(version);
    if (handler_.end_replace) handler_.end_replace(version);
  }

  // A page comes as one line, unless something on the way has made it prettier.
  Status OnPageLine(std::string_view line) {
    if (text_.empty() && ReadPage(line).ok()) return OkStatus();
    text_.append(line).push_back('\n');
    return OkStatus();
  }

  Status ReadPage(std::string_view text) {
    if (step_.next.empty()) BeginReplace();
    ASSIGN_OR_RETURN(page_end_, internal::SplitList(text, [&](std::string_view item) -> Status {
                       ASSIGN_OR_RETURN(const Json object,
                                        ParseObject(attempt_, item, options_.fields));
                       if (handler_.upsert) handler_.upsert(object);
                       return OkStatus();
                     }));
    is_page_whole_ = true;
    return OkStatus();
  }

  Status OnEventLine(std::string_view line) {
    if (step_.fetch == Fetch::kStreamingList && line_count_ == 1) BeginReplace();
    const auto event = internal::ParseWatchEvent(line);
    if (!event.ok()) return ToDataLoss(attempt_, event.status());
    if (event->type == "BOOKMARK") return OnBookmark(event->object);
    if (event->type == "ERROR") return OnError(event->object);
    const auto object = ParseObject(attempt_, event->object, options_.fields);
    if (!object.ok()) return ToDataLoss(attempt_, object.status());
    if (event->type == "DELETED") {
      if (handler_.remove) handler_.remove(*object);
    } else if (event->type == "ADDED" || event->type == "MODIFIED") {
      if (handler_.upsert) handler_.upsert(*object);
    }
    state_.Told(ResourceVersion(*object));
    return OkStatus();
  }

  Status OnError(std::string_view object) {
    const auto status = ParseObject(attempt_, object);
    if (!status.ok()) return ToDataLoss(attempt_, status.status());
    return ToStatus(attempt_, static_cast<int>(GetInt(*status, {"code"}, 500)), object);
  }

  Status OnBookmark(std::string_view object) {
    const uint64_t version = VersionOf(object);
    if (!state_.is_listed()) {
      if (EndsInitialEvents(object)) EndReplace(version);
      return OkStatus();
    }
    state_.Told(version);
    if (handler_.bookmark) handler_.bookmark(version);
    return OkStatus();
  }

  void OnEnd(Status status) {
    if (step_.fetch == Fetch::kList) {
      if (status.ok() && !is_page_whole_) status = ReadPage(text_);
      text_ = {};
      if (is_page_whole_) {
        if (page_end_.next.empty()) {
          EndReplace(page_end_.version);
        } else {
          state_.PageRead(page_end_.next);
        }
        return Finish(milliseconds(0));
      }
      // A page that cannot be read says nothing about the request.
      if (status.code() == StatusCode::kInvalidArgument) status = ToDataLoss(attempt_, status);
    }
    const ReflectorState::Next next = state_.Ended(
        {.status = status, .had_events = line_count_ > 0, .lived = Clock::now() - opened_at_},
        Clock::now(), Jitter());
    if (next.is_trouble && handler_.trouble) handler_.trouble(status);
    Finish(next.delay);
  }

  void Finish(milliseconds delay) {
    has_ended_ = true;
    Schedule(delay);
  }

  // Immutable after construction.
  Api* const api_;
  TimerQueue* const timers_;
  const ReflectorOptions options_;
  const ReflectorHandler handler_;

  // Held while the timer queue's thread takes a step.
  std::mutex turn_;

  std::mutex mutex_;
  // Guarded by mutex_.
  bool is_stopping_ = false;
  TimerQueue::Id step_timer_ = 0;
  TimerQueue::Id patience_timer_ = 0;

  // Written by the callbacks of the stream, read while it is open.
  std::atomic<bool> is_open_{false};
  std::atomic<bool> is_whole_{false};
  std::atomic<bool> has_ended_{false};
  std::atomic<int> line_count_{0};

  // Of whoever has the turn: the step, or the stream's callbacks.
  std::mt19937 random_;
  ReflectorState state_;
  FetchStep step_;
  std::string attempt_;
  Clock::time_point opened_at_{};
  std::string text_;  // of a page that came in several lines
  internal::ListEnd page_end_;
  bool is_page_whole_ = false;

  std::unique_ptr<ApiStream> stream_;  // of the timer queue's thread and the destructor
};

}  // namespace

std::unique_ptr<Reflector> Reflector::Start(Api* api, TimerQueue* timers, ReflectorOptions options,
                                            ReflectorHandler handler) {
  return std::make_unique<StreamReflector>(api, timers, std::move(options), std::move(handler));
}

}  // namespace trainyard::kube
