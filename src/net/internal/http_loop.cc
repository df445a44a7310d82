#include "net/internal/http_loop.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace trainyard::net {
namespace {

using std::chrono::milliseconds;

constexpr int kAcceptsInARow = 64;
constexpr milliseconds kQuiet{100};  // how long a draining server listens for what is on its way
// Once it has been quiet for so long, more looks follow: in a time for which the whole machine
// stood still nothing can have come.
constexpr int kQuietLooks = 3;

std::string PeerName(const sockaddr_storage& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
    return fmt::format("{}:{}", text, ntohs(v4.sin_port));
  }
  if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
    return fmt::format("[{}]:{}", text, ntohs(v6.sin6_port));
  }
  return "unix";
}

itimerspec Every(milliseconds interval) {
  const timespec time{.tv_sec = interval.count() / 1000,
                      .tv_nsec = interval.count() % 1000 * 1'000'000};
  return {.it_interval = time, .it_value = time};
}

int PlacesFor(const HttpServerOptions& options) {
  const int threads = std::max(1, options.threads);
  return options.busy_threads > 0 ? std::min(threads, options.busy_threads) : threads;
}

uint32_t EventsFor(HttpConnection::Wants wants) {
  switch (wants) {
    case HttpConnection::Wants::kRead:
      return EPOLLIN | EPOLLRDHUP;
    case HttpConnection::Wants::kWrite:
    case HttpConnection::Wants::kAnotherTurn:  // there is room to write, so it comes at once
      return EPOLLOUT;
    case HttpConnection::Wants::kEnd:
      break;
  }
  return 0;
}

}  // namespace

HttpLoop::HttpLoop(Listener listener, SslContextPtr context, HttpServerOptions options,
                   HttpHandler handler)
    : busy_(PlacesFor(options)),
      shared_{.options = std::move(options), .handler = std::move(handler)},
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      timer_(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)),
      stop_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      listener_(std::make_unique<Socket>(listener.fd)),
      context_(context.release(), SslContextDeleter()) {}

HttpLoop::~HttpLoop() {
  StopListening();
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [connection, owner] : connections_) connection->CutOff();
  }
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(stop_.fd(), &one, sizeof one);
  threads_.clear();
}

Status HttpLoop::Start() {
  if (epoll_.fd() < 0 || timer_.fd() < 0 || stop_.fd() < 0) {
    return ErrnoError(errno, "cannot start an HTTP server");
  }
  const milliseconds tick = std::clamp<milliseconds>(shared_.options.idle_timeout / 8,
                                                     milliseconds(5), milliseconds(250));
  const itimerspec time = Every(tick);
  timerfd_settime(timer_.fd(), 0, &time, nullptr);
  epoll_event event{.events = EPOLLIN, .data = {.ptr = const_cast<Socket*>(&stop_)}};
  epoll_ctl(epoll_.fd(), EPOLL_CTL_ADD, stop_.fd(), &event);
  event = {.events = EPOLLIN | EPOLLET, .data = {.ptr = const_cast<Socket*>(&timer_)}};
  epoll_ctl(epoll_.fd(), EPOLL_CTL_ADD, timer_.fd(), &event);
  event = {.events = 0, .data = {.ptr = &listener_}};
  epoll_ctl(epoll_.fd(), EPOLL_CTL_ADD, listener_->fd(), &event);
  {
    const std::lock_guard lock(mutex_);
    ArmListener();
  }
  for (int i = 0; i < std::max(1, shared_.options.threads); ++i) {
    threads_.emplace_back([this] {
      pthread_setname_np(pthread_self(), "http");
      Run();
    });
  }
  return OkStatus();
}

void HttpLoop::ChangeContext(SslContextPtr context) {
  const std::lock_guard lock(mutex_);
  context_ = {context.release(), SslContextDeleter()};
}

void HttpLoop::Run() {
  BusyThreads::Place place(&busy_);  // is given up at the end, so that the next one ends, too
  while (true) {
    place.TakeAgain();
    epoll_event event{};
    const int count = epoll_wait(epoll_.fd(), &event, 1, -1);
    if (count <= 0) continue;
    if (event.data.ptr == &stop_) return;
    if (event.data.ptr == &timer_) {
      Sweep();
    } else if (event.data.ptr == &listener_) {
      Accept();
    } else {
      Serve(static_cast<HttpConnection*>(event.data.ptr), &place);
    }
  }
}

