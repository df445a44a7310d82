#include "train/strategies/membership.h"

#include <algorithm>

namespace trainyard::train {
namespace {

std::string_view HostOf(std::string_view address) { return address.substr(0, address.rfind(':')); }

}  // namespace

Membership MembershipOf(const spec::TaskConfig& task) {
  Membership members{.rank = task.trainer_rank.value_or(0)};
  for (const std::string_view job : {spec::kChief, spec::kMaster, spec::kWorker}) {
    const auto found = task.cluster.jobs.find(job);
    if (found == task.cluster.jobs.end()) continue;
    for (const auto& [index, address] : found->second) {
      members.names.push_back(fmt::format("{} {}", job, index));
      members.addresses.push_back(address);
    }
  }
  return members;
}

int ThreadsBeside(const Membership& members, int num_cores) {
  const std::string_view host = HostOf(members.addresses[static_cast<size_t>(members.rank)]);
  const auto here =
      std::count_if(members.addresses.begin(), members.addresses.end(),
                    [&](const std::string& address) { return HostOf(address) == host; });
  return here == 1 ? 0 : std::max(1, num_cores / static_cast<int>(here));
}

Result<int> ChooseSource(const Membership& members, std::span<const MemberState> states) {
  size_t source = 0;
  for (size_t rank = 0; rank < states.size(); ++rank) {
    if (states[rank].variables != states[0].variables ||
        states[rank].exchanged != states[0].exchanged) {
      return FailedPreconditionError(
          "{} has another model than {}: {} bytes of variables and {} numbers to exchange, not {} "
          "and {}; start all replicas with the same program and flags",
          members.names[rank], members.names[0], states[rank].variables, states[rank].exchanged,
          states[0].variables, states[0].exchanged);
    }
    if (states[rank].step > states[source].step) source = rank;
  }
  return static_cast<int>(source);
}

}  // namespace trainyard::train
