// Runs many short jobs one after the other in one process and fails if anything is left behind:
// processes, zombies, open files, control groups, memory, files beyond each job's log.
//
//   build/release/bench/short_jobs [JOBS=500]
#include <dirent.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "base/files.h"
#include "local/process/cgroup.h"
#include "local/process/guardian.h"
#include "local/process/processes.h"
#include "local/runner.h"

namespace trainyard {
namespace {

class Silent : public local::RunObserver {
 public:
  void OnUpdate(const local::JobView&) override {}
  void OnLog(const job::ReplicaId&, std::string_view) override {}
  void OnNote(std::string_view) override {}
  void OnEvent(const job::Event&) override {}
};

struct Count {
  size_t open_files = 0;
  size_t children = 0;  // zombies included
  size_t groups = 0;
  size_t files = 0;
  size_t resident_kib = 0;
};

Count CountAll(const std::string& workdir) {
  Count count;
  count.open_files = ListDirectory("/proc/self/fd").value_or(std::vector<std::string>()).size();
  for (const auto& [pid, info] : local::ListProcesses()) {
    if (info.parent == getpid()) ++count.children;
  }
  for (const local::CgroupTree& tree : local::FindCgroupTrees().usable) {
    const auto names = ListDirectory(tree.directory).value_or(std::vector<std::string>());
    for (const std::string& name : names) {
      if (name.starts_with(fmt::format("{}{}-", local::kGroupPrefix, getpid()))) ++count.groups;
    }
  }
  for (const auto& entry : std::filesystem::recursive_directory_iterator(workdir)) {
    if (entry.is_regular_file()) ++count.files;
  }
  const std::string statm = ReadFile("/proc/self/statm").value_or("0 0");
  const auto pages = std::strtoull(statm.c_str() + statm.find(' '), nullptr, 10);
  count.resident_kib = pages * static_cast<size_t>(sysconf(_SC_PAGESIZE)) / 1024;
  return count;
}

void Print(const char* when, const Count& count) {
  fmt::print("{:12} {:>3} open files, {} children, {} control groups, {} files, {} KiB resident\n",
             when, count.open_files, count.children, count.groups, count.files, count.resident_kib);
}

int Main(int jobs) {
  const TemporaryDirectory directory;
  spec::TFJob job;
  job.name = "short";
  spec::ReplicaSpec& worker = job.replicas[spec::ReplicaType::kWorker];
  worker.replicas = 2;
  worker.pod.container.command = {"sh", "-c", "setsid sleep 100 & echo hello"};
  worker.pod.container.limits.memory_bytes = int64_t{64} << 20;
  local::RunOptions options{.workdir = JoinPath(directory.path(), "out"), .forward_logs = true};
  Silent observer;
  const auto run = [&](int count) {
    for (int i = 0; i < count; ++i) {
      const auto outcome = local::RunJob(job, options, observer);
      if (outcome.ok() && outcome->exit_code == 0) continue;
      fmt::print(stderr, "job {} failed: {}\n", i, outcome.status().message());
      return false;
    }
    return true;
  };
  if (!run(20)) return 1;  // what is made once and kept
  const Count before = CountAll(options.workdir);
  const auto begin = std::chrono::steady_clock::now();
  if (!run(jobs)) return 1;
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  const Count after = CountAll(options.workdir);
  Print("before:", before);
  Print("after:", after);
  fmt::print("{} jobs of 2 replicas, {:.1f} ms each\n", jobs, seconds.count() * 1000 / jobs);
  const bool is_clean = after.open_files == before.open_files && after.children == 0 &&
                        after.groups == 0 && after.files == before.files &&
                        after.resident_kib < before.resident_kib + 1024;
  fmt::print("{}\n", is_clean ? "nothing is left behind" : "SOMETHING IS LEFT BEHIND");
  return is_clean ? 0 : 1;
}

}  // namespace
}  // namespace trainyard

int main(int argc, char** argv) {
  if (const auto code = trainyard::local::RunGuardianIfAsked(argc, argv)) return *code;
  return trainyard::Main(argc > 1 ? std::atoi(argv[1]) : 500);
}
