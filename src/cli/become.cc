#include "cli/become.h"

#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace trainyard::cli {

Status BecomeProgram(const std::string& program, std::vector<std::string> args) {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return ErrnoError(error.value(), "cannot tell where this program lies");
  const std::string path = self.parent_path() / program;
  args.insert(args.begin(), program);
  std::vector<char*> argv;
  for (std::string& arg : args) argv.push_back(arg.data());
  argv.push_back(nullptr);
  execv(path.c_str(), argv.data());
  const Status failure = ErrnoError(errno, "cannot start {}", path);
  return Status(failure.code(), failure.message() + "; 'make build' puts it beside this program");
}

}  // namespace trainyard::cli
