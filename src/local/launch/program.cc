#include "local/launch/program.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/files.h"

namespace trainyard::local {
namespace {

enum class Kind { kMissing, kNotExecutable, kProgram };

Kind Look(const std::string& path) {
  struct stat info{};
  if (stat(path.c_str(), &info) != 0 || S_ISDIR(info.st_mode)) return Kind::kMissing;
  return access(path.c_str(), X_OK) == 0 ? Kind::kProgram : Kind::kNotExecutable;
}

std::vector<std::string> Directories(const ProgramSearch& search) {
  std::vector<std::string> directories;
  const auto add = [&](const std::string& directory) {
    const auto end = directories.end();
    if (std::find(directories.begin(), end, directory) == end) directories.push_back(directory);
  };
  std::string_view rest = search.path;
  while (!rest.empty()) {
    const size_t colon = rest.find(':');
    const std::string_view part = rest.substr(0, colon);
    if (!part.empty()) add(JoinPath(search.working_directory, part));
    if (colon == std::string_view::npos) break;
    rest = rest.substr(colon + 1);
  }
  for (const std::string& directory : search.directories) add(directory);
  add(search.working_directory);
  return directories;
}

}  // namespace

Result<std::string> FindProgram(std::string_view name, const ProgramSearch& search) {
  if (name.empty()) return InvalidArgumentError("the name of the program is empty");
  std::vector<std::string> directories = {search.working_directory};
  if (name.find('/') == std::string_view::npos) directories = Directories(search);
  std::string not_executable;
  for (const std::string& directory : directories) {
    std::string candidate = JoinPath(directory, name);
    const Kind kind = Look(candidate);
    if (kind == Kind::kProgram) return candidate;
    if (kind == Kind::kNotExecutable && not_executable.empty()) not_executable = candidate;
  }
  if (!not_executable.empty()) {
    return PermissionDeniedError("cannot run {}: the file is not executable (chmod +x?)",
                                 not_executable);
  }
  if (name.find('/') != std::string_view::npos) {
    return NotFoundError("program {} not found", JoinPath(search.working_directory, name));
  }
  return NotFoundError("program \"{}\" not found; searched {}", name, fmt::join(directories, ", "));
}

}  // namespace trainyard::local
