// Whether parameter servers see the chief's model directory.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "spec/cluster_spec.h"
#include "tf/session.h"
#include "train/run_config.h"

namespace trainyard::train {

// Without RunConfig::save_on_chief each parameter server writes its part of a checkpoint itself,
// and one that has another directory makes the first save fail, after the cluster has come up, with
// a file that is not found. The chief asks before it trains: it writes a small file
// (directory_probe.h) and has each parameter server read it.
//
// The chief's. Adds one operation per parameter server, before any session. Thread-compatible.
class SharedDirectoryCheck {
 public:
  // Borrows the graph for this call.
  SharedDirectoryCheck(tf::Graph* graph, const spec::ClusterSpec& cluster);

  // InvalidArgument if a parameter server finds no such file within five seconds (network storage
  // may show files late): names the server and what to do. Other failures are the session's own.
  Status Run(tf::Session* session, const RunConfig& config) const;

 private:
  struct Server {
    int index;
    std::string address;
    tf::Output content;
  };
  tf::Output path_;  // fed
  std::vector<Server> servers_;
};

}  // namespace trainyard::train
