// A WebSocket (RFC 6455) as a client sees it, over TLS or plain TCP.
//
// One thread may read while another writes; Close() from any. Pings of the other side are answered
// while Read() waits.
//
//   ASSIGN_OR_RETURN(auto socket, WebSocket::Connect({.url = "wss://127.0.0.1:6443/...",
//                                                     .subprotocols = {"v4.channel.k8s.io"}}));
//   ASSIGN_OR_RETURN(std::optional<std::string> message, socket->Read(std::chrono::seconds(30)));
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "net/http.h"
#include "net/tls.h"

namespace trainyard::net {

struct WebSocketOptions {
  std::string url{};  // wss:, ws:, https: or http:
  Headers headers{};
  std::vector<std::string> subprotocols{};  // offered in this order
  TlsOptions tls{};
  std::string proxy{};  // "http://proxy:3128"; empty: none
  std::chrono::milliseconds connect_timeout{10'000};
  // A ping is sent whenever nothing has been for so long, and the connection is given up
  // (Unavailable) when nothing has come for four times as long. Zero: neither.
  std::chrono::milliseconds ping_interval{5'000};
  size_t max_message_bytes = 16u << 20;
};

class WebSocket {
 public:
  // Unavailable, DeadlineExceeded, Unauthenticated (TLS) as in http_client.h. If the server answers
  // with another status than 101: the code that fits it, its body in the message.
  static Result<std::unique_ptr<WebSocket>> Connect(const WebSocketOptions& options);
  virtual ~WebSocket() = default;

  // The one that the server has chosen; empty: none.
  virtual const std::string& subprotocol() const = 0;

  // The next whole message; nullopt once the other side has closed. DeadlineExceeded if none comes
  // in time (reading may go on then); Unavailable if the connection is lost; Cancelled after
  // Close().
  virtual Result<std::optional<std::string>> Read(std::chrono::milliseconds timeout) = 0;

  // Sends one binary message, whole.
  virtual Status Write(std::string_view message) = 0;

  // Ends the connection, with a close frame if there is still time for it. Idempotent.
  virtual void Close() = 0;
};

}  // namespace trainyard::net
