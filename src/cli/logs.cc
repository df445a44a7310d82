#include "cli/logs.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cli/cluster/cluster_source.h"
#include "cli/cluster/follow.h"
#include "cli/job_flags.h"
#include "cli/job_report.h"
#include "cli/terminal.h"
#include "local/job_logs.h"
#include "local/state/job_record.h"

namespace trainyard::cli {
namespace {

struct LogsFlags {
  JobFlags job;
  bool follow = false;
  bool previous = false;
  std::string replica;
  std::optional<size_t> tail;
};

constexpr char kExamples[] =
    "Lines begin with [REPLICA], unless one replica was asked for.\n"
    "Examples:\n"
    "  trainyard logs digits -f\n"
    "  trainyard logs digits --local --tail 20 --replica worker-1";

// The replicas that the job has or had, for "there is no worker-7".
Result<std::optional<job::ReplicaId>> ChosenReplica(const LogsFlags& flags,
                                                    const local::LocalJob& job) {
  if (flags.replica.empty()) return std::optional<job::ReplicaId>();
  const auto id = local::ParseReplicaName(flags.replica);
  std::vector<std::string> names;
  for (const local::ReplicaInfo& replica : job.record.replicas) {
    if (id && replica.id == *id) return id;
    names.push_back(replica.id.Name());
  }
  return NotFoundError("job {} has no replica \"{}\"; it has {}", job.record.name, flags.replica,
                       fmt::join(names, ", "));
}

// Until the job has ended, or nobody reads any more.
void Follow(const std::string& workdir, local::JobLogs* logs,
            const local::JobLogs::TakeLine& print) {
  while (std::ferror(stdout) == 0) {
    const auto job = local::LookAtJob(workdir);
    // Looked at before the last reading, so that no line is missed.
    const bool is_over = !job.ok() || !job->is_alive();
    logs->Poll(print);
    std::fflush(stdout);
    if (is_over) return;
    poll(nullptr, 0, 200);
  }
}

int RunOnCluster(const LogsFlags& flags) {
  const auto cluster = ConnectForJob(flags.job);
  if (!cluster.ok()) return ComplainAbout("logs", cluster.status());
  const auto job = DescribeClusterJob(*cluster, flags.job.choice.name);
  if (!job.ok()) return ComplainAbout("logs", job.status());
  FollowOptions options{.name_space = cluster->name_space,
                        .job = flags.job.choice.name,
                        .previous = flags.previous,
                        .follow = flags.follow};
  if (flags.tail) options.tail = static_cast<int>(std::min<size_t>(*flags.tail, 1'000'000'000));
  if (!flags.replica.empty()) {
    options.replica = local::ParseReplicaName(flags.replica);
    std::vector<std::string> names;
    for (const ReplicaLine& replica : job->replicas) names.push_back(replica.name);
    if (!options.replica || std::find(names.begin(), names.end(), flags.replica) == names.end()) {
      return ComplainAbout("logs", NotFoundError("job {} has no replica \"{}\"; it has {}",
                                                 job->name, flags.replica, fmt::join(names, ", ")));
    }
  }
  return FollowLogs(*cluster, options);
}

int Run(const LogsFlags& flags) {
  if (flags.follow && flags.previous) {
    return ComplainAbout("logs", InvalidArgumentError("what is over cannot be followed: give "
                                                      "--follow or --previous"));
  }
  if (!flags.job.local) return RunOnCluster(flags);
  const auto job = FindJob(flags.job);
  if (!job.ok()) return ComplainAbout("logs", job.status());
  const auto replica = ChosenReplica(flags, *job);
  if (!replica.ok()) return ComplainAbout("logs", replica.status());
  local::JobLogs logs(job->workdir,
                      {.replica = *replica, .tail = flags.tail, .previous = flags.previous});
  const bool colours = MayUseColour(STDOUT_FILENO);
  const auto print = [&](const job::ReplicaId& id, std::string_view line) {
    if (*replica) {
      std::fwrite(line.data(), 1, line.size(), stdout);
      std::fputc('\n', stdout);
    } else {
      std::string text;
      AppendPrefixed("", id, line, colours, &text);
      std::fwrite(text.data(), 1, text.size(), stdout);
    }
  };
  if (flags.follow) {
    Follow(job->workdir, &logs, print);
  } else {
    logs.Poll(print);
  }
  logs.Flush(print);
  return 0;
}

}  // namespace

void AddLogsCommand(CLI::App& app, int* exit_code) {
  CLI::App* command = app.add_subcommand("logs", "Print what the replicas of a job print");
  const auto flags = std::make_shared<LogsFlags>();  // lives as long as the callback
  AddJobFlags(command, &flags->job);
  command->add_flag("-f,--follow", flags->follow,
                    "Go on until the job has ended; Ctrl-C stops only the watching");
  command->add_option("--replica", flags->replica, "Only this one, such as worker-1");
  command->add_option("--tail", flags->tail, "Only the last lines of each replica")->type_name("N");
  command->add_flag("-p,--previous", flags->previous,
                    "Only the instance of each replica before its last restart; on a cluster as "
                    "long as its pod is there");
  command->footer(kExamples);
  command->callback([flags, exit_code] { *exit_code = Run(*flags); });
}

}  // namespace trainyard::cli
