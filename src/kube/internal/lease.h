// Who holds a Lease, and what one that wants it should do: the decisions of a LeaderElection.
//
// Pure, thread-safe.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "kube/leader_election.h"
#include "kube/object.h"

namespace trainyard::kube::internal {

// The parts of a Lease that count here.
struct LeaseRecord {
  std::string holder{};
  std::chrono::seconds duration{0};
  int64_t transitions = 0;
  std::string acquire_time{};  // as the holder wrote it: never compared with this machine's clock
  std::string renew_time{};
  std::string version{};  // a write has to name it, and fails if another was quicker

  friend bool operator==(const LeaseRecord&, const LeaseRecord&) = default;
};
LeaseRecord ToLeaseRecord(const Json& lease);

enum class LeaseAction {
  kCreate,  // there is none
  kRenew,   // it is ours
  kTake,    // it is nobody's, or its holder has not changed it for as long as it said it would
  kWait,    // it is another's
};

// `seen_at`: when the record was first seen as it is now, by the local steady clock; only this
// clock's differences are used, so that machines may disagree about the time.
LeaseAction NextLeaseAction(const std::optional<LeaseRecord>& record,
                            std::chrono::steady_clock::time_point seen_at,
                            std::chrono::steady_clock::time_point now,
                            const LeaderElectionOptions& options);

// The Lease to write for kCreate, kRenew and kTake.
Json BuildLease(const std::optional<LeaseRecord>& record, LeaseAction action, TimePoint wall_now,
                const LeaderElectionOptions& options);
// The Lease that lets ours go.
Json BuildReleasedLease(const LeaseRecord& record, TimePoint wall_now,
                        const LeaderElectionOptions& options);

}  // namespace trainyard::kube::internal
