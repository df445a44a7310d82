// Times the mean of an array over two processes on this machine by collective::Group, beside the
// same bytes sent both ways over a plain TCP connection, in turns. Prints one line of JSON.
//
// usage: exchange BYTES ROUNDS PORT
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "collective/group.h"
#include "step_times.h"

using namespace trainyard;

namespace {

constexpr int kBuffer = 4 << 20;  // of the sockets: more than a step of the copy

// A connection of this process with the other: the first listens at 127.0.0.1:port. -1 on failure.
int ConnectWithOther(int rank, int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto* name = reinterpret_cast<const sockaddr*>(&address);
  const int yes = 1;
  for (int attempt = 0; attempt < 500; ++attempt) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &kBuffer, sizeof(kBuffer));
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &kBuffer, sizeof(kBuffer));
    if (rank == 0) {
      const int listening = fd;
      const timeval deadline{.tv_sec = 30, .tv_usec = 0};
      setsockopt(listening, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof(deadline));
      if (bind(listening, name, sizeof(address)) != 0 || listen(listening, 1) != 0) return -1;
      fd = accept(listening, nullptr, nullptr);
      close(listening);
    } else if (connect(fd, name, sizeof(address)) != 0) {
      close(fd);
      usleep(10'000);
      continue;
    }
    if (fd >= 0) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    return fd;
  }
  return -1;
}

bool SendAll(int fd, const char* bytes, size_t count) {
  while (count > 0) {
    const ssize_t sent = send(fd, bytes, count, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes += sent;
    count -= static_cast<size_t>(sent);
  }
  return true;
}

bool CopyBothWays(int fd, const std::vector<float>& from, std::vector<float>* to) {
  const size_t bytes = from.size() * sizeof(float);
  bool sent = false;
  std::jthread sender(
      [&] { sent = SendAll(fd, reinterpret_cast<const char*>(from.data()), bytes); });
  const ssize_t received = recv(fd, to->data(), bytes, MSG_WAITALL);
  sender.join();
  return sent && received == static_cast<ssize_t>(bytes);
}

Status Measure(int rank, size_t bytes, int rounds, int port) {
  const std::string address = "127.0.0.1:" + std::to_string(port);
  ASSIGN_OR_RETURN(
      const std::unique_ptr<collective::Group> group,
      collective::Group::Join({.name = "exchange", .rank = rank, .addresses = {address, address}}));
  const int fd = ConnectWithOther(rank, port + 1);
  if (fd < 0) return UnavailableError("cannot connect the two processes for the plain copy");
  std::vector<float> values(bytes / sizeof(float), 1.0f), copied(values.size());
  std::vector<double> means, copies;
  for (int round = -3; round < rounds; ++round) {  // the first three warm up
    RETURN_IF_ERROR(group->Barrier());
    bench::Clock::time_point start = bench::Clock::now();
    RETURN_IF_ERROR(group->AllReduceMean(values));
    if (round >= 0) means.push_back(bench::MillisecondsSince(start));
    RETURN_IF_ERROR(group->Barrier());
    start = bench::Clock::now();
    if (!CopyBothWays(fd, values, &copied)) return UnavailableError("the plain copy broke off");
    if (round >= 0) copies.push_back(bench::MillisecondsSince(start));
  }
  RETURN_IF_ERROR(group->Barrier());
  close(fd);
  if (rank > 0) return OkStatus();
  std::printf(
      "{\"all_reduce_ms\":%.3f,\"all_reduce_p10_ms\":%.3f,\"copy_ms\":%.3f,\"copy_p10_ms\":%.3f}\n",
      bench::Percentile(means, 50), bench::Percentile(means, 10), bench::Percentile(copies, 50),
      bench::Percentile(copies, 10));
  return OkStatus();
}

int Run(int rank, char** argv) {
  const Status status = Measure(rank, std::strtoull(argv[1], nullptr, 10),
                                std::max(std::atoi(argv[2]), 1), std::atoi(argv[3]));
  if (status.ok()) return 0;
  std::fprintf(stderr, "exchange: %s\n", status.message().c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: exchange BYTES ROUNDS PORT\n");
    return 2;
  }
  const pid_t other = fork();
  if (other == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    return Run(1, argv);
  }
  const int result = Run(0, argv);
  int status = 0;
  waitpid(other, &status, 0);
  return result != 0 || status != 0 ? 1 : 0;
}
