// `trainyard predict`: one picture to a model server, the answer to the screen.
#pragma once

#include <CLI/App.hpp>

namespace trainyard::cli {

// Adds the command to `app`; running it sets `*exit_code`: 0 answered, 1 could not, 2 wrong use.
// Both are borrowed and must outlive the parsing.
void AddPredictCommand(CLI::App& app, int* exit_code);

}  // namespace trainyard::cli
