#include "train/loop/parameter_server.h"

#include <chrono>
#include <thread>

#include "base/log.h"
#include "tf/server.h"
#include "train/loop/job_control.h"
#include "train/loop/stop_signal.h"

namespace trainyard::train {

Result<std::string> StartServer(const RunConfig& config) {
  tf::ServerOptions options{.cluster = {}, .job = config.task.type, .task = config.task.index};
  for (const auto& [job, tasks] : config.task.cluster.jobs) {
    // An evaluator runs no server, even where TF_CONFIG lists it.
    if (job != spec::kEvaluator) options.cluster[job] = tasks;
  }
  options.config.intra_op_threads = config.intra_op_threads;
  options.config.inter_op_threads = config.inter_op_threads;
  Result<tf::Server> server = tf::Server::Start(options);
  if (!server.ok()) {
    const std::string* address = config.task.cluster.Find(config.task.type, config.task.index);
    return server.status().WithContext(
        fmt::format("cannot listen on {}", address == nullptr ? "?" : *address));
  }
  return server->target();
}

Status RunParameterServer(const RunConfig& config, ProgressReporter* reporter) {
  ASSIGN_OR_RETURN(const std::string target, StartServer(config));
  ASSIGN_OR_RETURN(const std::unique_ptr<PhaseReader> phases,
                   PhaseReader::Create(config.task.index, target));
  LogInfo("Holding variables at {}.", target);
  reporter->Report({.phase = "training", .message = "holding variables"});
  constexpr std::chrono::milliseconds kInterval(100);
  constexpr std::chrono::seconds kPatienceWhenStopped(5);
  std::chrono::steady_clock::time_point stop_deadline;
  bool stopping = false;
  while (true) {
    ASSIGN_OR_RETURN(const JobPhase phase, phases->ReadPhase());
    if (phase == JobPhase::kEnded) {
      LogInfo("Training has ended.");
      reporter->Report({.phase = "finished"});
      return OkStatus();
    }
    if (StopRequested() && !stopping) {
      stopping = true;
      stop_deadline = std::chrono::steady_clock::now() + kPatienceWhenStopped;
    }
    if (stopping &&
        (phase == JobPhase::kChiefStopped || std::chrono::steady_clock::now() >= stop_deadline)) {
      reporter->Report({.phase = "stopped"});
      return CancelledError("stopped before training ended");
    }
    std::this_thread::sleep_for(kInterval);
  }
}

}  // namespace trainyard::train
