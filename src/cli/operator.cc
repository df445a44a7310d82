#include "cli/operator.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/become.h"

namespace trainyard::cli {

void AddOperatorCommand(CLI::App& app, int* exit_code) {
  CLI::App* command = app.add_subcommand("operator", "Run the TFJobs of a Kubernetes cluster");
  command->set_help_flag();  // the operator's own help is the whole one
  command->prefix_command();
  command->callback([command, exit_code] {
    const Status status = BecomeProgram("trainyard-operator", command->remaining());
    fmt::print(stderr, "trainyard operator: {}\n", status.message());
    *exit_code = 1;
  });
}

}  // namespace trainyard::cli
