// A WebSocket (RFC 6455) as a client sees it, over TLS or plain TCP.
//
// One thread may read while another writes; Close() from any. A thread of its own answers pings and
// reads one message ahead, no more, so that a slow reader slows the other side down.
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
  // A ping is sent whenever nothing has come for so long, and the connection given up (Unavailable)
  // when nothing has for four times as long. Zero: neither.
  std::chrono::milliseconds ping_interval{5'000};
  size_t max_message_bytes = 16u << 20;
};

class WebSocket {
 public:
  // Unavailable, Unauthenticated (TLS) and InvalidArgument as in http_client.h; DeadlineExceeded if
  // it all, to the end of the handshake, takes longer than `connect_timeout`. If the server answers
  // with another status than 101: Unauthenticated for 401, PermissionDenied 403, NotFound 404,
  // InvalidArgument 400, otherwise Unavailable; with the begin of its body in the message.
  static Result<std::unique_ptr<WebSocket>> Connect(const WebSocketOptions& options);
  virtual ~WebSocket() = default;

  // The one that the server has chosen; empty: none.
  virtual const std::string& subprotocol() const = 0;

  // The next whole message; nullopt once the other side has closed. DeadlineExceeded if none comes
  // in time (reading may go on then); Unavailable if the connection is lost; ResourceExhausted for
  // one that is too large; Cancelled after Close().
  virtual Result<std::optional<std::string>> Read(std::chrono::milliseconds timeout) = 0;

  // Sends one binary message, whole. DeadlineExceeded if the other side does not take it within a
  // minute: the connection is lost then, as it is with Unavailable. Cancelled after Close().
  virtual Status Write(std::string_view message) = 0;

  // Ends the connection, with a close frame if there is still time for it. Idempotent.
  virtual void Close() = 0;
};

}  // namespace trainyard::net
