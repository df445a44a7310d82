#include "net/internal/dial.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket/ssl.hpp>

#include "net/internal/syntax.h"
#include "net/internal/tls_context.h"

namespace trainyard::net {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
using Tcp = asio::ip::tcp;

// How much of a refusal's body goes into the message: enough for a Kubernetes Status.
constexpr size_t kMaxQuotedBytes = 1024;

StatusCode CodeOfHttp(int status) {
  switch (status) {
    case 400:
      return StatusCode::kInvalidArgument;
    case 401:
      return StatusCode::kUnauthenticated;
    case 403:
      return StatusCode::kPermissionDenied;
    case 404:
      return StatusCode::kNotFound;
    default:
      return StatusCode::kUnavailable;
  }
}

// As for the HTTP client's sockets: a peer that vanishes is noticed within half a minute.
void Prepare(Tcp::socket& socket) {
  using UserTimeout = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_USER_TIMEOUT>;
  boost::system::error_code ignored;
  socket.set_option(Tcp::no_delay(true), ignored);
  socket.set_option(asio::socket_base::keep_alive(true), ignored);
  socket.set_option(UserTimeout(30'000), ignored);
}

}  // namespace

Dial::Dial(asio::io_context& context, const WebSocketOptions& options, const Url& url)
    : context_(context),
      options_(options),
      url_(url),
      deadline_(std::chrono::steady_clock::now() + options.connect_timeout) {}

Dial::ErrorCode Dial::RunStep(const std::function<void(Done)>& start,
                              const std::function<void()>& cancel) {
  struct State {
    bool is_done = false;
    ErrorCode error;
  };
  // Shared: looking up a name cannot be cancelled, and calls back when this function has long
  // returned.
  auto state = std::make_shared<State>();
  start([state](ErrorCode error) { *state = {.is_done = true, .error = error}; });
  context_.restart();
  while (!state->is_done && context_.run_one_until(deadline_) > 0) {
  }
  if (state->is_done) return state->error;
  cancel();
  context_.restart();
  context_.poll();
  return asio::error::timed_out;
}

Result<Tcp::resolver::results_type> Dial::Resolve(const std::string& host, int port) {
  ErrorCode error;
  const auto address = asio::ip::make_address(host, error);
  if (!error) {
    const Tcp::endpoint endpoint(address, static_cast<uint16_t>(port));
    return Tcp::resolver::results_type::create(endpoint, host, std::to_string(port));
  }
  auto resolver = std::make_shared<Tcp::resolver>(context_);
  auto found = std::make_shared<Tcp::resolver::results_type>();
  error = RunStep(
      [&](Done done) {
        resolver->async_resolve(host, std::to_string(port),
                                [resolver, found, done](ErrorCode step_error, auto results) {
                                  *found = std::move(results);
                                  done(step_error);
                                });
      },
      [&] { resolver->cancel(); });
  if (error) return Failure(fmt::format("cannot find the address of {}", host), error);
  return *found;
}

Result<TcpSocket> Dial::Connect() {
  Url next = url_;
  if (!options_.proxy.empty()) {
    ASSIGN_OR_RETURN(next, ParseUrl(options_.proxy));
    if (next.scheme != "http") {
      return InvalidArgumentError("a WebSocket's proxy must have an http: URL");
    }
  }
  ASSIGN_OR_RETURN(const auto endpoints, Resolve(next.host, next.port));
  TcpSocket socket(context_);
  const ErrorCode error = RunStep(
      [&](Done done) {
        asio::async_connect(socket, endpoints,
                            [done](ErrorCode step_error, const auto&) { done(step_error); });
      },
      [&] { socket.close(); });
  if (error) return Failure(fmt::format("cannot connect to {}", next.Authority()), error);
  Prepare(socket);
  if (!options_.proxy.empty()) RETURN_IF_ERROR(AskProxy(socket));
  return socket;
}

Status Dial::AskProxy(TcpSocket& socket) {
  const std::string host =
      url_.host.find(':') == std::string::npos ? url_.host : "[" + url_.host + "]";
  const std::string authority = fmt::format("{}:{}", host, url_.port);
  http::request<http::empty_body> question(http::verb::connect, authority, 11);
  question.set(http::field::host, authority);
  ErrorCode error = RunStep(
      [&](Done done) {
        http::async_write(socket, question, [done](ErrorCode e, size_t) { done(e); });
      },
      [&] { socket.close(); });
  if (error) return Failure("cannot write to the proxy", error);

  boost::beast::flat_buffer buffer(16u << 10);
  http::response_parser<http::empty_body> parser;
  parser.skip(true);  // what follows is the server's
  error = RunStep(
      [&](Done done) {
        http::async_read_header(socket, buffer, parser, [done](ErrorCode e, size_t) { done(e); });
      },
      [&] { socket.close(); });
  if (error) return Failure("no answer from the proxy", error);
  const unsigned status = parser.get().result_int();
  if (status / 100 == 2 && buffer.size() == 0) return OkStatus();
  return Status(StatusCode::kUnavailable,
                fmt::format("{}: the proxy answers {}", WithoutQuery(options_.url), status));
}

Status Dial::StartTls(TlsSocket& socket) {
  SSL* const ssl = socket.native_handle();
  const std::string& name = options_.tls.server_name.empty() ? url_.host : options_.tls.server_name;
  if (IsIpAddress(name)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name.c_str());
  } else {
    SSL_set1_host(ssl, name.c_str());
    SSL_set_tlsext_host_name(ssl, name.c_str());
  }
  const ErrorCode error =
      RunStep([&](Done done) { socket.async_handshake(asio::ssl::stream_base::client, done); },
              [&] { socket.next_layer().close(); });
  if (!error) return OkStatus();
  const long verified = SSL_get_verify_result(ssl);
  if (verified != X509_V_OK && !options_.tls.insecure_skip_verify) {
    return Status(StatusCode::kUnauthenticated,
                  fmt::format("{}: the server's certificate is not believed: {}",
                              WithoutQuery(options_.url), X509_verify_cert_error_string(verified)));
  }
  return Failure("TLS failed", error);
}

template <class Stream>
Result<std::string> Dial::Upgrade(websocket::stream<Stream>& socket) {
  for (const auto& [name, value] : options_.headers) {
    if (!IsToken(name) || !IsHeaderValue(value)) {
      return InvalidArgumentError("{}: a header is not well-formed", WithoutQuery(options_.url));
    }
  }
  socket.set_option(websocket::stream_base::decorator([this](websocket::request_type& request) {
    request.set(http::field::user_agent, "trainyard");
    for (const auto& [name, value] : options_.headers) request.set(name, value);
    std::string offered;
    for (const std::string& subprotocol : options_.subprotocols) {
      offered += (offered.empty() ? "" : ", ") + subprotocol;
    }
    if (!offered.empty()) request.set(http::field::sec_websocket_protocol, offered);
  }));
  websocket::response_type response;
  const ErrorCode error = RunStep(
      [&](Done done) {
        socket.async_handshake(response, url_.Authority(), url_.target, std::move(done));
      },
      [&] { boost::beast::get_lowest_layer(socket).close(); });
  if (error == websocket::error::upgrade_declined) {
    return Refusal(static_cast<int>(response.result_int()), response.body());
  }
  if (error) return Failure("the WebSocket's handshake failed", error);
  const auto chosen = response[http::field::sec_websocket_protocol];
  return std::string(chosen.data(), chosen.size());
}

template Result<std::string> Dial::Upgrade(websocket::stream<TcpSocket>& socket);
template Result<std::string> Dial::Upgrade(websocket::stream<TlsSocket>& socket);

Status Dial::Failure(std::string_view step, ErrorCode error) const {
  const std::string_view url = WithoutQuery(options_.url);
  if (error == asio::error::timed_out && std::chrono::steady_clock::now() >= deadline_) {
    return DeadlineExceededError("{}: {}: not done within {} ms (connect_timeout)", url, step,
                                 options_.connect_timeout.count());
  }
  return UnavailableError("{}: {}: {}", url, step, error.message());
}

Status Dial::Refusal(int status, std::string_view body) const {
  const std::string_view quoted = Trim(body.substr(0, kMaxQuotedBytes));
  return Status(
      CodeOfHttp(status),
      fmt::format("{}: the server answers {} instead of opening a WebSocket{}{}",
                  WithoutQuery(options_.url), status, quoted.empty() ? "" : ": ", quoted));
}

}  // namespace trainyard::net
