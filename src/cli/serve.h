// `trainyard serve`: starts the model server, a program of its own.
#pragma once

#include <CLI/App.hpp>

namespace trainyard::cli {

// Adds the command to `app`. Running it replaces this process by trainyard-serve, so that signals
// and exit code are the server's; if that fails, `*exit_code` becomes 1. Both are borrowed and must
// outlive the parsing.
void AddServeCommand(CLI::App& app, int* exit_code);

}  // namespace trainyard::cli
