#include "cli/cluster/follow.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstdio>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cli/cluster/cluster_source.h"
#include "cli/cluster/previous_logs.h"
#include "cli/cluster/wait_notes.h"
#include "cli/job_flags.h"
#include "cli/job_report.h"
#include "cli/terminal.h"
#include "kube/informer.h"
#include "kube/logs.h"
#include "operator/job_object.h"
#include "operator/names.h"

namespace trainyard::cli {
namespace {

using job::ConditionType;
using operators::JobObject;
using operators::PodView;

constexpr std::chrono::seconds kSyncTimeout{30};

// Prints lines of several pods, each whole.
class Printer {
 public:
  explicit Printer(bool with_prefix)
      : with_prefix_(with_prefix), colours_(MayUseColour(STDOUT_FILENO)) {}

  void Print(const job::ReplicaId& id, std::string_view line) {
    const std::lock_guard lock(mutex_);
    std::string text;
    if (with_prefix_) {
      AppendPrefixed("", id, line, colours_, &text);
    } else {
      text.append(line).push_back('\n');
    }
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
    if (std::ferror(stdout) != 0) _exit(1);  // nobody reads any more
  }

 private:
  const bool with_prefix_;
  const bool colours_;
  std::mutex mutex_;
};

// Follows every pod of a job that there is or will be, each once: a pod that replaces another has
// another uid.
class JobFollower {
 public:
  JobFollower(const Cluster& cluster, const FollowOptions& options)
      : cluster_(cluster),
        options_(options),
        printer_(!options.replica),
        jobs_(cluster.client.get(), cluster.timers.get(),
              {.resource = operators::kTFJobs,
               .name_space = options.name_space,
               .field_selector = "metadata.name=" + options.job},
              {.project =
                   [](const kube::Json& object) {
                     return operators::ToJobObject(object, std::chrono::system_clock::now());
                   },
               .on_change = [this](const auto&, const auto&, const auto&) { Wake(); }}),
        pods_(cluster.client.get(), cluster.timers.get(),
              {.resource = kube::kPods,
               .name_space = options.name_space,
               .label_selector = operators::JobSelector(options.job)},
              {.project = operators::ToPodView,
               .on_change = [this](const auto&, const auto&, const auto&) { Wake(); }}) {}

  // The state that the job has ended in; nullopt if it was deleted.
  Result<std::optional<ConditionType>> Run() {
    RETURN_IF_ERROR(jobs_.WaitUntilSynced(kSyncTimeout));
    RETURN_IF_ERROR(pods_.WaitUntilSynced(kSyncTimeout));
    while (true) {
      const uint64_t seen = Changes();
      const auto job = jobs_.Get(options_.name_space + "/" + options_.job);
      for (const auto& [key, pod] : pods_.All()) Consider(*pod);
      const bool is_over = job == nullptr || job->is_finished();
      if (is_over && IsQuiet()) {
        return job == nullptr ? std::optional<ConditionType>() : job->state;
      }
      WaitForChange(seen);
    }
  }

 private:
  struct Followed {
    std::unique_ptr<kube::LogFollower> log;
    bool is_over = false;
  };

  void Consider(const PodView& pod) {
    if (!pod.has_id || (options_.replica && pod.replica.id != *options_.replica)) return;
    // Until a container has begun there is no log.
    if (pod.replica.phase == job::Phase::kPending) return SayWhatItWaitsFor(pod);
    {
      const std::lock_guard lock(mutex_);
      if (!followed_.try_emplace(pod.uid).second) return;
    }
    auto log = kube::LogFollower::Start(
        cluster_.client.get(), cluster_.timers.get(),
        {.name_space = options_.name_space,
         .pod = pod.name,
         .container = pod.container,
         .tail_lines = options_.tail},
        {.on_line = [this,
                     id = pod.replica.id](std::string_view line) { printer_.Print(id, line); },
         .on_end = [this, uid = pod.uid](const Status&) { End(uid); }});
    const std::lock_guard lock(mutex_);
    followed_[pod.uid].log = std::move(log);
  }

  void SayWhatItWaitsFor(const PodView& pod) {
    const std::string line = wait_notes_.Next(pod, std::chrono::steady_clock::now());
    if (!line.empty()) fmt::print(stderr, "{}\n", line);
  }

  void End(const std::string& uid) {
    {
      const std::lock_guard lock(mutex_);
      followed_[uid].is_over = true;
    }
    Wake();
  }

