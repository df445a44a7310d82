#include "local/state/registry.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "base/files.h"

namespace trainyard::local {
namespace {

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

std::string DefaultStateDirectory() {
  if (const std::string own = Variable("TRAINYARD_STATE_DIR"); !own.empty()) return own;
  if (const std::string xdg = Variable("XDG_STATE_HOME"); !xdg.empty()) {
    return JoinPath(xdg, "trainyard");
  }
  const std::string home = Variable("HOME");
  return home.empty() ? "" : JoinPath(home, ".local/state/trainyard");
}

std::string Registry::IdOf(std::string_view workdir) {
  uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (const char c : workdir) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return fmt::format("{:016x}", hash);
}

Status Registry::Add(const std::string& workdir) const {
  if (directory_.empty()) return OkStatus();
  const std::string jobs = JoinPath(directory_, "jobs");
  const std::string link = JoinPath(jobs, IdOf(workdir));
  std::error_code error;
  if (std::filesystem::read_symlink(link, error) == workdir) return OkStatus();
  RETURN_IF_ERROR(MakeDirectories(jobs));
  unlink(link.c_str());
  if (symlink(workdir.c_str(), link.c_str()) != 0 && errno != EEXIST) {
    return ErrnoError(errno, "cannot make the link {}", link);
  }
  return OkStatus();
}

void Registry::Remove(const std::string& workdir) const {
  if (!directory_.empty()) unlink(JoinPath(directory_, "jobs/" + IdOf(workdir)).c_str());
}

std::vector<std::string> Registry::List() const {
  std::vector<std::string> workdirs;
  if (directory_.empty()) return workdirs;
  const std::string jobs = JoinPath(directory_, "jobs");
  for (const std::string& name : ListDirectory(jobs).value_or(std::vector<std::string>())) {
    std::error_code error;
    const std::string link = JoinPath(jobs, name);
    std::string workdir = std::filesystem::read_symlink(link, error).string();
    if (error) continue;  // not ours
    if (PathExists(JoinPath(workdir, ".trainyard"))) {
      workdirs.push_back(std::move(workdir));
    } else {
      unlink(link.c_str());
    }
  }
  std::sort(workdirs.begin(), workdirs.end());
  return workdirs;
}

}  // namespace trainyard::local
