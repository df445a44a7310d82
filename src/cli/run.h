// `trainyard run`: a TFJob as processes on this machine.
#pragma once

#include <CLI/App.hpp>

namespace trainyard::cli {

// Adds the command to `app`. Running it sets `*exit_code` to the job's: 0 succeeded, 1 failed, 130
// ended by Ctrl-C; 2 for wrong use. Both are borrowed and must outlive the parsing.
void AddRunCommand(CLI::App& app, int* exit_code);

}  // namespace trainyard::cli
