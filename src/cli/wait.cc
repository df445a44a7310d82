#include "cli/wait.h"

#include <fmt/format.h>
#include <poll.h>

#include <chrono>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cli/job_flags.h"
#include "cli/quantity.h"
#include "cli/wait_condition.h"

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
    "  trainyard wait digits --local\n"
    "  trainyard wait digits --local --for=condition=Running --timeout 60s\n"
    "  trainyard wait digits --local --for=delete";

int Run(const WaitFlags& flags) {
  const auto wish = ParseWaitWish(flags.condition);
  if (!wish.ok()) return ComplainAbout("wait", wish.status());
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
  const auto job = FindJob(flags.job);
  if (!job.ok()) return ComplainAbout("wait", job.status());
  const std::string& name = job->record.name;
  while (true) {
    const auto current = local::LookAtJob(job->workdir);
    const WaitState state = current.ok()
                                ? CheckWish(*wish, Summarise(*current), current->is_alive())
                                : CheckWishOfDeleted(*wish);
    if (state.is_met) {
      fmt::print("job {}: {}\n", name, state.message);
      return 0;
    }
    if (state.is_hopeless) {
      return ComplainAbout("wait", FailedPreconditionError("job {}: {}", name, state.message));
    }
    if (deadline && Clock::now() >= *deadline) {
      return ComplainAbout("wait", DeadlineExceededError("job {}: {} within {}", name,
                                                         state.message, flags.timeout));
    }
    poll(nullptr, 0, 100);
  }
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