  // Every log has been read to its end. A pod that is left running after its job's end is not
  // waited for.
  bool IsQuiet() {
    std::set<std::string> active;
    for (const auto& [key, pod] : pods_.All()) {
      if (pod->replica.is_active()) active.insert(pod->uid);
    }
    const std::lock_guard lock(mutex_);
    for (const auto& [uid, followed] : followed_) {
      if (!followed.is_over && !active.contains(uid)) return false;
    }
    return true;
  }

  void Wake() {
    {
      const std::lock_guard lock(mutex_);
      ++changes_;
    }
    changed_.notify_all();
  }

  uint64_t Changes() {
    const std::lock_guard lock(mutex_);
    return changes_;
  }

  void WaitForChange(uint64_t seen) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(5), [&] { return changes_ != seen; });
  }

  const Cluster& cluster_;
  const FollowOptions options_;
  Printer printer_;
  WaitNotes wait_notes_;  // of the thread in Run()

  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t changes_ = 0;                      // guarded by mutex_
  std::map<std::string, Followed> followed_;  // guarded by mutex_; by the pod's uid

  kube::Informer<JobObject> jobs_;
  kube::Informer<PodView> pods_;
};

int ReportEnd(const FollowOptions& options, const std::optional<ConditionType>& state) {
  if (!options.reports_end) return 0;
  if (!state) {
    fmt::print(stderr, "job {} was deleted\n", options.job);
    return 1;
  }
  fmt::print(stderr, "job {}: {}\n", options.job, job::ConditionTypeName(*state));
  return *state == ConditionType::kSucceeded ? 0 : 1;
}

// Those that are asked for.
Result<std::vector<PodView>> ListPods(const Cluster& cluster, const FollowOptions& options) {
  ASSIGN_OR_RETURN(const kube::Json list,
                   cluster.client->List(kube::kPods, options.name_space,
                                        {{"labelSelector", operators::JobSelector(options.job)}}));
  std::vector<PodView> pods;
  for (const kube::Json& item : kube::GetList(list, {"items"})) {
    PodView pod = operators::ToPodView(item);
    const bool is_asked_for = !options.replica || pod.replica.id == *options.replica;
    if (pod.has_id && is_asked_for) pods.push_back(std::move(pod));
  }
  return pods;
}

// What is there now. All that can be read, and the first failure.
Status PrintLogs(const Cluster& cluster, const FollowOptions& options,
                 std::span<const PodView> pods) {
  Printer printer(!options.replica);
  Status problem;
  for (const PodView& pod : pods) {
    const auto text = kube::ReadLog(cluster.client.get(), {.name_space = options.name_space,
                                                           .pod = pod.name,
                                                           .container = pod.container,
                                                           .tail_lines = options.tail,
                                                           .previous = options.previous,
                                                           .follow = false});
    if (!text.ok()) {
      if (problem.ok()) problem = text.error();
      continue;
    }
    for (size_t start = 0; start < text->size();) {
      const size_t end = std::min(text->find('\n', start), text->size());
      printer.Print(pod.replica.id, std::string_view(*text).substr(start, end - start));
      start = end + 1;
    }
  }
  return problem;
}

int ShowPresent(const Cluster& cluster, const FollowOptions& options) {
  auto pods = ListPods(cluster, options);
  if (!pods.ok()) return ComplainAbout("logs", pods.error());
  // Until a container has begun there is no log.
  std::erase_if(*pods,
                [](const PodView& pod) { return pod.replica.phase == job::Phase::kPending; });
  const Status status = PrintLogs(cluster, options, *pods);
  return status.ok() ? 0 : ComplainAbout("logs", status);
}

int ShowPrevious(const Cluster& cluster, const FollowOptions& options) {
  const auto pods = ListPods(cluster, options);
  if (!pods.ok()) return ComplainAbout("logs", pods.error());
  const PreviousLogs previous = FindPreviousLogs(*pods, options);
  const Status status = PrintLogs(cluster, options, previous.pods);
  if (!previous.why_not.empty()) fmt::print(stderr, "trainyard logs: {}\n", previous.why_not);
  if (!status.ok()) fmt::print(stderr, "trainyard logs: {}\n", status.message());
  return status.ok() && !previous.pods.empty() ? 0 : 1;
}

}  // namespace

int FollowLogs(const Cluster& cluster, const FollowOptions& options) {
  if (options.previous) return ShowPrevious(cluster, options);
  if (!options.follow) return ShowPresent(cluster, options);
  JobFollower follower(cluster, options);
  const auto state = follower.Run();
  return state.ok() ? ReportEnd(options, *state) : ComplainAbout("logs", state.error());
}

}  // namespace trainyard::cli