void HttpLoop::Serve(HttpConnection* connection, BusyThreads::Place* place) {
  connection->TakeOver();
  const HttpConnection::Wants wants = connection->Run(place);
  if (wants != HttpConnection::Wants::kEnd) return Arm(connection, wants, EPOLL_CTL_MOD);
  std::unique_ptr<HttpConnection> ended;  // is closed outside of the lock
  const std::lock_guard lock(mutex_);
  const auto found = connections_.find(connection);
  ended = std::move(found->second);
  connections_.erase(found);
  ArmListener();
  has_ended_.notify_all();
}

void HttpLoop::Arm(HttpConnection* connection, HttpConnection::Wants wants, int how) {
  connection->HandOver();
  epoll_event event{.events = EventsFor(wants) | EPOLLONESHOT, .data = {.ptr = connection}};
  epoll_ctl(epoll_.fd(), how, connection->fd(), &event);
}

void HttpLoop::ArmListener() {
  const bool has_room =
      static_cast<int>(connections_.size()) < std::max(1, shared_.options.max_connections);
  if (listener_ == nullptr || is_listener_armed_ || !has_room) return;
  is_listener_armed_ = true;
  epoll_event event{.events = EPOLLIN | EPOLLONESHOT, .data = {.ptr = &listener_}};
  epoll_ctl(epoll_.fd(), EPOLL_CTL_MOD, listener_->fd(), &event);
}

void HttpLoop::Accept() {
  const std::lock_guard lock(mutex_);
  is_listener_armed_ = false;
  if (listener_ != nullptr) AcceptAll();
}

void HttpLoop::AcceptAll() {
  for (int i = 0; i < kAcceptsInARow; ++i) {
    if (static_cast<int>(connections_.size()) >= std::max(1, shared_.options.max_connections)) {
      return;  // armed again when one ends
    }
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    const int fd = accept4(listener_->fd(), reinterpret_cast<sockaddr*>(&address), &size,
                           SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      // Out of file descriptors or memory: trying again at once would only burn time.
      if (errno == EAGAIN) ArmListener();
      return;
    }
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    auto connection =
        std::make_unique<HttpConnection>(fd, context_.get(), PeerName(address), shared_);
    HttpConnection* const key = connection.get();
    connections_[key] = std::move(connection);
    Arm(key, HttpConnection::Wants::kRead, EPOLL_CTL_ADD);
  }
  ArmListener();
}

void HttpLoop::Sweep() {
  uint64_t ticks = 0;
  [[maybe_unused]] const ssize_t got = read(timer_.fd(), &ticks, sizeof ticks);
  const Clock::time_point now = Clock::now();
  const std::lock_guard lock(mutex_);
  for (const auto& [connection, owner] : connections_) connection->CheckDeadline(now);
  ArmListener();
}

void HttpLoop::StopListening() {
  const std::lock_guard lock(mutex_);
  if (listener_ == nullptr) return;
  AcceptAll();  // who is in the kernel's queue believes to be connected
  epoll_ctl(epoll_.fd(), EPOLL_CTL_DEL, listener_->fd(), nullptr);
  listener_ = nullptr;
}

bool HttpLoop::AreAllIdle() const {
  return std::all_of(connections_.begin(), connections_.end(),
                     [](const auto& entry) { return entry.first->is_idle(); });
}

void HttpLoop::Drain(milliseconds grace) {
  const Clock::time_point deadline = Clock::now() + grace;
  shared_.is_draining = true;
  StopListening();
  std::unique_lock lock(mutex_);
  const Clock::time_point begin = Clock::now();
  int quiet_looks = 0;
  while (!connections_.empty() && Clock::now() < deadline) {
    const Clock::time_point last(shared_.last_request.load());
    const Clock::time_point quiet_from = std::max(begin, last) + kQuiet;
    const bool is_quiet = AreAllIdle() && Clock::now() >= quiet_from;
    quiet_looks = is_quiet ? quiet_looks + 1 : 0;
    if (quiet_looks > kQuietLooks) {
      for (const auto& [connection, owner] : connections_) connection->CloseIfIdle();
    }
    has_ended_.wait_until(lock, std::min(deadline, Clock::now() + milliseconds(20)));
  }
  for (const auto& [connection, owner] : connections_) connection->CutOff();
}

}  // namespace trainyard::net
