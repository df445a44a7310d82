#include "serving/server.h"

#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/service_type.h>

#include <algorithm>
#include <limits>
#include <thread>
#include <utility>

#include "serving/frontends/grpc/port.h"
#include "serving/frontends/grpc/services.h"
#include "serving/in_flight.h"
#include "serving/models/catalogue.h"

namespace trainyard::serving {

// In the order of construction; requests hold Servables, so the front ends go first.
struct Server::Parts {
  explicit Parts(VersionManager::Options options) : models({std::move(options)}) {}

  Catalogue models;
  InFlight requests;
  std::unique_ptr<grpc::Service> prediction_service;
  std::unique_ptr<grpc::Service> model_service;
  std::unique_ptr<grpc::Service> health_service;
  std::unique_ptr<grpc::Server> server;
  std::unique_ptr<RestServer> rest;  // nullptr: not asked for
  int port = 0;
  bool poll_once = false;
};

namespace {

// How long the stopping server goes on refusing before it cuts the connections: until clients have
// turned away, but not for those who never will.
constexpr std::chrono::milliseconds kQuiet{100};
constexpr std::chrono::milliseconds kMaxRefusing{1000};

// Requests come side by side, each best run by a thread of its own from start to end: TensorFlow's
// pools cost a hand-over per operation, which small models feel most.
tf::SessionConfig MakeSessionConfig(const ServerOptions& options) {
  tf::SessionConfig config;
  config.spinning = true;  // somebody waits for the answer
  config.intra_op_threads = options.intra_op_threads > 0 ? options.intra_op_threads : 1;
  config.inter_op_threads =
      options.inter_op_threads > 0 ? options.inter_op_threads : tf::kCallerThread;
  return config;
}

VersionManager::Options MakeManagerOptions(const ServerOptions& options) {
  VersionManager::Options result;
  result.model_name = options.model_name;
  result.base_path = options.model_base_path;
  result.session = MakeSessionConfig(options);
  result.poll_interval = std::chrono::seconds(options.poll_seconds);
  return result;
}

}  // namespace

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Server::~Server() { Stop(std::chrono::milliseconds(0)); }

Result<std::unique_ptr<Server>> Server::Create(const ServerOptions& options) {
  auto parts = std::make_unique<Parts>(MakeManagerOptions(options));
  parts->prediction_service = MakePredictionService(
      &parts->models, &parts->requests,
      options.answer_tensor_content ? TensorEncoding::kContent : TensorEncoding::kTypedFields);
  parts->model_service = MakeModelService(&parts->models);
  parts->health_service = MakeHealthService(&parts->models);
  grpc::ServerBuilder builder;
  // By default gRPC shares a taken port with its owner and each gets some of the connections.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.SetMaxReceiveMessageSize(std::numeric_limits<int>::max());
  builder.SetMaxSendMessageSize(std::numeric_limits<int>::max());
  builder.AddListeningPort(JoinHostPort(options.host, options.port),
                           grpc::InsecureServerCredentials(), &parts->port);
  builder.RegisterService(parts->prediction_service.get());
  builder.RegisterService(parts->model_service.get());
  builder.RegisterService(parts->health_service.get());
  parts->server = builder.BuildAndStart();
  if (parts->server == nullptr || parts->port == 0) {
    return UnavailableError("cannot listen on {}: {}", JoinHostPort(options.host, options.port),
                            WhyPortIsRefused(options.host, options.port));
  }
  if (options.rest.port != RestOptions::kOff) {
    ASSIGN_OR_RETURN(parts->rest,
                     RestServer::Start(options.host, options.rest, &parts->models, {}));
  }
  parts->poll_once = options.poll_seconds == 0;
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

Status Server::Start(std::function<void(const Servable&)> on_serving) {
  parts_->models.OnServing(on_serving);
  if (parts_->poll_once) return parts_->models.PollOnce();
  parts_->models.Start();
  return OkStatus();
}

int Server::port() const { return parts_->port; }

int Server::rest_port() const { return parts_->rest == nullptr ? 0 : parts_->rest->port(); }

void Server::Stop(std::chrono::milliseconds grace) {
  if (parts_->server == nullptr) return;
  const auto deadline = std::chrono::system_clock::now() + grace;
  // REST clients are told by each answer to come no more; gRPC's are refused meanwhile.
  const std::jthread rest([this, grace] {
    if (parts_->rest != nullptr) parts_->rest->Stop(grace);
  });
  parts_->requests.CloseAndWait(grace);
  parts_->requests.WaitUntilQuiet(kQuiet, std::min<std::chrono::milliseconds>(grace, kMaxRefusing));
  parts_->server->Shutdown(deadline);
  parts_->server->Wait();
  parts_->server = nullptr;
}

}  // namespace trainyard::serving
