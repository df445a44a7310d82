// A port of this machine that leads to a port of a pod, over WebSocket (v4.channel.k8s.io: one
// WebSocket for each connection).
//
// Listens on loopback. Threads only for open connections. Thread-safe; the destructor closes all.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/status.h"
#include "kube/client.h"

namespace trainyard::kube {

struct PortForwardOptions {
  std::string name_space{};
  std::string pod{};
  int remote_port = 0;
  int local_port = 0;                               // 0: any free one
  std::function<void(const Status&)> on_trouble{};  // a connection could not be carried
};

class PortForward {
 public:
  // AlreadyExists if the local port is in use.
  static Result<std::unique_ptr<PortForward>> Start(Client* client, PortForwardOptions options);
  virtual ~PortForward() = default;
  virtual int local_port() const = 0;
};

}  // namespace trainyard::kube
