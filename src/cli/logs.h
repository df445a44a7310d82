// `trainyard logs`: what the replicas of a job print.
#pragma once

#include <CLI/App.hpp>

namespace trainyard::cli {

// Adds the command to `app`. Running it sets `*exit_code`. Both are borrowed and must outlive the
// parsing.
void AddLogsCommand(CLI::App& app, int* exit_code);

}  // namespace trainyard::cli
