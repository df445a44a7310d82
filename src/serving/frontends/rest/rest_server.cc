#include "serving/frontends/rest/rest_server.h"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "base/log.h"
#include "serving/access/server_tls.h"
#include "serving/frontends/grpc/port.h"
#include "serving/frontends/rest/http_status.h"
#include "serving/metrics/monitoring_config.h"

namespace trainyard::serving {
namespace {

using std::chrono::milliseconds;

struct AddrInfoDeleter {
  void operator()(addrinfo* info) const { freeaddrinfo(info); }
};

// The first address of a name; an address stays what it is.
Result<std::string> Resolve(const std::string& host) {
  std::string name = host;
  if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(name.c_str(), nullptr, &hints, &found);
  if (error != 0) {
    return InvalidArgumentError("cannot listen on {}: unknown host ({})", host,
                                gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, AddrInfoDeleter> addresses(found);
  char text[NI_MAXHOST] = "";
  if (getnameinfo(addresses->ai_addr, addresses->ai_addrlen, text, sizeof text, nullptr, 0,
                  NI_NUMERICHOST) != 0) {
    return InvalidArgumentError("cannot listen on {}: its address cannot be written", host);
  }
  return std::string(text);
}

Result<net::TlsServerOptions> ReadTls(const RestOptions& options) {
  if (options.cert_file.empty() && options.key_file.empty()) {
    if (options.client_ca_file.empty()) return net::TlsServerOptions();
    return InvalidArgumentError(
        "--rest_api_tls_client_ca_file needs --rest_api_tls_cert_file and --rest_api_tls_key_file");
  }
  Result<ServerTls> tls = ReadTlsFiles(options.cert_file, options.key_file, options.client_ca_file);
  if (!tls.ok()) return tls.status().WithContext("--rest_api_tls_cert_file");
  return net::TlsServerOptions{.cert_pem = std::move(tls->cert_pem),
                               .key_pem = std::move(tls->key_pem),
                               .client_ca_pem = std::move(tls->client_ca_pem)};
}

int DefaultThreads() {
  return 4 * static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

// Requests for quick models are run one after the other on each processor; more at the same time
// would only wait for each other in the middle. Two at least, so that one cannot keep all waiting.
int BusyThreads() { return static_cast<int>(std::max(2u, std::thread::hardware_concurrency())); }

}  // namespace

RestServer::RestServer(const RestOptions& options, const ServiceContext& service,
                       RestHandler::Options handler)
    : options_(options), handler_(service, [&] {
        handler.is_stopping = [this] { return is_stopping_.load(); };
        return std::move(handler);
      }()) {}

Result<std::unique_ptr<RestServer>> RestServer::Start(const std::string& host,
                                                      const RestOptions& options,
                                                      const ServiceContext& service,
                                                      RestHandler::Options handler) {
  ASSIGN_OR_RETURN(const std::string address, Resolve(host));
  net::HttpServerOptions http;
  http.address = JoinHostPort(address, std::max(options.port, 0));
  http.threads = options.num_threads > 0 ? options.num_threads : DefaultThreads();
  http.busy_threads = BusyThreads();
  http.idle_timeout = milliseconds(options.idle_timeout_ms);
  http.max_body_bytes = static_cast<size_t>(options.max_body_bytes);
  http.max_connections = options.max_connections;
  http.pack_from_bytes = static_cast<size_t>(options.compress_from_bytes);
  ASSIGN_OR_RETURN(http.tls, ReadTls(options));
  ASSIGN_OR_RETURN(const MonitoringConfig monitoring,
                   ReadMonitoringConfig(options.monitoring_config_file));
  handler.metrics_path = monitoring.is_enabled ? monitoring.path : "";
  handler.timeout = milliseconds(options.timeout_ms);
  handler.enable_cors = options.enable_cors;
  std::unique_ptr<RestServer> server(new RestServer(options, service, std::move(handler)));
  const RestHandler* const answers = &server->handler_;
  http.refusal = [answers](int status, std::string_view text) {
    net::HttpAnswer answer = answers->ToAnswer(Status(FromHttpStatus(status), std::string(text)));
    answer.status = status;
    return answer;
  };
  auto started = net::HttpServer::Start(
      http, [answers](const net::HttpQuestion& question) { return answers->Answer(question); });
  if (!started.ok()) {
    const bool is_taken = started.error().code() == StatusCode::kAlreadyExists;
    return Status(
        started.error().code(),
        started.error().message() + (is_taken ? "; stop the program that has it or choose another "
                                                "--rest_api_port (-1 takes a free one)"
                                              : ""));
  }
  server->server_ = std::move(started).value();
  return server;
}

void RestServer::ReadCertificatesAgain() {
  if (options_.cert_file.empty()) return;
  const Result<net::TlsServerOptions> tls = ReadTls(options_);
  const Status status = tls.ok() ? server_->ChangeTls(*tls) : tls.status();
  if (!status.ok()) LogWarning("the REST certificates stay as they were: {}", status.message());
}

void RestServer::Stop(milliseconds grace) {
  AnnounceStop();
  server_->Drain(grace);
}

}  // namespace trainyard::serving
