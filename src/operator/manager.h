// The operator as a whole: connects, is elected, runs the controller, shows metrics and health, and
// ends in order.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "kube/client.h"
#include "kube/config.h"
#include "kube/leader_election.h"
#include "operator/controller.h"

namespace trainyard::operators {

struct ManagerOptions {
  kube::ConfigChoice cluster{};
  kube::ClientOptions client{};
  ControllerOptions controller{};

  std::string metrics_address = "127.0.0.1:8080";  // "0": none
  std::string health_address = "127.0.0.1:8081";   // "0": none

  bool leader_elect = false;
  kube::LeaderElectionOptions election{};  // empty name space: that of the pod or context
};

// Runs until SIGTERM or SIGINT, finishing what is under way and giving the lease back. A failure to
// begin comes back. If the lease is lost the process exits with 1 at once: another leads.
//
// Must be called before other threads are started, because it blocks these signals in all of them.
Status RunOperator(ManagerOptions options);

}  // namespace trainyard::operators
