// Who takes part in training by all-reduce, and whose variables all begin with. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "spec/tf_config.h"

namespace trainyard::train {

// The trainers of a job in the order of their ranks: the chief (or master), then the workers by
// index. An evaluator is none, also where it stands in the cluster.
struct Membership {
  int rank = 0;                        // of this process: TaskConfig::trainer_rank
  std::vector<std::string> names;      // "worker 1"
  std::vector<std::string> addresses;  // "host:port"
};
Membership MembershipOf(const spec::TaskConfig& task);

// Threads for one operation: the machine's cores, divided by the members that TF_CONFIG shows on
// this one's host. 0, which lets TensorFlow use every core, if it is the only one.
int ThreadsBeside(const Membership& members, int num_cores);

// What a member says of itself when the group has met.
struct MemberState {
  int64_t step = -1;      // of its variables; -1: it has none
  int64_t variables = 0;  // bytes
  int64_t exchanged = 0;  // floats per step

  friend bool operator==(const MemberState&, const MemberState&) = default;
};

// The rank of the member whose variables all others take: the furthest, so that no step that one of
// them holds is lost; of several the lowest rank, so that it is the chief if nothing speaks against
// it. FailedPrecondition if their models differ.
Result<int> ChooseSource(const Membership& members, std::span<const MemberState> states);

}  // namespace trainyard::train
