#include "train/checkpoints/directory_probe.h"

#include <unistd.h>

#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "base/files.h"
#include "base/log.h"
#include "train/loop/stop_signal.h"

namespace trainyard::train {

Result<DirectoryProbe> DirectoryProbe::Write(const std::string& directory,
                                             std::string_view writer) {
  RETURN_IF_ERROR(MakeDirectories(directory));
  const std::string prefix = fmt::format(".shared-{}-", writer);
  ASSIGN_OR_RETURN(const std::vector<std::string> names, ListDirectory(directory));
  for (const std::string& name : names) {
    if (name.starts_with(prefix)) RETURN_IF_ERROR(RemoveRecursively(JoinPath(directory, name)));
  }
  const std::string name = fmt::format("{}{}-{:x}", prefix, ::getpid(), std::random_device{}());
  RETURN_IF_ERROR(
      WriteFileAtomically(JoinPath(directory, name), fmt::format("written by the {}\n", writer)));
  return DirectoryProbe(directory, name);
}

DirectoryProbe::DirectoryProbe(DirectoryProbe&& other) noexcept
    : directory_(other.directory_), name_(std::exchange(other.name_, {})) {}

DirectoryProbe::~DirectoryProbe() {
  if (name_.empty()) return;
  const Status status = RemoveRecursively(path());
  if (!status.ok()) LogWarning("{}", status.message());
}

std::string DirectoryProbe::path() const { return JoinPath(directory_, name_); }

Status DirectoryProbe::AwaitThere(std::chrono::milliseconds patience,
                                  const std::function<Status()>& read_there) const {
  constexpr std::chrono::milliseconds kInterval(200);
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (true) {
    const Status status = read_there();
    if (status.code() != StatusCode::kNotFound) return status;
    if (StopRequested() || std::chrono::steady_clock::now() >= deadline) return status;
    std::this_thread::sleep_for(kInterval);
  }
}

}  // namespace trainyard::train
