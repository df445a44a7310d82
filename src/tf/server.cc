#include "tf/server.h"

#include <cstdlib>
#include <optional>

#include "base/wire.h"
#include "tf/internal/handles.h"
#include "tf/internal/loopback_bind.h"

namespace trainyard::tf {
namespace {

// Field numbers: tensorflow/core/protobuf/{tensorflow_server,cluster}.proto.
std::string EncodeServerDef(const ServerOptions& options) {
  WireWriter cluster;
  for (const auto& [job_name, tasks] : options.cluster) {
    WireWriter job;
    job.Bytes(1, job_name);
    for (const auto& [index, address] : tasks) {
      WireWriter task;
      task.Varint(1, static_cast<uint64_t>(index)).Bytes(2, address);
      job.Message(2, task);
    }
    cluster.Message(1, job);
  }
  WireWriter server;
  server.Message(1, cluster).Bytes(2, options.job);
  server.Varint(3, static_cast<uint64_t>(options.task));
  server.Bytes(4, EncodeConfig(options.config)).Bytes(5, "grpc");
  return server.str();
}

// Whether this task is meant to be reached from this machine only.
bool IsOnLoopback(const ServerOptions& options) {
  const auto job = options.cluster.find(options.job);
  if (job == options.cluster.end()) return false;
  const auto task = job->second.find(options.task);
  if (task == job->second.end()) return false;
  return task->second.starts_with("127.0.0.1:") || task->second.starts_with("localhost:");
}

}  // namespace

Result<Server> Server::Start(const ServerOptions& options) {
  ::setenv("GRPC_FAIL_FAST", "true", /*overwrite=*/0);
  const std::string definition = EncodeServerDef(options);
  std::optional<internal::LoopbackBindScope> loopback;
  if (IsOnLoopback(options)) loopback.emplace();
  internal::CallStatus call;
  TF_Server* server = TF_NewServer(definition.data(), definition.size(), call.get());
  const std::string attempt =
      fmt::format("cannot start a server for /job:{}/task:{}", options.job, options.task);
  if (!call.ok()) return call.ToStatus().WithContext(attempt);
  TF_ServerStart(server, call.get());
  if (!call.ok()) return call.ToStatus().WithContext(attempt);
  return Server(TF_ServerTarget(server));
}

}  // namespace trainyard::tf
