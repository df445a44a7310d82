#include "train/checkpoints/shared_directory_check.h"

#include "tf/ops.h"
#include "train/checkpoints/directory_probe.h"

namespace trainyard::train {

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
  constexpr std::chrono::seconds kPatience(5);
  ASSIGN_OR_RETURN(const DirectoryProbe probe, DirectoryProbe::Write(config.model_dir, "chief"));
  const tf::Tensor name = tf::Tensor::StringScalar(probe.path());
  for (const Server& server : servers_) {
    const Status status = probe.AwaitThere(
        kPatience, [&] { return session->Run({{path_, &name}}, {server.content}, {}).status(); });
    if (status.code() == StatusCode::kNotFound) {
      return InvalidArgumentError(
          "cannot train with checkpoints in {}: parameter server {} ({}) does not see what the "
          "chief writes there; give all of them the same directory on shared storage, or set "
          "save_on_chief in every process, with which the chief alone needs it",
          config.model_dir, server.index, server.address);
    }
    RETURN_IF_ERROR(status);
  }
  return OkStatus();
}

}  // namespace trainyard::train
