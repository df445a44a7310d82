// An HTTP client with one pool of connections: HTTP/2 where the server has it (one connection then
// carries many requests), HTTP/1.1 with keep-alive elsewhere. TLS, and proxies.
//
// One thread of its own performs every request, so a waiting request or an open stream costs no
// thread. Thread-safe. The destructor cancels what is under way and waits for the thread.
//
//   ASSIGN_OR_RETURN(auto client, HttpClient::Create({.tls = {.ca_pem = ca}}));
//   ASSIGN_OR_RETURN(HttpResponse response, client->Send({.url = "https://10.0.0.1/version"}));
//
// A response of any status is a success here. Failures are of the transport: Unavailable (cannot
// connect, also not within `connect_timeout`; connection lost), DeadlineExceeded (`timeout` or
// `idle_timeout` passed; the message says which), Unauthenticated (the server's certificate is not
// believed), InvalidArgument (bad URL, header or PEM), Cancelled, ResourceExhausted. Messages name
// method and URL, without query, and the cause. Redirects are not followed. A peer that vanishes
// without a word is noticed within half a minute.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "net/http.h"
#include "net/tls.h"

namespace trainyard::net {

struct HttpClientOptions {
  TlsOptions tls{};
  std::string proxy{};  // "http://proxy:3128", also https and socks5; empty: none, not the
                        // environment's either
  std::string user_agent = "trainyard";
  // Connections to one host at the same time; with HTTP/2 each carries up to 100 requests.
  int max_connections = 16;
};

// A response that goes on. The handler's functions are called in the client's thread, one at a time
// and in this order; they must not block and must not destroy the stream.
struct StreamHandler {
  // Once, when the headers are there (`body` is empty). Optional.
  std::function<void(const HttpResponse&)> on_response{};
  // Bytes of the body as they come. Returning a failure ends the stream with it.
  std::function<Status(std::string_view)> on_data{};
  // Once, at the end, whatever came before: OK for a whole response of any status. Not called once
  // the HttpStream is destroyed.
  std::function<void(const Status&)> on_end{};
};

// An open stream. Destroying it cancels the request; no handler runs after that, and the destructor
// waits for one that is running.
class HttpStream {
 public:
  virtual ~HttpStream() = default;
};

class HttpClient {
 public:
  // InvalidArgument for PEM text that is none.
  static Result<std::unique_ptr<HttpClient>> Create(const HttpClientOptions& options);
  virtual ~HttpClient() = default;

  // Waits for the whole response, within the request's timeouts. Not from a StreamHandler: the
  // thread would wait for itself.
  virtual Result<HttpResponse> Send(const HttpRequest& request) = 0;

  // Sends all, at most `max_in_flight` at the same time, and waits for them. Results are in the
  // order of the requests.
  virtual std::vector<Result<HttpResponse>> SendAll(std::span<const HttpRequest> requests,
                                                    int max_in_flight) = 0;

  // Starts a request whose response is handed over piece by piece.
  virtual std::unique_ptr<HttpStream> Open(const HttpRequest& request, StreamHandler handler) = 0;

  // Certificates for new connections from now on; those that are open end when their requests do,
  // idle ones at one of the next requests. InvalidArgument changes nothing.
  virtual Status SetTls(const TlsOptions& tls) = 0;
};

}  // namespace trainyard::net
