#include "cli/wait.h"

#include <fmt/format.h>
#include <poll.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "cli/cluster/cluster_source.h"
#include "cli/job_flags.h"
#include "cli/quantity.h"
#include "cli/wait_condition.h"
#include "operator/names.h"

namespace trainyard::cli {
namespace {

using Clock = std::chrono::steady_clock;

struct WaitFlags {
  JobFlags job;
  std::string condition = "condition=Succeeded";
  std::string timeout;
};

constexpr char kExamples[] =
    "Exit code: 0 the condition is met, 1 it cannot be met any more or time is over.\n"
    "Examples:\n"
    "  trainyard wait digits\n"
    "  trainyard wait digits --local --for=condition=Running --timeout 60s\n"
    "  trainyard wait digits --local --for=delete";

// How a job stands now.
using Look = std::function<Result<WaitState>()>;

int WaitFor(const WaitFlags& flags, const std::string& name, const Look& look,
            std::chrono::milliseconds interval) {
  std::optional<Clock::time_point> deadline;
  if (!flags.timeout.empty()) {
    const auto timeout = ParseDuration(flags.timeout);
    if (!timeout) {
      return ComplainAbout("wait", InvalidArgumentError("--timeout {}: expected a time such as 60s "
                                                        "or 5m",
                                                        flags.timeout));
    }
    deadline = Clock::now() + *timeout;
  }
  while (true) {
    const auto state = look();
    if (!state.ok()) return ComplainAbout("wait", state.error());
    if (state->is_met) {
      fmt::print("job {}: {}\n", name, state->message);
      return 0;
    }
    if (state->is_hopeless) {
      return ComplainAbout("wait", FailedPreconditionError("job {}: {}", name, state->message));
    }
    if (deadline && Clock::now() >= *deadline) {
      return ComplainAbout("wait", DeadlineExceededError("job {}: {} within {}", name,
                                                         state->message, flags.timeout));
    }
    poll(nullptr, 0, static_cast<int>(interval.count()));
  }
}

int RunLocally(const WaitFlags& flags, const WaitWish& wish) {
  const auto job = FindJob(flags.job);
  if (!job.ok()) return ComplainAbout("wait", job.status());
  const auto look = [&]() -> Result<WaitState> {
    const auto current = local::LookAtJob(job->workdir);
    return current.ok() ? CheckWish(wish, Summarise(*current), current->is_alive())
                        : CheckWishOfDeleted(wish);
  };
  return WaitFor(flags, job->record.name, look, std::chrono::milliseconds(100));
}

int RunOnCluster(const WaitFlags& flags, const WaitWish& wish) {
  const auto cluster = ConnectForJob(flags.job);
  if (!cluster.ok()) return ComplainAbout("wait", cluster.status());
  const std::string& name = flags.job.choice.name;
  const auto first = GetTFJob(*cluster, name);
  if (!first.ok()) {
    if (!wish.condition && first.error().code() == StatusCode::kNotFound) {
      fmt::print("job {}: deleted\n", name);
      return 0;
    }
    return ComplainAbout("wait", first.error());
  }
  const auto look = [&]() -> Result<WaitState> {
    const auto job = cluster->client->Get(operators::kTFJobs, cluster->name_space, name);
    if (!job.ok() && job.error().code() != StatusCode::kNotFound) return job.error();
    // Another job of the same name is not the one that was meant.
    if (!job.ok() || kube::Uid(*job) != kube::Uid(*first)) return CheckWishOfDeleted(wish);
    return CheckWish(wish, DescribeTFJob(*job, {}, std::chrono::system_clock::now()), true);
  };
  return WaitFor(flags, name, look, std::chrono::milliseconds(500));
}

int Run(const WaitFlags& flags) {
  const auto wish = ParseWaitWish(flags.condition);
  if (!wish.ok()) return ComplainAbout("wait", wish.status());
  return flags.job.local ? RunLocally(flags, *wish) : RunOnCluster(flags, *wish);
}

}  // namespace

void AddWaitCommand(CLI::App& app, int* exit_code) {
  CLI::App* command = app.add_subcommand("wait", "Wait until a job has come to a condition");
  const auto flags = std::make_shared<WaitFlags>();  // lives as long as the callback
  AddJobFlags(command, &flags->job);
  command
      ->add_option("--for", flags->condition,
                   "condition=Succeeded, =Failed, =Running, =Suspended, ...; or delete")
      ->capture_default_str();
  command->add_option("--timeout", flags->timeout,
                      "How long at most, such as 60s; 0: look once (default: as long as it takes)");
  command->footer(kExamples);
  command->callback([flags, exit_code] { *exit_code = Run(*flags); });
}

}  // namespace trainyard::cli
