#include "serving/frontends/grpc/front_end.h"

#include <google/protobuf/stubs/logging.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/service_type.h>
#include <grpcpp/resource_quota.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <thread>
#include <utility>
#include <vector>

#include "serving/frontends/grpc/call_threads.h"
#include "serving/frontends/grpc/channel_arguments.h"
#include "serving/frontends/grpc/credentials.h"
#include "serving/frontends/grpc/port.h"
#include "serving/frontends/grpc/stream_service.h"

namespace trainyard::serving {
namespace {

constexpr int kMostThreads = 4096;

constexpr char kPredictionService[] = "tensorflow.serving.PredictionService";
constexpr char kModelService[] = "tensorflow.serving.ModelService";
constexpr char kHealthService[] = "grpc.health.v1.Health";

grpc_compression_algorithm ToGrpc(GrpcCompression compression) {
  switch (compression) {
    case GrpcCompression::kNone:
      break;
    case GrpcCompression::kDeflate:
      return GRPC_COMPRESS_DEFLATE;
    case GrpcCompression::kGzip:
      return GRPC_COMPRESS_GZIP;
  }
  return GRPC_COMPRESS_NONE;
}

// Files made meanwhile are this user's alone. For the whole process, so for a moment only.
class PrivateFiles {
 public:
  PrivateFiles() : before_(umask(S_IRWXG | S_IRWXO | S_IXUSR)) {}
  ~PrivateFiles() { umask(before_); }

 private:
  const mode_t before_;
};

Status Configure(const GrpcOptions& options, grpc::ServerBuilder* builder) {
  // By default gRPC shares a taken port with its owner and each gets some of the connections.
  builder->AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  constexpr int kNoLimit = std::numeric_limits<int>::max();
  builder->SetMaxReceiveMessageSize(
      options.max_request_bytes > 0
          ? static_cast<int>(std::min<int64_t>(options.max_request_bytes, kNoLimit))
          : kNoLimit);
  builder->SetMaxSendMessageSize(kNoLimit);
  builder->SetDefaultCompressionAlgorithm(ToGrpc(options.compression));
  ASSIGN_OR_RETURN(const std::vector<ChannelArgument> arguments,
                   ParseChannelArguments(options.channel_arguments));
  for (const auto& [name, value] : arguments) {
    std::visit([&, &key = name](const auto& v) { builder->AddChannelArgument(key, v); }, value);
  }
  return OkStatus();
}

// `reason`: what a plain socket says at that address, "" if it can be had.
Status CannotListen(const GrpcOptions& options, const std::string& address, std::string reason) {
  if (reason.empty()) {
    reason = options.ssl_config_file.empty()
                 ? "it was taken a moment ago; try again"
                 : options.ssl_config_file + ": certificate and key do not work together";
  }
  return UnavailableError("cannot listen on {}: {}", address, reason);
}

}  // namespace

// In the order of construction: the gRPC server goes before what it calls.
struct GrpcFrontEnd::Parts {
  explicit Parts(int max_threads) : threads(max_threads > 0 ? max_threads : kMostThreads) {}

  std::atomic<bool> stopping{false};
  std::vector<std::unique_ptr<grpc::Service>> services;
  std::vector<std::unique_ptr<StreamService>> streams;
  CallThreads threads;  // done with all calls before the services go
  std::unique_ptr<grpc::Server> server;
  int port = 0;
  std::string address;
};

GrpcFrontEnd::GrpcFrontEnd(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

GrpcFrontEnd::~GrpcFrontEnd() { Stop(std::chrono::system_clock::now()); }

Result<std::unique_ptr<GrpcFrontEnd>> GrpcFrontEnd::Create(const GrpcOptions& options,
                                                           const ServiceContext& services) {
  // Else each malformed message of a client is a line of protobuf's own on standard error.
  google::protobuf::SetLogHandler(nullptr);
  auto parts = std::make_unique<Parts>(options.max_threads);
  parts->services.push_back(MakePredictionService(services, &parts->threads));
  parts->services.push_back(MakeModelService(services, &parts->threads));
  parts->streams.push_back(
      MakeHealthService([&stopping = parts->stopping, models = services.models] {
        return !stopping && models->is_ready();
      }));
  for (auto& reflection : MakeReflectionServices(
           {kPredictionService, kModelService, kHealthService}, services.tokens)) {
    parts->streams.push_back(std::move(reflection));
  }

  grpc::ServerBuilder builder;
  RETURN_IF_ERROR(Configure(options, &builder));
  ASSIGN_OR_RETURN(const auto credentials, MakeServerCredentials(options));
  const bool has_socket = !options.socket_path.empty();
  const bool has_port = options.port != 0 || !has_socket;
  int socket_bound = 0;
  if (has_port) {
    builder.AddListeningPort(JoinHostPort(options.host, options.port), credentials, &parts->port);
  }
  if (has_socket) {
    builder.AddListeningPort("unix:" + options.socket_path, credentials, &socket_bound);
  }
  for (const auto& service : parts->services) builder.RegisterService(service.get());
  for (const auto& stream : parts->streams) builder.RegisterService(stream->service());
  {
    const PrivateFiles only_ours;
    parts->server = builder.BuildAndStart();
  }
  // gRPC stops at the first address that it cannot have.
  if (has_port && parts->port == 0) {
    return CannotListen(options, JoinHostPort(options.host, options.port),
                        WhyPortIsRefused(options.host, options.port));
  }
  if (parts->server == nullptr || (has_socket && socket_bound == 0)) {
    return CannotListen(options, "unix:" + options.socket_path,
                        WhySocketIsRefused(options.socket_path));
  }
  parts->address =
      has_port ? JoinHostPort(options.host, parts->port) : "unix:" + options.socket_path;
  return std::unique_ptr<GrpcFrontEnd>(new GrpcFrontEnd(std::move(parts)));
}

int GrpcFrontEnd::port() const { return parts_->port; }

std::string GrpcFrontEnd::address() const { return parts_->address; }

void GrpcFrontEnd::AnnounceStop() { parts_->stopping = true; }

void GrpcFrontEnd::Stop(std::chrono::system_clock::time_point deadline) {
  AnnounceStop();
  if (parts_->server == nullptr) return;
  for (const auto& stream : parts_->streams) stream->EndStreams();
  parts_->server->Shutdown(deadline);
  parts_->server->Wait();
  parts_->server = nullptr;
}

}  // namespace trainyard::serving
