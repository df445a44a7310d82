// A small HTTP/1.1 server for pages that are made in memory: metrics, health, later a dashboard.
//
// Keep-alive, HEAD, bounded headers and bodies (1 MiB), a deadline on every read and write. Runs in
// one thread of its own. Thread-safe. The destructor stops it and waits.
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

namespace trainyard::net {

struct HttpServerOptions {
  std::string address{};  // "127.0.0.1:8080", "[::1]:0", ":8080" (every address); port 0: any free
  // For a whole request to come, or an answer to go; half a request is answered with 408 then.
  std::chrono::milliseconds idle_timeout{30'000};
  int max_connections = 64;  // more wait in the kernel's queue
};

struct HttpQuestion {
  std::string method{};  // HEAD is asked as GET; the server leaves the body out
  std::string path{};    // decoded, without query
  std::string query{};   // as sent, without "?"
  std::string body{};
};

struct HttpAnswer {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body{};
};

// Called in the server's thread; must be quick.
using HttpHandler = std::function<HttpAnswer(const HttpQuestion&)>;

class HttpServer {
 public:
  // InvalidArgument for an address that is none; AlreadyExists if the port is in use.
  static Result<std::unique_ptr<HttpServer>> Start(const HttpServerOptions& options,
                                                   HttpHandler handler);
  virtual ~HttpServer() = default;
  virtual int port() const = 0;
};

}  // namespace trainyard::net
