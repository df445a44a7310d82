#include "serving/server.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <thread>
#include <utility>

#include "serving/batching/batching.h"
#include "serving/frontends/grpc/front_end.h"
#include "serving/in_flight.h"
#include "serving/models/catalogue.h"
#include "serving/models/config_file.h"
#include "serving/models/warm_up.h"

namespace trainyard::serving {

// In the order of construction; requests hold Servables, so the gRPC server goes first.
struct Server::Parts {
  Parts(const ServerOptions& options, std::vector<ModelSettings> settings,
        std::optional<BatchingConfig> batching_config, TokenCheck known_tokens,
        std::unique_ptr<AccessLog> log);

  TokenCheck tokens;
  std::unique_ptr<AccessLog> access_log;  // nullptr: none
  ServerMetrics metrics;
  RequestObserver observer;
  std::unique_ptr<Batching> batching;  // nullptr: none
  Catalogue models;
  std::unique_ptr<ConfigFile> config_file;  // if there is one
  std::string config_bytes;                 // of that file, as applied at the start
  InFlight requests;
  std::unique_ptr<GrpcFrontEnd> grpc;
  std::unique_ptr<RestServer> rest;  // nullptr: not asked for
  bool poll_once = false;
  bool stopped = false;
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
  config.bfloat16 = options.bfloat16;
  config.intra_op_threads = options.intra_op_threads > 0 ? options.intra_op_threads : 1;
  config.inter_op_threads =
      options.inter_op_threads > 0 ? options.inter_op_threads : tf::kCallerThreadOrPool;
  return config;
}

Catalogue::Options MakeCatalogueOptions(const ServerOptions& options, LoadMetrics* loads,
                                        Batching* batching) {
  Catalogue::Options result;
  result.session = MakeSessionConfig(options);
  result.tags = options.model_tags;
  if (batching != nullptr) {
    result.make_batcher = [batching](tf::Session* session, const std::string& directory) {
      return batching->MakeBatcher(session, directory);
    };
  }
  result.poll_interval = std::chrono::seconds(options.poll_seconds);
  result.retry.max_retries = options.max_load_retries;
  result.retry.interval = std::chrono::ceil<std::chrono::milliseconds>(
      std::chrono::microseconds(options.load_retry_micros));
  result.load_threads = options.load_threads;
  result.labels_for_absent_versions = options.labels_for_absent_versions;
  result.on_load = [loads](const ServableId& id, const std::string& directory, const Status& status,
                           std::chrono::nanoseconds took) {
    loads->CountLoad(id.name, directory, status, took);
  };
  const WarmUpOptions warm_up{.iterations = options.warm_up_iterations, .metrics = loads};
  result.prepare = [warm_up, is_wanted = options.warm_up](const Servable& servable,
                                                          const std::string& directory) {
    PrepareSignatures(servable);
    return is_wanted ? WarmUp(servable, directory, warm_up) : OkStatus();
  };
  return result;
}

// The models that the flags name, or the file that they name.
Result<ReadConfig> ReadModels(const ServerOptions& options) {
  if (options.model_config_file.empty()) {
    return ReadConfig{{{.name = options.model_name, .base_path = options.model_base_path}}, ""};
  }
  Result<ReadConfig> config = ReadConfigFile(options.model_config_file);
  if (config.ok()) return config;
  return InvalidArgumentError("--model_config_file: {}", config.error().message());
}

// Nothing if batching is off.
Result<std::optional<BatchingConfig>> ReadBatching(const ServerOptions& options) {
  if (!options.enable_batching) return std::optional<BatchingConfig>();
  BatchingConfig config{.per_model = options.per_model_batching_parameters};
  const std::string& file = options.batching_parameters_file;
  if (!file.empty()) {
    ASSIGN_OR_RETURN(config.options, ReadBatchingOptions(file));
  }
  return std::optional(std::move(config));
}

int64_t MaxInside(const ServerOptions& options) {
  return options.max_concurrent_requests > 0 ? options.max_concurrent_requests
                                             : std::numeric_limits<int64_t>::max();
}

Result<TokenCheck> ReadTokens(const ServerOptions& options) {
  if (options.auth_token_file.empty()) return TokenCheck();
  Result<TokenCheck> tokens = TokenCheck::FromFile(options.auth_token_file);
  if (!tokens.ok()) return tokens.status().WithContext("cannot read --auth_token_file");
  return tokens;
}

Result<std::unique_ptr<AccessLog>> OpenAccessLog(const ServerOptions& options) {
  if (options.access_log.empty()) return std::unique_ptr<AccessLog>();
  return AccessLog::Open({.path = options.access_log, .share = options.access_log_share});
}

}  // namespace

