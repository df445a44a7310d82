// Which cluster a command means, and the connection to it.
#pragma once

#include <memory>
#include <string>

#include <CLI/App.hpp>

#include "base/status.h"
#include "kube/api.h"
#include "kube/config.h"
#include "kube/timer_queue.h"

namespace trainyard::cli {

struct ClusterFlags {
  kube::ConfigChoice choice{};
  bool all_namespaces = false;
};

// --kubeconfig, --context and -n/--namespace, as kubectl has them. Borrowed; `flags` must outlive
// the parsing.
void AddClusterFlags(CLI::App* command, ClusterFlags* flags);

// The cluster and the namespace that is meant.
struct Cluster {
  std::unique_ptr<kube::Api> client;
  std::unique_ptr<kube::TimerQueue> timers;  // of what is followed; destroyed after it
  std::string name_space;
  std::string server;  // its URL, for messages
};

// Talks to nobody yet. NotFound, with what to do, if there is no configuration.
Result<Cluster> Connect(const ClusterFlags& flags);

}  // namespace trainyard::cli
