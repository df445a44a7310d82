// `trainyard submit`: sends jobs, and what they need, to a cluster.
#pragma once

#include <CLI/App.hpp>

namespace trainyard::cli {

// Adds the command to `app`. Running it sets `*exit_code`. Both are borrowed and must outlive the
// parsing.
void AddSubmitCommand(CLI::App& app, int* exit_code);

}  // namespace trainyard::cli
