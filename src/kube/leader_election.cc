#include "kube/leader_election.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <random>
#include <thread>
#include <utility>

#include "base/log.h"
#include "kube/internal/lease.h"
#include "kube/reflector.h"
#include "kube/timer_queue.h"

namespace trainyard::kube {
namespace {

using Clock = std::chrono::steady_clock;
using internal::LeaseAction;
using internal::LeaseRecord;
using std::chrono::milliseconds;

constexpr double kJitter = 1.2;  // candidates come up to that much later, so that they differ
constexpr milliseconds kReleaseTime{2'000};
constexpr milliseconds kShortestTimeout{50};

// Tells when a Lease has changed. What it has become is read anew: the server's cache, which feeds
// watches, may lag behind.
class LeaseWatch {
 public:
  LeaseWatch(Api* api, const LeaderElectionOptions& options, const std::function<void()>& on_change)
      : timers_(TimerQueue::Start()),
        reflector_(Reflector::Start(api, timers_.get(),
                                    {.resource = kLeases,
                                     .name_space = options.name_space,
                                     .field_selector = "metadata.name=" + options.name,
                                     .metadata_only = true},
                                    {.upsert = [on_change](const Json&) { on_change(); },
                                     .remove = [on_change](const Json&) { on_change(); }})) {}

 private:
  const std::unique_ptr<TimerQueue> timers_;
  const std::unique_ptr<Reflector> reflector_;
};

class LeaseElection final : public LeaderElection {
 public:
  LeaseElection(Api* api, LeaderElectionOptions options)
      : api_(api), options_(std::move(options)), thread_([this] { Run(); }) {}

  ~LeaseElection() override {
    {
      const std::lock_guard lock(mutex_);
      is_stopping_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }

  bool is_leader() const override { return is_leader_; }

 private:
  void Run() {
    if (!Follow()) return;
    is_leader_ = true;
    if (options_.on_started) options_.on_started();
    if (Renew()) return Release();
    is_leader_ = false;
    // No second term: what this process did as the leader may still be under way.
    if (options_.on_lost) options_.on_lost();
  }

  // True: it is our turn. False: told to stop.
  bool Follow() {
    std::optional<LeaseWatch> watch;
    while (true) {
      const Clock::time_point start = Clock::now();
      if (TryToLead(options_.renew_deadline)) {
        renewed_at_ = start;
        return true;
      }
      if (!watch) watch.emplace(api_, options_, [this] { Change(); });
      if (StoppedBefore(NextTry())) return false;
    }
  }

  // Another's lease ends so long after it was last seen to change, which a watch tells at once: the
  // next try is then neither early nor late. A watch that says nothing is not relied upon.
  Clock::time_point NextTry() {
    const Clock::time_point now = Clock::now();
    const Clock::time_point next = now + Jittered(options_.retry_period);
    if (!record_) return next;
    const Clock::time_point end = seen_at_ + record_->duration;
    return end > now ? std::min(next, end) : next;
  }

  // True: told to stop. False: the lease is lost.
  bool Renew() {
    while (true) {
      if (Stopped(options_.retry_period)) return true;
      const Clock::time_point start = Clock::now();
      // A lease counts from before its write was sent: so no other leads before this one ends.
      const auto left =
          std::chrono::duration_cast<milliseconds>(renewed_at_ + options_.renew_deadline - start);
      if (left.count() > 0 && TryToLead(left)) renewed_at_ = start;
      const bool is_anothers = record_ && record_->holder != options_.identity;
      if (is_anothers || Clock::now() - renewed_at_ >= options_.renew_deadline) return false;
    }
  }

  // One attempt. Afterwards the record is the newest that is known.
  bool TryToLead(milliseconds timeout) {
    // The leader's short way: its own record, unless another was quicker.
    if (is_leader_ && record_ && Write(LeaseAction::kRenew, timeout)) return true;
    if (!Read(timeout)) return false;
    const LeaseAction action = internal::NextLeaseAction(record_, seen_at_, Clock::now(), options_);
    return action != LeaseAction::kWait && Write(action, timeout);
  }

  bool Read(milliseconds timeout) {
    ApiRequest request = GetRequest(kLeases, options_.name_space, options_.name);
    request.timeout = std::max(timeout / 2, kShortestTimeout);
    const auto lease = api_->SendForJson(request);
    if (lease.ok()) {
      Observe(internal::ToLeaseRecord(*lease));
    } else if (lease.status().code() == StatusCode::kNotFound) {
      record_.reset();
    } else {
      Complain(lease.status());
      return false;
    }
    return true;
  }

  bool Write(LeaseAction action, milliseconds timeout) {
    const Json lease =
        internal::BuildLease(record_, action, std::chrono::system_clock::now(), options_);
    ApiRequest request = action == LeaseAction::kCreate
                             ? CreateRequest(kLeases, options_.name_space, lease)
                             : UpdateRequest(kLeases, options_.name_space, lease);
    request.timeout = std::max(timeout / 2, kShortestTimeout);
    const auto written = api_->SendForJson(request);
    if (written.ok()) {
      Observe(internal::ToLeaseRecord(*written));
      return true;
    }
    const StatusCode code = written.status().code();
    const bool lost_the_race = code == StatusCode::kAborted || code == StatusCode::kAlreadyExists;
    if (!lost_the_race) Complain(written.status());
    return false;
  }

  void Observe(const LeaseRecord& record) {
    if (record_ == record) return;
    const bool is_new_leader =
        !record.holder.empty() && (!record_ || record_->holder != record.holder);
    record_ = record;
    seen_at_ = Clock::now();
    if (!is_new_leader) return;
    if (options_.on_new_leader) options_.on_new_leader(record.holder);
  }

  void Release() {
    const Clock::time_point end = Clock::now() + kReleaseTime;
    is_leader_ = false;
    bool is_first = true;
    do {
      // After a conflict the record is read again: it may be another's by now.
      if (!is_first && !Read(kReleaseTime)) continue;
      is_first = false;
      if (!record_ || record_->holder != options_.identity) return;
      ApiRequest request = UpdateRequest(
          kLeases, options_.name_space,
          internal::BuildReleasedLease(*record_, std::chrono::system_clock::now(), options_));
      request.timeout = kReleaseTime;
      const Status released = api_->Send(request).status();
      if (released.ok()) return;
      if (released.code() != StatusCode::kAborted) return Complain(released);
    } while (Clock::now() < end);
  }

  // Each kind of trouble once, until something else happens.
  void Complain(const Status& status) {
    if (std::exchange(last_trouble_, status) == status) return;
    LogWarning("{}", status.message());
  }

  milliseconds Jittered(milliseconds period) {
    const double factor = 1 + kJitter * std::uniform_real_distribution<double>(0, 1)(random_);
    return milliseconds(static_cast<int64_t>(factor * static_cast<double>(period.count())));
  }

  bool Stopped(milliseconds wait) {
    std::unique_lock lock(mutex_);
    return wake_.wait_for(lock, wait, [&] { return is_stopping_; });
  }

  // Returns early, and false, if the lease has changed.
  bool StoppedBefore(Clock::time_point end) {
    std::unique_lock lock(mutex_);
    wake_.wait_until(lock, end, [&] { return is_stopping_ || has_changed_; });
    has_changed_ = false;
    return is_stopping_;
  }

  // In the watch's thread.
  void Change() {
    {
      const std::lock_guard lock(mutex_);
      has_changed_ = true;
    }
    wake_.notify_all();
  }

  Api* const api_;
  const LeaderElectionOptions options_;
  std::atomic<bool> is_leader_{false};

  std::mutex mutex_;
  std::condition_variable wake_;
  // Guarded by mutex_.
  bool is_stopping_ = false;
  bool has_changed_ = false;

  // Of the thread.
  std::mt19937 random_{std::random_device()()};
  std::optional<LeaseRecord> record_;
  Clock::time_point seen_at_{};
  Clock::time_point renewed_at_{};
  Status last_trouble_;

  std::thread thread_;  // last: uses all of the above
};

}  // namespace

std::unique_ptr<LeaderElection> LeaderElection::Start(Api* api, LeaderElectionOptions options) {
  return std::make_unique<LeaseElection>(api, std::move(options));
}

}  // namespace trainyard::kube
