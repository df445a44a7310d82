// A task of a TensorFlow cluster, in this process.
#pragma once

#include <map>
#include <string>

#include "base/status.h"
#include "tf/session.h"

namespace trainyard::tf {

struct ServerOptions {
  // job -> task index -> "host:port". Sparse indexes are allowed.
  std::map<std::string, std::map<int, std::string>> cluster;
  std::string job;
  int task = 0;
  SessionConfig config;  // thread pools are made from this one, not from later sessions' configs
};

// A started server. It cannot be stopped: TensorFlow implements no shutdown, and deleting a started
// server aborts the process. The handle is therefore leaked, and the server lives until the process
// ends by return from main or _exit.
class Server {
 public:
  // Binds and starts; on loopback alone if this task's own address is 127.0.0.1 or localhost, else
  // on every address (TensorFlow offers no choice). Fails if the port is taken. Also sets
  // GRPC_FAIL_FAST, without which a session hangs for ever on a task that has gone away.
  static Result<Server> Start(const ServerOptions& options);

  // The session target: sessions made with exactly this string call the server without a socket.
  const std::string& target() const { return target_; }

 private:
  explicit Server(std::string target) : target_(std::move(target)) {}
  std::string target_;
};

}  // namespace trainyard::tf
