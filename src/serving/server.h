// The model server: models, their versions, and the front ends, gRPC and REST.
//
//   ASSIGN_OR_RETURN(auto server, Server::Create({.port = 0, .model_name = "digits",
//                                                 .model_base_path = "/models/digits"}));
//   RETURN_IF_ERROR(server->Start([](const Servable& servable) { ... }));
//   server->Stop(std::chrono::seconds(10));
//
// Owned by main. Thread-compatible; requests are served by threads of its own.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "serving/frontends/grpc/front_end.h"
#include "serving/frontends/rest/rest_server.h"
#include "serving/servable.h"

namespace trainyard::serving {

// The flags of trainyard-serve; docs/contracts/serving.md describes them.
struct ServerOptions {
  std::string host = "127.0.0.1";
  int port = 8500;   // 0: any free one
  GrpcOptions grpc;  // host and port stand above
  RestOptions rest;  // the host stands above
  std::string model_name = "default";
  std::string model_base_path;
  std::string model_config_file;      // then the two above say nothing
  int model_config_poll_seconds = 0;  // how often that file is read again; 0: on request only
  bool labels_for_absent_versions = false;
  int poll_seconds = 1;  // 0: look for versions once, at the start
  int load_threads = 0;  // versions loaded at the same time; 0: four per processor
  int max_load_retries = 5;
  int64_t load_retry_micros = 60'000'000;
  std::vector<std::string> model_tags{"serve"};
  bool warm_up = true;
  int warm_up_iterations = 1;  // how often each recorded request is run
  bool enable_batching = false;
  std::string batching_parameters_file;        // "": the defaults
  bool per_model_batching_parameters = false;  // from batching_params.pbtxt of a version
  int intra_op_threads = 0;                    // 0: one, since requests already run side by side
  bool bfloat16 = false;     // convolutions and products; the rest stays in float32
  int inter_op_threads = 0;  // 0: none, operations run in the request's thread
  bool answer_tensor_content = false;
  bool check_method_names = false;           // a signature's method_name must fit the call
  int64_t max_concurrent_requests = 0;       // 0: no limit; more are refused
  std::chrono::seconds max_request_time{0};  // 0: as long as the client waits
  std::string auth_token_file;               // "": everybody may ask
  std::string access_log;                    // "": none; "stderr" or a file
  double access_log_share = 1;               // of the successful requests
};

class Server {
 public:
  // Reads the configuration file, then binds the ports and answers on them: until Start(), and
  // until a version has been loaded, that there is no model yet. InvalidArgument if the file is not
  // right; Unavailable, with the reason, if a port cannot be had.
  static Result<std::unique_ptr<Server>> Create(const ServerOptions& options);
  ~Server();  // stops without waiting for requests

  int port() const;       // of gRPC; 0: it listens on a unix socket only
  int rest_port() const;  // 0: there is no REST front end
  std::string grpc_address() const;

  // What Prometheus reads. From any thread.
  std::string MetricsPage() const;

  // Looks for versions from now on and serves those that are asked for. `on_serving` is told about
  // each version that begins to answer, by another thread. With poll_seconds 0 this waits until the
  // models are loaded, for at most an hour, and fails with the reason if there is none; Cancelled
  // if `is_cancelled`, asked every 50 ms, says so first.
  Status Start(
      std::function<void(const Servable&)> on_serving = [](const Servable&) {},
      std::function<bool()> is_cancelled = {});

  // Reads the configuration file again if there is one, and the certificates for REST, and looks
  // for versions of every model. Does not wait for that. What SIGHUP asks for.
  void Reload();

  // Refuses new requests as UNAVAILABLE, lets those under way finish for at most `grace`, then
  // cancels them and closes the connections.
  void Stop(std::chrono::milliseconds grace);

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace trainyard::serving
