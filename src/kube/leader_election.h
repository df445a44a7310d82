// At most one of several processes leads, by a coordination.k8s.io/v1 Lease.
//
// As client-go's tools/leaderelection: 15 s lease, renewed every 2 s, given up after 10 s without
// success. A lease is another's as long as its record has changed within its duration by the local
// clock, so that clocks may differ. Followers watch the Lease, where client-go looks every 2 s: a
// killed leader is replaced when its lease ends and not seconds later, one that stops and lets the
// lease go (empty holder) at once. Without the right to watch, looking every so often is what
// remains. A leader that has lost its lease does not try again.
//
// One thread of its own. Thread-safe. The destructor releases the lease if it is held.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/status.h"
#include "kube/api.h"

namespace trainyard::kube {

struct LeaderElectionOptions {
  std::string name_space{};
  std::string name{};      // of the Lease
  std::string identity{};  // of this process; unique: host name and a random part
  std::chrono::milliseconds lease_duration{15'000};
  std::chrono::milliseconds renew_deadline{10'000};
  std::chrono::milliseconds retry_period{2'000};

  std::function<void()> on_started{};  // this process leads from now on; must return soon
  // Another leads, or nobody can be reached: the work must end at once (exit the process).
  std::function<void()> on_lost{};
  std::function<void(const std::string& identity)> on_new_leader{};
};

class LeaderElection {
 public:
  static std::unique_ptr<LeaderElection> Start(Api* api, LeaderElectionOptions options);
  virtual ~LeaderElection() = default;
  virtual bool is_leader() const = 0;
};

}  // namespace trainyard::kube
