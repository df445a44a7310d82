#include "local/job_queue.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "local/job_run.h"

namespace trainyard::local {
namespace {

using Clock = std::chrono::system_clock;

class Queue {
 public:
  Queue(std::vector<JobToRun> jobs, const QueueOptions& options, QueueObserver& observer)
      : options_(options), observer_(observer), places_(jobs.size()) {
    for (size_t i = 0; i < jobs.size(); ++i) Enter(i, std::move(jobs[i]));
  }

  std::vector<Result<RunOutcome>> Run() {
    while (true) {
      StartWhatFits();
      StepRunning();
      observer_.OnRound(counts_);
      if (counts_.queued == 0 && counts_.running == 0) break;
      if (CanStart()) continue;
      Wait();
      DropUnwanted();
    }
    std::vector<Result<RunOutcome>> outcomes;
    for (Place& place : places_) outcomes.push_back(*std::move(place.outcome));
    return outcomes;
  }

 private:
  struct Place {
    std::unique_ptr<JobRun> run;  // until it has ended
    bool is_running = false;
    std::optional<Result<RunOutcome>> outcome;
  };

  void Enter(size_t number, JobToRun job) {
    auto run =
        JobRun::Create(std::move(job.job), std::move(job.options), observer_.ObserverOf(number));
    if (!run.ok()) return End(number, run.status());
    places_[number].run = *std::move(run);
    ++counts_.queued;
  }

  bool CanStart() const {
    return interrupts_ == 0 && counts_.queued > 0 && counts_.running < options_.max_parallel;
  }

  void StartWhatFits() {
    for (; CanStart() && next_ < places_.size(); ++next_) {
      Place& place = places_[next_];
      if (place.run == nullptr) continue;
      --counts_.queued;
      const Status started = place.run->Start();
      if (started.ok()) {
        place.is_running = true;
        ++counts_.running;
      } else {
        End(next_, started);
      }
    }
  }

  void StepRunning() {
    for (size_t i = 0; i < next_; ++i) {
      Place& place = places_[i];
      if (!place.is_running) continue;
      const Result<bool> is_done = place.run->Step();
      if (is_done.ok() && !*is_done) continue;
      place.is_running = false;
      --counts_.running;
      if (is_done.ok()) {
        End(i, place.run->Finish());
      } else {
        End(i, is_done.status());
      }
    }
  }

  void End(size_t number, Result<RunOutcome> outcome) {
    Place& place = places_[number];
    place.run.reset();  // ends what is left, and gives the lock back
    if (!outcome.ok() || outcome->exit_code == 1) {
      ++counts_.failed;
    } else if (outcome->exit_code != 0) {
      ++counts_.stopped;
    } else if (outcome->is_suspended) {
      ++counts_.suspended;
    } else {
      ++counts_.succeeded;
    }
    place.outcome = std::move(outcome);
    observer_.OnEnd(number, *place.outcome);
  }

  // Waiting jobs that somebody does not want any more. Looked for once a second: there may be many.
  void DropUnwanted() {
    const auto now = std::chrono::steady_clock::now();
    const bool is_interrupted = interrupts_ > 0;
    if (!is_interrupted && now - last_look_ < std::chrono::seconds(1)) return;
    last_look_ = now;
    for (size_t i = next_; i < places_.size(); ++i) {
      Place& place = places_[i];
      if (place.run == nullptr || (!is_interrupted && !place.run->IsStopRequested())) continue;
      place.run->Abandon(is_interrupted ? "by an interrupt, before it was started"
                                        : "from another terminal, before it was started");
      --counts_.queued;
      End(i, place.run->Finish());
    }
  }

  void Wait() {
    std::chrono::milliseconds timeout = options_.tick;
    std::vector<pollfd> ready = {{options_.interrupt_fd, POLLIN, 0}};
    for (const Place& place : places_) {
      if (!place.is_running) continue;
      ready.push_back({place.run->fd(), POLLIN, 0});
      if (!place.run->wake_at()) continue;
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(*place.run->wake_at() - Clock::now());
      timeout = std::clamp(left, std::chrono::milliseconds(0), timeout);
    }
    poll(ready.data(), ready.size(), static_cast<int>(timeout.count()));
    if ((ready.front().revents & POLLIN) != 0) ReadInterrupts();
  }

  void ReadInterrupts() {
    char presses[64];
    const ssize_t count = read(options_.interrupt_fd, presses, sizeof(presses));
    for (ssize_t i = 0; i < count; ++i) {
      ++interrupts_;
      for (Place& place : places_) {
        if (place.is_running) place.run->Interrupt("by an interrupt");
      }
    }
  }

  const QueueOptions& options_;
  QueueObserver& observer_;
  std::vector<Place> places_;
  size_t next_ = 0;  // the first that was not started yet
  QueueCounts counts_;
  int interrupts_ = 0;
  std::chrono::steady_clock::time_point last_look_{};
};

}  // namespace

std::vector<Result<RunOutcome>> RunJobs(std::vector<JobToRun> jobs, const QueueOptions& options,
                                        QueueObserver& observer) {
  return Queue(std::move(jobs), options, observer).Run();
}

}  // namespace trainyard::local
