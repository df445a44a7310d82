// Finding the program that a container's command names, on this machine. Thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace trainyard::local {

struct ProgramSearch {
  std::string working_directory{};         // absolute
  std::string path{};                      // as in $PATH
  std::vector<std::string> directories{};  // asked after $PATH, such as Trainyard's own bin/
};

// The absolute path of the program. A name with a slash is taken from the working directory, a bare
// name is looked up in $PATH, in `directories` and in the working directory, in this order.
// NotFound names every place that was searched; PermissionDenied a file that may not be executed.
Result<std::string> FindProgram(std::string_view name, const ProgramSearch& search);

}  // namespace trainyard::local
