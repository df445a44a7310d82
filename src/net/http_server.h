// An HTTP/1.1 server: small pages such as metrics and health, and requests that compute.
//
// Keep-alive and pipelining, HEAD, chunked and packed bodies, Expect: 100-continue, TLS. Everything
// has a bound: heads, bodies (packed and unpacked), connections, and the time a request may take to
// come and an answer to go. Connections that do nothing cost some hundred bytes and no thread: the
// threads share one epoll set, and whichever is free takes the next request. Thread-safe. The
// destructor stops it and waits for handlers.
//
//   auto answer = [](const HttpQuestion& question) {
//     return question.path == "/healthz" ? HttpAnswer{.body = "ok"} : HttpAnswer{.status = 404};
//   };
//   ASSIGN_OR_RETURN(auto server, HttpServer::Start({.address = "127.0.0.1:8080"}, answer));
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/status.h"
#include "net/http.h"
#include "net/tls.h"

namespace trainyard::net {

struct HttpQuestion {
  std::string method{};  // HEAD is asked as GET; the server leaves the body out
  std::string path{};    // decoded, without query
  std::string query{};   // as sent, without "?"
  std::string body{};    // unpacked
  std::string target{};  // path and query as sent
  Headers headers{};
  std::string peer{};  // "127.0.0.1:51234"; "unix" for a unix socket
  // Whether the client has gone, so that its answer is for nobody. A client that only says that it
  // will send no more has not, if it does so along with the request. May be asked while the handler
  // runs, by any thread.
  std::function<bool()> is_cancelled = [] { return false; };
  // To be called by a handler that is about to wait, or to compute for more than some milliseconds:
  // the thread does not count as busy any more (HttpServerOptions::busy_threads). Again: nothing.
  std::function<void()> takes_long = [] {};
};

struct HttpAnswer {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body{};
  Headers headers{};  // besides those for type, length, packing and connection
};

// Called in one of the server's threads, by several at once if there are several. While it runs
// that thread serves nobody else.
using HttpHandler = std::function<HttpAnswer(const HttpQuestion&)>;

struct HttpServerOptions {
  // "127.0.0.1:8080", "[::1]:0", ":8080" (every address), "unix:/path"; port 0: any free one.
  std::string address{};
  int threads = 1;
  // How many of them may answer at the same time, without those whose handler has said that it
  // takes long. With about as many as processors, short requests are answered in turn, each without
  // a pause, instead of all at once, each with many. 0: all.
  int busy_threads = 0;
  // For a whole request to come, or an answer to go; half a request is answered with 408 then. Also
  // how long a connection may be idle.
  std::chrono::milliseconds idle_timeout{30'000};
  size_t max_head_bytes = 16u << 10;  // more: 431
  size_t max_body_bytes = 1u << 20;   // more, packed or unpacked: 413
  int max_connections = 64;           // more wait in the kernel's queue
  // Answers of at least so many bytes are packed for clients that take gzip; 0: none.
  size_t pack_from_bytes = 0;
  TlsServerOptions tls{};
  // How the server's own refusals look (408, 413, ...); empty: one line of text.
  std::function<HttpAnswer(int status, std::string_view text)> refusal = {};
};

class HttpServer {
 public:
  // InvalidArgument for an address that is none, or for certificates that cannot be used;
  // AlreadyExists if the port is in use.
  static Result<std::unique_ptr<HttpServer>> Start(const HttpServerOptions& options,
                                                   HttpHandler handler);
  virtual ~HttpServer() = default;
  virtual int port() const = 0;  // 0 for a unix socket

  // Other certificates for connections from now on. InvalidArgument, and nothing changes, if they
  // cannot be used or the server was started without TLS.
  virtual Status ChangeTls(const TlsServerOptions& options) = 0;

  // Stops listening, so that nobody new gets in; answers what comes on open connections, and tells
  // each to close. Returns when all have been served and have been silent for a moment, or after
  // `grace`; what is left is cut off then.
  virtual void Drain(std::chrono::milliseconds grace) = 0;
};

}  // namespace trainyard::net
