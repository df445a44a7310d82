// `trainyard completion bash|zsh`: a script that lets the shell complete commands and flags.
#pragma once

#include <string>

#include <CLI/App.hpp>

namespace trainyard::cli {

// Adds the command to `app`, whose other commands it describes. Both are borrowed and must outlive
// the parsing.
void AddCompletionCommand(CLI::App& app, int* exit_code);

// The script itself, for bash; zsh runs the same after `bashcompinit`.
std::string CompletionScript(const CLI::App& app, bool is_zsh);

}  // namespace trainyard::cli
