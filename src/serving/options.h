// The command line of trainyard-serve.
#pragma once

#include <span>
#include <string>

#include "base/status.h"
#include "serving/server.h"

namespace trainyard::serving {

struct CommandLine {
  ServerOptions options;
  bool help = false;           // then only this was asked for
  int warm_up_iterations = 0;  // as given; options has what follows from it
  // Flags that are taken and change nothing.
  bool without_effect = false;
  int threads_without_effect = 0;
};

// Reads TensorFlow Serving's flags, as `--name=value` or `--name value`; `args` without the
// program's name. InvalidArgument, in one line, for an unknown flag or a value out of range.
Result<CommandLine> ParseCommandLine(std::span<const std::string> args);

// What --help prints.
std::string HelpText();

}  // namespace trainyard::serving
