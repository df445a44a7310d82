// A Client put together of given parts: the seam at which tests stand between it and the network.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "kube/client.h"
#include "kube/credentials.h"
#include "net/http_client.h"
#include "net/web_socket.h"

namespace trainyard::kube {

struct ClientParts {
  std::unique_ptr<net::HttpClient> http{};
  std::unique_ptr<Credentials> credentials{};
  std::function<Result<std::unique_ptr<net::WebSocket>>(const net::WebSocketOptions&)> connect =
      net::WebSocket::Connect;

  std::function<std::chrono::steady_clock::time_point()> now = std::chrono::steady_clock::now;
  std::function<void(std::chrono::milliseconds)> sleep{};  // null: really
  std::function<double()> random{};                        // in [0, 1); null: a seeded generator
};

std::unique_ptr<Client> MakeClient(const Config& config, const ClientOptions& options,
                                   ClientParts parts);

}  // namespace trainyard::kube
