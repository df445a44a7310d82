#include "cli/command_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include <CLI/CLI.hpp>

#include "cli/cluster/submit.h"
#include "cli/completion.h"
#include "cli/delete.h"
#include "cli/describe.h"
#include "cli/jobs.h"
#include "cli/logs.h"
#include "cli/operator.h"
#include "cli/predict.h"
#include "cli/run.h"
#include "cli/serve.h"
#include "cli/wait.h"

namespace trainyard::cli {
namespace {

// Every command, in the order of --help.
constexpr void (*kCommands[])(CLI::App& app, int* exit_code) = {
    AddRunCommand,   AddSubmitCommand,  AddJobsCommand,       AddDescribeCommand,
    AddLogsCommand,  AddWaitCommand,    AddDeleteCommand,     AddOperatorCommand,
    AddServeCommand, AddPredictCommand, AddCompletionCommand,
};

constexpr char kExample[] =
    "Example:\n"
    "  trainyard run examples/digits/tfjob.yaml";

// The command that was being read when the mistake was found, for "see trainyard run --help".
std::string FullName(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  return chosen.empty() ? app.get_name() : app.get_name() + " " + chosen.front()->get_name();
}

// Some of the library's messages have several lines; people get one.
std::string OneLine(std::string text) {
  for (char& c : text) {
    if (c == '\n') c = ' ';
  }
  return text;
}

// The library would only say that a command is missing.
bool IsUnknownCommand(const CLI::App& app, std::string_view word) {
  if (word.empty() || word.starts_with('-')) return false;
  const auto commands = app.get_subcommands([](const CLI::App*) { return true; });
  return std::none_of(commands.begin(), commands.end(),
                      [&](const CLI::App* command) { return command->get_name() == word; });
}

}  // namespace

int RunCommandLine(int argc, char** argv) {
  CLI::App app("Train, run, serve and watch TensorFlow models, from a laptop to a cluster",
               "trainyard");
  int exit_code = 0;
  app.set_version_flag("--version", "trainyard " TRAINYARD_VERSION);
  app.require_subcommand(1);
  app.footer(kExample);
  for (const auto add : kCommands) add(app, &exit_code);
  if (argc > 1 && IsUnknownCommand(app, argv[1])) {
    fmt::print(stderr, "trainyard: there is no command \"{}\" (see trainyard --help)\n",
               OneLine(argv[1]));
    return 2;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // --help and --version arrive here, too.
    if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) return app.exit(error);
    const std::string name = FullName(app);
    fmt::print(stderr, "{}: {} (see {} --help)\n", name, OneLine(error.what()), name);
    return 2;
  }
  return exit_code;
}

}  // namespace trainyard::cli
