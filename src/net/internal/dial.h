// The way to an open WebSocket, step by step: TCP, a proxy, TLS, the handshake; all within one
// deadline.
//
// Used by one thread, which runs the context meanwhile. Thread-compatible.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "net/internal/url.h"
#include "net/web_socket.h"

namespace trainyard::net {

using TcpSocket = boost::asio::ip::tcp::socket;
using TlsSocket = boost::asio::ssl::stream<TcpSocket>;

class Dial {
 public:
  Dial(boost::asio::io_context& context, const WebSocketOptions& options, const Url& url);

  // Connects to the server, through the proxy if there is one.
  Result<TcpSocket> Connect();
  // Verifies the server's certificate.
  Status StartTls(TlsSocket& socket);
  // Asks for the WebSocket; the subprotocol that the server has chosen.
  template <class Stream>
  Result<std::string> Upgrade(boost::beast::websocket::stream<Stream>& socket);

 private:
  using ErrorCode = boost::system::error_code;
  using Done = std::function<void(ErrorCode)>;

  // Runs `start` until it has called back, or the deadline; the time out is then the error.
  ErrorCode RunStep(const std::function<void(Done)>& start, const std::function<void()>& cancel);
  Result<boost::asio::ip::tcp::resolver::results_type> Resolve(const std::string& host, int port);
  Status AskProxy(TcpSocket& socket);
  Status Failure(std::string_view step, ErrorCode error) const;
  Status Refusal(int status, std::string_view body) const;

  boost::asio::io_context& context_;
  const WebSocketOptions& options_;
  const Url& url_;
  const std::chrono::steady_clock::time_point deadline_;
};

}  // namespace trainyard::net
