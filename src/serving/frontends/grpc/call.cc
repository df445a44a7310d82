#include "serving/frontends/grpc/call.h"

#include <algorithm>

#include "serving/frontends/grpc/status.h"

namespace trainyard::serving {
namespace {

using std::chrono::steady_clock, std::chrono::system_clock;

// gRPC's "ipv4:127.0.0.1:40000" as others write it.
std::string_view WithoutScheme(std::string_view peer) {
  for (const std::string_view scheme : {"ipv4:", "ipv6:"}) {
    if (peer.starts_with(scheme)) return peer.substr(scheme.size());
  }
  return peer;
}

}  // namespace

std::string_view AuthorizationOf(const grpc::ServerContextBase& context) {
  const auto& metadata = context.client_metadata();
  const auto found = metadata.find("authorization");
  if (found == metadata.end()) return {};
  return {found->second.data(), found->second.size()};
}

Call::Call(const ServiceContext& service, const grpc::ServerContextBase& grpc, Api api,
           const ::tensorflow::serving::ModelSpec* spec, Admission admission)
    : service_(service), grpc_(grpc), start_(steady_clock::now()), spec_(spec) {
  record_.api = api;
  record_.entrypoint = Entrypoint::kGrpc;
  if (spec != nullptr) {
    record_.model = spec->name();
    record_.signature = spec->signature_name();
  }
  admission_ = Admit(admission);
}

Status Call::Admit(Admission admission) {
  if (service_.tokens->is_needed()) {
    RETURN_IF_ERROR(service_.tokens->Check(AuthorizationOf(grpc_)));
  }
  if (admission == Admission::kFree) return OkStatus();
  pass_.emplace(service_.requests);
  return pass_->refusal();
}

Result<const Servable*> Call::Find() {
  if (spec_ == nullptr) return InvalidArgumentError("Missing ModelSpec");
  ASSIGN_OR_RETURN(servable_, service_.models->Find(*spec_));
  record_.servable = servable_.get();
  return servable_.get();
}

RunLimits Call::limits() {
  RunLimits limits;
  limits.is_cancelled = [this] { return grpc_.IsCancelled(); };
  limits.running = &record_.running;
  const auto deadline = grpc_.deadline();
  if (deadline != system_clock::time_point::max()) {
    limits.deadline = steady_clock::now() + (deadline - system_clock::now());
  }
  if (service_.max_time.count() > 0) {
    const auto latest = start_ + service_.max_time;
    limits.deadline = limits.deadline ? std::min(*limits.deadline, latest) : latest;
  }
  deadline_ = limits.deadline;
  return limits;
}

grpc::Status Call::End(Status status, const google::protobuf::MessageLite& request,
                       const google::protobuf::MessageLite& response) {
  const auto now = steady_clock::now();
  // TensorFlow may have let the run go on to its end.
  if (status.ok()) status = RunLimits{.deadline = deadline_}.Check(now);
  record_.code = status.code();
  record_.took = now - start_;
  std::string peer;
  if (service_.observer->wants_details()) {
    peer = grpc_.peer();
    record_.peer = WithoutScheme(peer);
    record_.request_bytes = static_cast<int64_t>(request.ByteSizeLong());
    if (status.ok()) record_.response_bytes = static_cast<int64_t>(response.ByteSizeLong());
  }
  service_.observer->Observe(record_);
  return ToGrpcStatus(status);
}

}  // namespace trainyard::serving
