// The REST front end: HTTP in, JSON out.
//
// Owned by the server; what it is given outlives it. Thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

#include "base/status.h"
#include "net/http_server.h"
#include "serving/frontends/rest/handler.h"

namespace trainyard::serving {

// Flags of trainyard-serve that begin with --rest_api_, and --monitoring_config_file.
struct RestOptions {
  static constexpr int kOff = 0;
  static constexpr int kAnyPort = -1;
  int port = kOff;
  int num_threads = 0;  // 0: four per core
  int timeout_ms = 30'000;
  bool enable_cors = false;
  int64_t max_body_bytes = int64_t{256} << 20;
  int max_connections = 10'000;
  int idle_timeout_ms = 60'000;
  int compress_from_bytes = 32 << 10;    // 0: never
  std::string monitoring_config_file{};  // where the metrics are shown; empty: as usual
  // PEM files; no certificate: no TLS.
  std::string cert_file{};
  std::string key_file{};
  std::string client_ca_file{};  // if given, clients must show a certificate that it has signed
};

class RestServer {
 public:
  // Listens at once. `host` is an address or a name that has one. Unavailable or InvalidArgument,
  // with the reason, if that cannot be done.
  static Result<std::unique_ptr<RestServer>> Start(const std::string& host,
                                                   const RestOptions& options,
                                                   const ServiceContext& service,
                                                   RestHandler::Options handler);

  int port() const { return server_->port(); }

  // New connections get what the certificate files hold now; if that cannot be used, the log says
  // so and nothing changes. Nothing without TLS.
  void ReadCertificatesAgain();

  // From now on the server is not ready, but answers.
  void AnnounceStop() { is_stopping_ = true; }

  // Turns away new connections, answers what comes on the open ones with "Connection: close", and
  // cuts off what is left after `grace`.
  void Stop(std::chrono::milliseconds grace);

 private:
  RestServer(const RestOptions& options, const ServiceContext& service,
             RestHandler::Options handler);

  std::atomic<bool> is_stopping_{false};
  const RestOptions options_;
  const RestHandler handler_;
  std::unique_ptr<net::HttpServer> server_;
};

}  // namespace trainyard::serving
