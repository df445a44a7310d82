#include "train/shared_directory_check.h"

#include <unistd.h>

#include <chrono>
#include <random>
#include <thread>

#include "base/files.h"
#include "tf/ops.h"

namespace trainyard::train {
namespace {

constexpr std::chrono::seconds kPatience(5);
constexpr std::chrono::milliseconds kInterval(200);

Status ReadThere(tf::Session* session, const tf::Output& path, const std::string& probe,
                 const tf::Output& content) {
  const tf::Tensor name = tf::Tensor::StringScalar(probe);
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (true) {
    const Status status = session->Run({{path, &name}}, {content}, {}).status();
    const bool is_absent = status.code() == StatusCode::kNotFound;
    if (!is_absent || std::chrono::steady_clock::now() >= deadline) return status;
    std::this_thread::sleep_for(kInterval);
  }
}

}  // namespace

SharedDirectoryCheck::SharedDirectoryCheck(tf::Graph* graph, const spec::ClusterSpec& cluster) {
  const tf::Scope scope = tf::Scope(graph).Inside("trainyard");
  path_ = tf::Placeholder(scope, tf::DataType::kString, {}, "shared_directory_file");
  const auto servers = cluster.jobs.find(spec::kPs);
  if (servers == cluster.jobs.end()) return;
  for (const auto& [index, address] : servers->second) {
    const tf::Scope there = scope.OnDevice(fmt::format("/job:ps/task:{}", index));
    servers_.push_back({index, address, there.Op("ReadFile").In(path_).Out()});
  }
}

Status SharedDirectoryCheck::Run(tf::Session* session, const RunConfig& config) const {
  // A new name each time: network storage remembers for a while that a file was not there.
  const std::string probe = JoinPath(
      config.model_dir, fmt::format(".shared-{}-{:x}", ::getpid(), std::random_device{}()));
  RETURN_IF_ERROR(WriteFileAtomically(probe, "written by the chief\n"));
  Status status;
  for (const Server& server : servers_) {
    status = ReadThere(session, path_, probe, server.content);
    if (status.code() == StatusCode::kNotFound) {
      status = InvalidArgumentError(
          "cannot train with checkpoints in {}: parameter server {} ({}) does not see what the "
          "chief writes there; give all of them the same directory on shared storage, or set "
          "save_on_chief in every process, with which the chief alone needs it",
          config.model_dir, server.index, server.address);
    }
    if (!status.ok()) break;
  }
  const Status removed = RemoveRecursively(probe);
  return status.ok() ? removed : status;
}

}  // namespace trainyard::train
