// The real Api: HTTP to an API server, with credentials that last.
//
// Retries: a connection that could not be made, 429, and 5xx with Retry-After, for any request; a
// connection lost half-way and other 5xx for GET only (a create may have happened: its caller knows
// by AlreadyExists). With back-off and jitter, obeying Retry-After, at most 10 times and within the
// request's timeout. On 401 credentials are renewed once, and once if the server's certificate is
// not believed: its CA may have changed.
//
// Streams are not repeated: who opened them knows where to go on. Warnings of the server are
// logged, each once. Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/status.h"
#include "kube/api.h"
#include "kube/config.h"
#include "net/web_socket.h"

namespace trainyard::kube {

struct ClientOptions {
  std::string user_agent = "trainyard";
  // Requests per second that this client allows itself, streams not counted; 0: as many as the
  // server takes, whose priority and fairness decides (it answers 429 when it is too much).
  double qps = 0;
  int burst = 100;
  int max_connections = 16;

  // Told of every response: "GET", "host:port", 200 (0: none came), seconds (of those that were
  // sent together: on average). Called from any thread.
  std::function<void(std::string_view method, std::string_view host, int code, double seconds)>
      on_request{};
};

class Client : public Api {
 public:
  using Api::Create;  // of objects; the next one is of clients
  static Result<std::unique_ptr<Client>> Create(const Config& config,
                                                const ClientOptions& options = {});

  virtual const Config& config() const = 0;

  // A WebSocket to a path of the API server with this client's credentials: for exec and
  // port-forward.
  virtual Result<std::unique_ptr<net::WebSocket>> OpenWebSocket(
      const std::string& path, const Query& query,
      const std::vector<std::string>& subprotocols) = 0;
};

}  // namespace trainyard::kube
