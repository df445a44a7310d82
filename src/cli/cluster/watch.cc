#include "cli/cluster/watch.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "cli/cluster/cluster_source.h"
#include "cli/job_flags.h"
#include "cli/live_screen.h"
#include "kube/informer.h"
#include "kube/logs.h"
#include "operator/names.h"

namespace trainyard::cli {
namespace {

using operators::PodView;

constexpr std::chrono::seconds kSyncTimeout{30};
constexpr std::chrono::milliseconds kRedraw{500};
// Logs that are followed at the same time: as many as a screen shows.
constexpr size_t kMaxLogs = 40;

// The last line of each pod's log.
class LastLines {
 public:
  explicit LastLines(const Cluster& cluster) : cluster_(cluster) {}

  // Follows what runs of these and forgets the others.
  void Follow(const std::map<std::string, std::shared_ptr<const PodView>>& running) {
    std::erase_if(logs_, [&](const auto& entry) { return !running.contains(entry.first); });
    for (const auto& [uid, pod] : running) {
      if (logs_.size() >= kMaxLogs || logs_.contains(uid)) continue;
      const std::string name_space = pod->job_key.substr(0, pod->job_key.find('/'));
      logs_[uid] = kube::LogFollower::Start(cluster_.client.get(), cluster_.timers.get(),
                                            {.name_space = name_space,
                                             .pod = pod->name,
                                             .container = pod->container,
                                             .tail_lines = 1},
                                            {.on_line =
                                                 [this, uid = uid](std::string_view line) {
                                                   const std::lock_guard lock(mutex_);
                                                   lines_[uid] = line;
                                                 },
                                             .on_end = [](const Status&) {}});
    }
  }

  std::string Of(const std::string& uid) {
    const std::lock_guard lock(mutex_);
    const auto found = lines_.find(uid);
    return found == lines_.end() ? "" : found->second;
  }

 private:
  const Cluster& cluster_;
  std::mutex mutex_;
  std::map<std::string, std::string> lines_;  // guarded by mutex_
  std::map<std::string, std::unique_ptr<kube::LogFollower>> logs_;
};

struct WatchedJob {
  std::string key;
  kube::Json object;
};

class ClusterWatch {
 public:
  ClusterWatch(const Cluster& cluster, bool all_namespaces)
      : last_lines_(cluster),
        jobs_(cluster.client.get(), cluster.timers.get(),
              {.resource = operators::kTFJobs,
               .name_space = all_namespaces ? "" : cluster.name_space},
              {.project =
                   [](const kube::Json& object) {
                     return WatchedJob{.key = kube::Key(object), .object = object};
                   }}),
        pods_(cluster.client.get(), cluster.timers.get(),
              {.resource = kube::kPods,
               .name_space = all_namespaces ? "" : cluster.name_space,
               .label_selector = operators::OwnedSelector()},
              {.project = operators::ToPodView,
               .group = [](const PodView& pod) { return pod.job_key; }}) {}

  Status WaitUntilSynced() const {
    RETURN_IF_ERROR(jobs_.WaitUntilSynced(kSyncTimeout));
    return pods_.WaitUntilSynced(kSyncTimeout);
  }

  std::vector<JobDescription> Look(bool with_last_lines, job::TimePoint now) {
    std::vector<JobDescription> descriptions;
    std::map<std::string, std::shared_ptr<const PodView>> running;
    for (const auto& [key, job] : jobs_.All()) {
      std::vector<PodView> pods;
      for (const auto& pod : pods_.Group(key)) {
        pods.push_back(*pod);
        if (pod->replica.phase == job::Phase::kRunning) running[pod->uid] = pod;
      }
      descriptions.push_back(DescribeTFJob(job->object, pods, now));
      for (ReplicaLine& line : descriptions.back().replicas) {
        const auto pod = std::find_if(pods.begin(), pods.end(), [&](const PodView& p) {
          return p.has_id && p.replica.id.Name() == line.name;
        });
        if (pod != pods.end() && line.last_line.empty()) line.last_line = last_lines_.Of(pod->uid);
      }
    }
    if (with_last_lines) last_lines_.Follow(running);
    std::sort(descriptions.begin(), descriptions.end(), [](const auto& a, const auto& b) {
      return std::pair(a.name_space, a.name) < std::pair(b.name_space, b.name);
    });
    return descriptions;
  }

 private:
  LastLines last_lines_;
  kube::Informer<WatchedJob> jobs_;
  kube::Informer<PodView> pods_;
};

// What has changed since the last look, a line each.
void PrintNews(const std::vector<JobDescription>& jobs, std::map<std::string, std::string>* told) {
  std::map<std::string, std::string> now;
  for (const JobDescription& job : jobs) {
    const std::string name = job.name_space + "/" + job.name;
    now[name] = job.state;
    for (const ReplicaLine& replica : job.replicas) {
      now[name + " " + replica.name] =
          replica.restarts == 0 ? replica.state
                                : fmt::format("{}, {} restart(s)", replica.state, replica.restarts);
    }
  }
  for (const auto& [name, state] : now) {
    const auto before = told->find(name);
    if (before == told->end() || before->second != state) fmt::print("{}: {}\n", name, state);
  }
  for (const auto& [name, state] : *told) {
    if (!now.contains(name)) fmt::print("{}: gone\n", name);
  }
  *told = std::move(now);
}

int DrawChanges(ClusterWatch* watch, const ClusterTable& table) {
  const auto screen = LiveScreen::Start();
  if (!screen.ok()) return ComplainAbout("jobs", screen.status());
  do {
    const job::TimePoint now = std::chrono::system_clock::now();
    (*screen)->Draw(FormatWatch(watch->Look(/*with_last_lines=*/true, now), table, now,
                                (*screen)->size(), MayUseColour(STDOUT_FILENO)));
  } while ((*screen)->Wait(kRedraw));
  return (*screen)->exit_code();
}

int PrintChanges(ClusterWatch* watch) {
  std::map<std::string, std::string> told;
  while (std::ferror(stdout) == 0) {
    PrintNews(watch->Look(/*with_last_lines=*/false, std::chrono::system_clock::now()), &told);
    std::fflush(stdout);
    std::this_thread::sleep_for(kRedraw);
  }
  return 1;
}

}  // namespace

int WatchCluster(const Cluster& cluster, const ClusterTable& table) {
  ClusterWatch watch(cluster, table.with_namespace);
  const Status status = watch.WaitUntilSynced();
  if (!status.ok()) return ComplainAbout("jobs", status);
  return IsTerminal(STDOUT_FILENO) ? DrawChanges(&watch, table) : PrintChanges(&watch);
}

}  // namespace trainyard::cli
