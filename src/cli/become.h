// The command line starts the larger programs, as git does.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"

namespace trainyard::cli {

// Replaces this process by a program that lies beside it. Does not return if all is well.
Status BecomeProgram(const std::string& program, std::vector<std::string> args);

}  // namespace trainyard::cli
