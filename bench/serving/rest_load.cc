// Posts one prepared body over and over, on so many connections that are kept alive, and reports
// latencies. One thread; of an answer it reads the status and the length.
//
// usage: rest_load HOST:PORT PATH BODY_FILE CONCURRENCY SECONDS [TIMES_FILE]
// TIMES_FILE: when each request was sent and answered (latencies.h).
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "latencies.h"

using namespace trainyard;
using Clock = bench::Latencies::Clock;

namespace {

struct Connection {
  int socket = -1;
  std::string received;
  Clock::time_point began;
};

Result<int> Connect(const std::string& host, int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  if (inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) {
    return InvalidArgumentError("{} is no IPv4 address", host);
  }
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return UnavailableError("cannot connect to {}:{}", host, port);
  }
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return fd;
}

// The bytes that an answer has in all, once its header is there; 0 before.
size_t AnswerSize(std::string_view received) {
  const size_t header = received.find("\r\n\r\n");
  if (header == std::string_view::npos) return 0;
  std::string lower(received.substr(0, header));
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  constexpr std::string_view kLength = "content-length:";
  size_t length = 0;
  if (const size_t at = lower.find(kLength); at != std::string::npos) {
    const char* begin = lower.data() + at + kLength.size();
    while (*begin == ' ') ++begin;
    std::from_chars(begin, lower.data() + lower.size(), length);
  }
  return header + 4 + length;
}

class Load {
 public:
  Load(std::string request, double seconds)
      : request_(std::move(request)),
        length_(
            std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds))),
        begin_(Clock::now() + length_ / 5),
        latencies_(begin_) {}

  Status Run(const std::string& host, int port, int concurrency) {
    const int poll = epoll_create1(EPOLL_CLOEXEC);
    std::vector<Connection> connections(static_cast<size_t>(concurrency));
    for (Connection& connection : connections) {
      ASSIGN_OR_RETURN(connection.socket, Connect(host, port));
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.ptr = &connection;
      epoll_ctl(poll, EPOLL_CTL_ADD, connection.socket, &event);
      RETURN_IF_ERROR(Send(&connection));
    }
    open_ = connections.size();
    std::vector<epoll_event> events(connections.size());
    while (open_ > 0) {
      const int count = epoll_wait(poll, events.data(), static_cast<int>(events.size()), 10000);
      if (count == 0) return DeadlineExceededError("no answer for ten seconds");
      for (int i = 0; i < count; ++i) {
        RETURN_IF_ERROR(Read(static_cast<Connection*>(events[static_cast<size_t>(i)].data.ptr)));
      }
    }
    for (const Connection& connection : connections) close(connection.socket);
    close(poll);
    return OkStatus();
  }

  const bench::Latencies& latencies() const { return latencies_; }

 private:
  Status Send(Connection* connection) {
    connection->began = Clock::now();
    connection->received.clear();
    for (size_t sent = 0; sent < request_.size();) {
      const ssize_t part =
          send(connection->socket, request_.data() + sent, request_.size() - sent, MSG_NOSIGNAL);
      if (part <= 0) return UnavailableError("the server has closed a connection");
      sent += static_cast<size_t>(part);
    }
    return OkStatus();
  }

  Status Read(Connection* connection) {
    char buffer[65536];
    const ssize_t part = recv(connection->socket, buffer, sizeof(buffer), 0);
    if (part <= 0) return UnavailableError("the server has closed a connection");
    connection->received.append(buffer, static_cast<size_t>(part));
    const size_t size = AnswerSize(connection->received);
    if (size == 0 || connection->received.size() < size) return OkStatus();
    const Clock::time_point now = Clock::now();
    if (connection->received.find(" 200 ") < 16) {
      latencies_.Add(connection->began, now);
    } else {
      latencies_.AddError(connection->received.substr(0, 500));
    }
    if (now < begin_ + length_) return Send(connection);
    --open_;
    return OkStatus();
  }

  const std::string request_;
  const Clock::duration length_;
  const Clock::time_point begin_;
  bench::Latencies latencies_;
  size_t open_ = 0;
};

Status Main(int argc, char** argv) {
  const std::string address = argv[1];
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) return InvalidArgumentError("{} is no HOST:PORT", address);
  ASSIGN_OR_RETURN(const std::string body, ReadFile(argv[3]));
  Load load(fmt::format("POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n"
                        "Content-Length: {}\r\n\r\n{}",
                        argv[2], address, body.size(), body),
            std::atof(argv[5]));
  RETURN_IF_ERROR(load.Run(address.substr(0, colon), std::atoi(address.c_str() + colon + 1),
                           std::max(1, std::atoi(argv[4]))));
  std::puts(load.latencies().Report().c_str());
  return argc == 7 ? load.latencies().WriteTimes(argv[6]) : OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6 && argc != 7) {
    std::fprintf(stderr,
                 "usage: rest_load HOST:PORT PATH BODY_FILE CONCURRENCY SECONDS [TIMES_FILE]\n");
    return 2;
  }
  const Status status = Main(argc, argv);
  if (status.ok()) return 0;
  std::fprintf(stderr, "rest_load: %s\n", status.message().c_str());
  return 1;
}
