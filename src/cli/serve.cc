#include "cli/serve.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/status.h"

namespace trainyard::cli {
namespace {

constexpr char kServer[] = "trainyard-serve";

// Does not return if all is well.
Status BecomeServer(std::vector<std::string> args) {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return ErrnoError(error.value(), "cannot tell where this program lies");
  const std::string path = self.parent_path() / kServer;
  args.insert(args.begin(), kServer);
  std::vector<char*> argv;
  for (std::string& arg : args) argv.push_back(arg.data());
  argv.push_back(nullptr);
  execv(path.c_str(), argv.data());
  const Status failure = ErrnoError(errno, "cannot start {}", path);
  return Status(failure.code(), failure.message() + "; 'make build' puts it beside this program");
}

}  // namespace

void AddServeCommand(CLI::App& app, int* exit_code) {
  CLI::App* command = app.add_subcommand(
      "serve", "Serve a model over gRPC: trainyard serve --model_name=M --model_base_path=DIR");
  command->set_help_flag();  // the server's own help is the whole one
  command->prefix_command();
  command->callback([command, exit_code] {
    const Status status = BecomeServer(command->remaining());
    fmt::print(stderr, "trainyard serve: {}\n", status.message());
    *exit_code = 1;
  });
}

}  // namespace trainyard::cli