Server::Parts::Parts(const ServerOptions& options, std::vector<ModelSettings> settings,
                     std::optional<BatchingConfig> batching_config, TokenCheck known_tokens,
                     std::unique_ptr<AccessLog> log)
    : tokens(std::move(known_tokens)),
      access_log(std::move(log)),
      observer(&metrics, access_log.get()),
      batching(batching_config
                   ? std::make_unique<Batching>(std::move(*batching_config), &metrics.batching())
                   : nullptr),
      models(MakeCatalogueOptions(options, &metrics.loads(), batching.get()), std::move(settings)),
      requests(MaxInside(options)) {
  metrics.SetGauges({.in_flight = [this] { return requests.inside(); },
                     .is_ready = [this] { return models.is_ready(); },
                     .versions = [this](const auto& visit) { models.CountVersions(visit); }});
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Server::~Server() { Stop(std::chrono::milliseconds(0)); }

Result<std::unique_ptr<Server>> Server::Create(const ServerOptions& options) {
  ASSIGN_OR_RETURN(TokenCheck tokens, ReadTokens(options));
  ASSIGN_OR_RETURN(std::unique_ptr<AccessLog> access_log, OpenAccessLog(options));
  ASSIGN_OR_RETURN(ReadConfig config, ReadModels(options));
  ASSIGN_OR_RETURN(std::optional<BatchingConfig> batching, ReadBatching(options));
  auto parts = std::make_unique<Parts>(options, std::move(config.models), std::move(batching),
                                       std::move(tokens), std::move(access_log));
  if (!options.model_config_file.empty()) {
    parts->config_bytes = std::move(config.bytes);
    parts->config_file = std::make_unique<ConfigFile>(
        ConfigFile::Options{
            .path = options.model_config_file,
            .poll_interval = std::chrono::seconds(options.model_config_poll_seconds)},
        [models = &parts->models](const auto& settings) { models->Apply(settings); });
  }
  const ServiceContext context{
      .models = &parts->models,
      .requests = &parts->requests,
      .tokens = &parts->tokens,
      .observer = &parts->observer,
      .encoding =
          options.answer_tensor_content ? TensorEncoding::kContent : TensorEncoding::kTypedFields,
      .method_names = options.check_method_names ? MethodNames::kChecked : MethodNames::kIgnored,
      .max_time = options.max_request_time};
  GrpcOptions grpc = options.grpc;
  grpc.host = options.host;
  grpc.port = options.port;
  ASSIGN_OR_RETURN(parts->grpc, GrpcFrontEnd::Create(grpc, context));
  if (options.rest.port != RestOptions::kOff) {
    const RestHandler::Options handler{
        .metrics_page = [&parts = *parts] { return parts.metrics.Page(); }};
    ASSIGN_OR_RETURN(parts->rest, RestServer::Start(options.host, options.rest, context, handler));
  }
  parts->poll_once = options.poll_seconds == 0;
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

Status Server::Start(std::function<void(const Servable&)> on_serving,
                     std::function<bool()> is_cancelled) {
  constexpr std::chrono::hours kLongestStart{1};
  parts_->models.OnServing(std::move(on_serving));
  parts_->models.Start();
  if (parts_->config_file != nullptr) parts_->config_file->Start(parts_->config_bytes);
  if (!parts_->poll_once) return OkStatus();
  return parts_->models.WaitForFirstLook(
      {.deadline = std::chrono::steady_clock::now() + kLongestStart,
       .is_cancelled = std::move(is_cancelled)});
}

void Server::Reload() {
  if (parts_->config_file != nullptr) parts_->config_file->ReadAgain();
  parts_->models.LookAgain();
  if (parts_->rest != nullptr) parts_->rest->ReadCertificatesAgain();
}

int Server::port() const { return parts_->grpc->port(); }

int Server::rest_port() const { return parts_->rest == nullptr ? 0 : parts_->rest->port(); }

std::string Server::grpc_address() const { return parts_->grpc->address(); }

std::string Server::MetricsPage() const { return parts_->metrics.Page(); }

void Server::Stop(std::chrono::milliseconds grace) {
  if (std::exchange(parts_->stopped, true)) return;
  const auto deadline = std::chrono::system_clock::now() + grace;
  parts_->grpc->AnnounceStop();
  // REST clients are told by each answer to come no more; gRPC's are refused meanwhile.
  if (parts_->rest != nullptr) parts_->rest->AnnounceStop();
  const std::jthread rest([this, grace] {
    if (parts_->rest != nullptr) parts_->rest->Stop(grace);
  });
  parts_->requests.CloseAndWait(grace);
  parts_->requests.WaitUntilQuiet(kQuiet, std::min<std::chrono::milliseconds>(grace, kMaxRefusing));
  parts_->grpc->Stop(deadline);
}

}  // namespace trainyard::serving
