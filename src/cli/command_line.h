// The command line `trainyard COMMAND ...` as a whole.
#pragma once

namespace trainyard::cli {

// Understands the arguments and does what they ask for; the program's exit code: 0 done, 1 failed,
// 2 wrong use (one line on standard error), or what the command says. To add a command, write `void
// AddXCommand(CLI::App& app, int* exit_code)` in a file of its own and name it in command_line.cc.
int RunCommandLine(int argc, char** argv);

}  // namespace trainyard::cli
