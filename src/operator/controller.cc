#include "operator/controller.h"

#include <malloc.h>

#include <atomic>
#include <stop_token>
#include <string_view>
#include <thread>
#include <utility>

#include "base/log.h"
#include "kube/work_queue.h"

namespace trainyard::operators {
namespace {

using Clock = std::chrono::steady_clock;

// How soon a controller that is to stop notices it, and how often it says what it waits for.
constexpr std::chrono::seconds kSyncAttempt{1};
constexpr int kAttemptsPerWarning = 30;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

class RunningController : public Controller {
 public:
  RunningController(kube::Api* api, kube::TimerQueue* timers, kube::EventRecorder* events,
                    Metrics* metrics, ControllerOptions options)
      : metrics_(metrics),
        options_(std::move(options)),
        queue_(kube::WorkQueue::Create(
            timers, {.on_add = [metrics] { metrics->CountQueueAdd(); },
                     .on_wait = [metrics](double s) { metrics->ObserveQueueWait(s); },
                     .on_work = [metrics](double s) { metrics->ObserveQueueWork(s); },
                     .on_retry = [metrics] { metrics->CountQueueRetry(); }})),
        cache_(
            api, timers,
            {.namespaces = options_.namespaces,
             .on_change = [this](const std::string& key, bool is_urgent) { Note(key, is_urgent); },
             .on_job_deleted =
                 [metrics](const JobObject& job) { metrics->CountJob("deleted", job.name_space); },
             .on_trouble =
                 [](const Status& status) {
                   LogWarning("watching the cluster: {}; trying again", status.message());
                 }}),
        writer_(api, &cache_, events, metrics, options_.writer),
        reconciler_(api, &cache_, &writer_, metrics, options_.reconciler) {
    for (int i = 0; i < options_.workers; ++i) {
      workers_.emplace_back([this](const std::stop_token& stop) { Work(stop); });
    }
  }

  ~RunningController() override {
    for (std::jthread& worker : workers_) worker.request_stop();
    queue_->ShutDown();
    workers_.clear();
  }

  bool is_synced() const override { return cache_.is_synced(); }
  size_t queue_depth() const override { return queue_->depth(); }
  std::vector<std::shared_ptr<const JobObject>> Jobs() const override { return cache_.Jobs(); }

 private:
  void Note(const std::string& key, bool is_urgent) {
    if (is_urgent) {
      queue_->Add(key);
    } else {
      queue_->AddAfter(key, options_.gather);
    }
  }

  // A pass before everything has been seen would take what it does not know for missing.
  bool WaitForCache(const std::stop_token& stop) {
    for (int attempt = 1; !stop.stop_requested(); ++attempt) {
      const Status status = cache_.WaitUntilSynced(kSyncAttempt);
      if (status.ok()) {
        // The lists have left much memory behind that nobody needs any more.
        if (!has_trimmed_.exchange(true)) malloc_trim(0);
        return true;
      }
      if (attempt % kAttemptsPerWarning == 0) {
        LogWarning("waiting for the cluster: {}", status.message());
      }
    }
    return false;
  }

  void Work(const std::stop_token& stop) {
    if (!WaitForCache(stop)) return;
    while (const auto key = queue_->Get()) {
      if (!stop.stop_requested()) Process(*key);
      queue_->Done(*key);
    }
  }

  void Process(const std::string& key) {
    const Clock::time_point start = Clock::now();
    metrics_->SetActiveWorkers(1);
    const auto next = reconciler_.Reconcile(key);
    metrics_->SetActiveWorkers(-1);
    std::string_view result = "success";
    if (!next.ok()) {
      result = "error";
      Retry(key, next.error());
    } else {
      queue_->Forget(key);
      if (*next) {
        result = "requeue_after";
        queue_->AddAfter(key, **next);
      }
    }
    metrics_->CountReconcile(result, SecondsSince(start));
  }

  void Retry(const std::string& key, const Status& status) {
    // Changed or deleted under our hands: the watch brings the news, and the next pass sees it.
    const bool is_ordinary =
        status.code() == StatusCode::kAborted || status.code() == StatusCode::kNotFound;
    if (is_ordinary) {
      LogDebug("TFJob {}: {}; looking again", key, status.message());
    } else {
      LogWarning("TFJob {}: {}; trying again", key, status.message());
    }
    queue_->AddRateLimited(key);
  }

  Metrics* const metrics_;
  const ControllerOptions options_;
  std::atomic<bool> has_trimmed_ = false;
  std::unique_ptr<kube::WorkQueue> queue_;
  Cache cache_;
  Writer writer_;
  Reconciler reconciler_;
  std::vector<std::jthread> workers_;
};

}  // namespace

std::unique_ptr<Controller> Controller::Start(kube::Api* api, kube::TimerQueue* timers,
                                              kube::EventRecorder* events, Metrics* metrics,
                                              ControllerOptions options) {
  return std::make_unique<RunningController>(api, timers, events, metrics, std::move(options));
}

std::string JoinNotes(const std::string&, const std::vector<std::string>& notes) {
  // "Created pod: a" and "Created pod: b" have all before the colon in common.
  const std::string& first = notes.front();
  const size_t colon = first.find(": ");
  if (colon == std::string::npos) return first + " (and more)";
  const std::string head = first.substr(0, colon);
  std::string joined = head + (notes.size() > 1 ? "s" : "") + ": " + first.substr(colon + 2);
  for (size_t i = 1; i < notes.size(); ++i) {
    if (!notes[i].starts_with(head + ": ")) {
      joined += "; " + notes[i];
    } else {
      joined += ", " + notes[i].substr(colon + 2);
    }
  }
  return joined;
}

}  // namespace trainyard::operators
