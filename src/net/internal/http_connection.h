// One connection of an HTTP server: a request, its answer, the next request.
//
// At any time it is one thread's, which calls Run(); whatever the connection then waits for is that
// thread's to arrange, and any thread may be next. CheckDeadline and CloseIfIdle may come from
// others meanwhile.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "net/http_server.h"
#include "net/internal/busy_threads.h"
#include "net/internal/chunked.h"
#include "net/internal/http_head.h"
#include "net/internal/transport.h"

namespace trainyard::net {

// What the connections of one server share.
struct HttpShared {
  using Clock = std::chrono::steady_clock;

  HttpServerOptions options;
  HttpHandler handler;
  std::atomic<bool> is_draining{false};
  std::atomic<Clock::duration>
      last_request{};  // when the last one had come, since the clock's epoch
};

class HttpConnection {
 public:
  using Clock = HttpShared::Clock;

  HttpConnection(int fd, SSL_CTX* context, std::string peer, HttpShared& shared);

  enum class Wants { kRead, kWrite, kAnotherTurn, kEnd };

  // Goes on as far as it can without waiting; handlers run in here, and may give up `place`, which
  // is the calling thread's.
  Wants Run(BusyThreads::Place* place);

  // Around Run(), by the thread that does it: what the thread before has written is seen. The
  // kernel orders them as well, as one arms the socket and the other is woken by it, but says so
  // nowhere.
  void TakeOver() const { (void)hand_over_.load(std::memory_order_acquire); }
  void HandOver() { hand_over_.store(true, std::memory_order_release); }

  int fd() const { return socket_.fd(); }
  // A connection that is late is woken up with the end of its input.
  void CheckDeadline(Clock::time_point now);
  bool is_idle() const { return is_idle_; }
  void CloseIfIdle();
  void CutOff();

 private:
  enum class Phase { kHead, kBody, kAnswer, kLinger };
  using Step = std::optional<Wants>;  // nothing: go on

  Step ReadHead();
  Step ReadBody();
  Step WriteAnswer();
  Step Linger();
  void BeginBody();
  void Handle();
  std::optional<HttpRefusal> UnpackBody();
  void Refuse(const HttpRefusal& refusal);
  void Compose(HttpAnswer answer);
  // More input into `in_`; what to wait for or that it has ended, else nothing.
  Step Receive();
  Step ReceiveBody(size_t wanted);
  Step NothingRead(Transport::Outcome::Kind why);
  Step LateOrEnd();
  void SetDeadline(std::chrono::milliseconds from_now, bool is_reading);
  void SetNoDeadline();

  HttpShared& shared_;
  const Socket socket_;
  const std::unique_ptr<Transport> transport_;
  const std::string peer_;
  BusyThreads::Place* place_ = nullptr;  // during Run()
  Phase phase_ = Phase::kHead;
  std::string in_;  // received, not yet used
  HttpHead head_;
  ChunkedReader chunks_;
  std::string body_;
  size_t body_used_ = 0;
  bool keep_alive_ = false;
  std::string out_head_;
  std::string out_body_;
  size_t out_sent_ = 0;  // of both

  std::atomic<bool> hand_over_{false};
  std::atomic<bool> is_idle_{true};
  std::atomic<bool> is_late_{false};
  std::atomic<bool> is_reading_{true};
  std::atomic<Clock::duration> deadline_{};  // since the clock's epoch
};

}  // namespace trainyard::net
