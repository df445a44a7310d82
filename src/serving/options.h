// The command line of trainyard-serve.
#pragma once

#include <span>
#include <string>

#include "base/status.h"
#include "serving/server.h"

namespace trainyard::serving {

struct CommandLine {
  ServerOptions options;
  bool help = false;  // then only this was asked for
  bool version = false;
  // As given; options has what follows from them.
  int warm_up_iterations = 0;
  int session_threads = 0;
  std::string mixed_precision;
};

// Reads TensorFlow Serving's flags, as `--name=value` or `--name value`; `args` without the
// program's name. InvalidArgument, in one line, for an unknown flag or a value out of range.
Result<CommandLine> ParseCommandLine(std::span<const std::string> args);

// What --help prints.
std::string HelpText();

}  // namespace trainyard::serving
