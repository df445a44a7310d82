#include "kube/port_forward.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <list>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "kube/internal/exec_channels.h"
#include "kube/internal/port_channels.h"

namespace trainyard::kube {
namespace {

using std::chrono::milliseconds;

// How long the pod may still send after our side has ended: there is no half-close to tell it.
constexpr milliseconds kLinger{10'000};
constexpr size_t kPiece = 32u << 10;
constexpr int kMaxConnections = 256;

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket() {
    if (fd_ >= 0) close(fd_);
  }
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  Socket& operator=(Socket&&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

bool SendAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

// The text of a message of the node, which may end with a line break.
std::string OneLine(std::string_view text) {
  std::string line(text.substr(0, text.find_last_not_of(" \r\n") + 1));
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line;
}

// One accepted connection and its WebSocket. Two threads: one for each direction.
class Carrier {
 public:
  Carrier(Client* client, const PortForwardOptions& options, Socket local)
      : client_(client), options_(options), local_(std::move(local)), thread_([this] { Run(); }) {}
  ~Carrier() { Stop(); }
  Carrier(const Carrier&) = delete;
  Carrier& operator=(const Carrier&) = delete;

  bool is_done() const { return is_done_; }

  void Stop() {
    is_stopped_ = true;
    shutdown(local_.fd(), SHUT_RDWR);
    const std::lock_guard lock(mutex_);
    if (remote_) remote_->Close();
  }

 private:
  void Run() {
    const Status status = Carry();
    shutdown(local_.fd(), SHUT_RDWR);  // the other side learns of the end
    if (!status.ok() && !is_stopped_ && options_.on_trouble) options_.on_trouble(status);
    // Here, as it may wait for the server's farewell, and others must not wait for that.
    std::unique_ptr<net::WebSocket> ended;
    {
      const std::lock_guard lock(mutex_);
      ended = std::move(remote_);
    }
    ended.reset();
    is_done_ = true;
  }

  Status Carry() {
    const std::string attempt = fmt::format("reach port {} of pod {}/{}", options_.remote_port,
                                            options_.name_space, options_.pod);
    auto connected =
        client_->OpenWebSocket(Path(kPods, options_.name_space, options_.pod, "portforward"),
                               {{"ports", std::to_string(options_.remote_port)}}, {kChannelV4});
    if (!connected.ok()) return connected.error().WithContext("cannot " + attempt);
    {
      const std::lock_guard lock(mutex_);
      remote_ = *std::move(connected);
    }
    if (is_stopped_) return OkStatus();
    std::jthread up([this] { CarryUp(); });
    const Status status = CarryDown().WithContext("cannot " + attempt);
    remote_->Close();
    shutdown(local_.fd(), SHUT_RDWR);  // CarryUp() comes to its end
    return status;
  }

  // From the local connection to the pod.
  void CarryUp() {
    std::array<char, kPiece> buffer;
    buffer[0] = kDataChannel;
    while (true) {
      const ssize_t count = recv(local_.fd(), buffer.data() + 1, buffer.size() - 1, 0);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) break;
      const size_t size = static_cast<size_t>(count) + 1;
      if (!remote_->Write({buffer.data(), size}).ok()) break;
    }
    has_local_ended_ = true;
  }

  // From the pod to the local connection.
  Status CarryDown() {
    PortChannels channels(options_.remote_port);
    milliseconds quiet{0};
    constexpr milliseconds kTurn{1'000};
    while (true) {
      Result<std::optional<std::string>> message = remote_->Read(kTurn);
      if (!message.ok()) {
        if (message.error().code() == StatusCode::kCancelled) return OkStatus();
        if (message.error().code() != StatusCode::kDeadlineExceeded) {
          // Once our side has ended, the pod's may end in any way.
          return has_local_ended_ ? OkStatus() : message.error();
        }
        quiet = has_local_ended_ ? quiet + kTurn : milliseconds(0);
        if (quiet >= kLinger) return OkStatus();
        continue;
      }
      quiet = milliseconds(0);
      if (!message->has_value()) return OkStatus();
      ASSIGN_OR_RETURN(const PortChannels::Message taken, channels.Take(**message));
      if (taken.is_error && !taken.content.empty()) {
        return UnavailableError("{}", OneLine(taken.content.substr(0, 500)));
      }
      if (!SendAll(local_.fd(), taken.content)) return OkStatus();  // nobody listens any more
    }
  }

  Client* const client_;
  const PortForwardOptions& options_;  // of the PortForward, which owns this
  const Socket local_;

  std::mutex mutex_;                        // for remote_ being set while Stop() looks at it
  std::unique_ptr<net::WebSocket> remote_;  // while it is carried
  std::atomic<bool> has_local_ended_{false};
  std::atomic<bool> is_stopped_{false};
  std::atomic<bool> is_done_{false};
  std::jthread thread_;  // last: it uses all of the above
};

class RealPortForward : public PortForward {
 public:
  RealPortForward(Client* client, PortForwardOptions options, Socket listener, Socket wake,
                  int port)
      : client_(client),
        options_(std::move(options)),
        listener_(std::move(listener)),
        wake_(std::move(wake)),
        port_(port),
        thread_([this](const std::stop_token& stop) { Accept(stop); }) {}

  ~RealPortForward() override {
    thread_.request_stop();
    const uint64_t one = 1;
    (void)!write(wake_.fd(), &one, sizeof one);
    thread_.join();
    for (const auto& carrier : carriers_) carrier->Stop();  // all, before any is waited for
  }

  int local_port() const override { return port_; }

 private:
  void Accept(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      pollfd wait[2] = {{.fd = listener_.fd(), .events = POLLIN, .revents = 0},
                        {.fd = wake_.fd(), .events = POLLIN, .revents = 0}};
      // Also now and then by itself, to let go of connections that have ended.
      (void)poll(wait, 2, 1'000);
      carriers_.remove_if([](const auto& carrier) { return carrier->is_done(); });
      if ((wait[0].revents & POLLIN) == 0 || stop.stop_requested()) continue;
      Socket local(accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC));
      if (local.fd() < 0) continue;
      if (carriers_.size() >= kMaxConnections) {
        if (options_.on_trouble) {
          options_.on_trouble(
              ResourceExhaustedError("{} connections are open: one was refused", kMaxConnections));
        }
        continue;
      }
      const int one = 1;
      setsockopt(local.fd(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
      carriers_.push_back(std::make_unique<Carrier>(client_, options_, std::move(local)));
    }
  }

  Client* const client_;
  const PortForwardOptions options_;
  const Socket listener_;
  const Socket wake_;
  const int port_;
  std::list<std::unique_ptr<Carrier>> carriers_;  // of the accepting thread until it has ended
  std::jthread thread_;
};

Result<std::pair<Socket, int>> Listen(int port) {
  Socket listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (listener.fd() < 0) return ErrnoError(errno, "cannot make a socket");
  const int one = 1;
  setsockopt(listener.fd(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  socklen_t size = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener.fd(), any, size) != 0 || listen(listener.fd(), 64) != 0) {
    if (errno == EADDRINUSE) return AlreadyExistsError("port {} of 127.0.0.1 is in use", port);
    return ErrnoError(errno, "cannot listen on port {} of 127.0.0.1", port);
  }
  if (getsockname(listener.fd(), any, &size) != 0) return ErrnoError(errno, "cannot see my port");
  return std::pair<Socket, int>(std::move(listener), ntohs(address.sin_port));
}

}  // namespace

Result<std::unique_ptr<PortForward>> PortForward::Start(Client* client,
                                                        PortForwardOptions options) {
  if (options.remote_port < 1 || options.remote_port > 65535 || options.local_port < 0 ||
      options.local_port > 65535) {
    return InvalidArgumentError("ports are from 1 to 65535, not {}:{}", options.local_port,
                                options.remote_port);
  }
  ASSIGN_OR_RETURN(auto listening, Listen(options.local_port));
  Socket wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (wake.fd() < 0) return ErrnoError(errno, "cannot make an eventfd");
  const int port = listening.second;
  return std::make_unique<RealPortForward>(client, std::move(options), std::move(listening.first),
                                           std::move(wake), port);
}

}  // namespace trainyard::kube
