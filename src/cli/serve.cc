#include "cli/serve.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/become.h"

namespace trainyard::cli {

void AddServeCommand(CLI::App& app, int* exit_code) {
  CLI::App* command = app.add_subcommand(
      "serve",
      "Serve models over gRPC and REST: trainyard serve --model_name=M --model_base_path=DIR");
  command->set_help_flag();  // the server's own help is the whole one
  command->prefix_command();
  command->callback([command, exit_code] {
    const Status status = BecomeProgram("trainyard-serve", command->remaining());
    fmt::print(stderr, "trainyard serve: {}\n", status.message());
    *exit_code = 1;
  });
}

}  // namespace trainyard::cli
