// `trainyard wait`: until a job has come to a condition.
#pragma once

#include <CLI/App.hpp>

namespace trainyard::cli {

// Adds the command to `app`. Running it sets `*exit_code`: 0 when it has, 1 when it cannot any more
// or time is over. Both are borrowed and must outlive the parsing.
void AddWaitCommand(CLI::App& app, int* exit_code);

}  // namespace trainyard::cli
