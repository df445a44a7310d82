// The threads of an HTTP server, and its connections.
//
// One epoll set for all. Each socket is in it for one event at a time, so that a connection is
// never two threads', and whichever thread is free takes the next. Thread-safe.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "net/internal/busy_threads.h"
#include "net/internal/http_connection.h"
#include "net/internal/listen.h"
#include "net/internal/tls_context.h"

namespace trainyard::net {

class HttpLoop {
 public:
  // `listener` is closed by the loop. `context`: null for connections without TLS.
  HttpLoop(Listener listener, SslContextPtr context, HttpServerOptions options,
           HttpHandler handler);
  ~HttpLoop();  // cuts off all connections and waits for handlers

  Status Start();
  void ChangeContext(SslContextPtr context);
  void Drain(std::chrono::milliseconds grace);

 private:
  using Clock = HttpShared::Clock;

  void Run();
  void Serve(HttpConnection* connection, BusyThreads::Place* place);
  void Accept();
  void AcceptAll();  // with mutex_ held
  void Sweep();
  void Arm(HttpConnection* connection, HttpConnection::Wants wants, int how);
  void ArmListener();  // with mutex_ held
  void StopListening();
  bool AreAllIdle() const;  // with mutex_ held

  BusyThreads busy_;
  HttpShared shared_;
  const Socket epoll_;
  const Socket timer_;
  const Socket stop_;

  std::mutex mutex_;  // guards all to the next empty line
  std::condition_variable has_ended_;
  std::unique_ptr<Socket> listener_;  // null once it has been closed
  bool is_listener_armed_ = false;
  std::shared_ptr<SSL_CTX> context_;
  std::unordered_map<HttpConnection*, std::unique_ptr<HttpConnection>> connections_;

  std::vector<std::jthread> threads_;
};

}  // namespace trainyard::net
