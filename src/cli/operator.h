// `trainyard operator`: becomes the program trainyard-operator.
#pragma once

#include <CLI/App.hpp>

namespace trainyard::cli {

// Adds the command to `app`. Running it sets `*exit_code`. Both are borrowed and must outlive the
// parsing.
void AddOperatorCommand(CLI::App& app, int* exit_code);

}  // namespace trainyard::cli
