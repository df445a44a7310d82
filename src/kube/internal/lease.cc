#include "kube/internal/lease.h"

#include <algorithm>

namespace trainyard::kube::internal {
namespace {

Json LeaseWith(const LeaseRecord& record, const LeaderElectionOptions& options) {
  Json lease = {{"apiVersion", "coordination.k8s.io/v1"},
                {"kind", "Lease"},
                {"metadata", {{"name", options.name}, {"namespace", options.name_space}}},
                {"spec",
                 {{"holderIdentity", record.holder},
                  {"leaseDurationSeconds", record.duration.count()},
                  {"leaseTransitions", record.transitions},
                  {"acquireTime", record.acquire_time},
                  {"renewTime", record.renew_time}}}};
  if (!record.version.empty()) lease["metadata"]["resourceVersion"] = record.version;
  return lease;
}

// The API's own limit; sums with what is larger would overflow.
int64_t GetInt32(const Json& lease, std::initializer_list<std::string_view> path) {
  return std::clamp<int64_t>(GetInt(lease, path), 0, INT32_MAX);
}

}  // namespace

LeaseRecord ToLeaseRecord(const Json& lease) {
  return {.holder = GetString(lease, {"spec", "holderIdentity"}),
          .duration = std::chrono::seconds(GetInt32(lease, {"spec", "leaseDurationSeconds"})),
          .transitions = GetInt32(lease, {"spec", "leaseTransitions"}),
          .acquire_time = GetString(lease, {"spec", "acquireTime"}),
          .renew_time = GetString(lease, {"spec", "renewTime"}),
          .version = GetString(lease, {"metadata", "resourceVersion"})};
}

LeaseAction NextLeaseAction(const std::optional<LeaseRecord>& record,
                            std::chrono::steady_clock::time_point seen_at,
                            std::chrono::steady_clock::time_point now,
                            const LeaderElectionOptions& options) {
  if (!record) return LeaseAction::kCreate;
  if (record->holder == options.identity) return LeaseAction::kRenew;
  if (record->holder.empty()) return LeaseAction::kTake;
  return now - seen_at < record->duration ? LeaseAction::kWait : LeaseAction::kTake;
}

Json BuildLease(const std::optional<LeaseRecord>& record, LeaseAction action, TimePoint wall_now,
                const LeaderElectionOptions& options) {
  LeaseRecord next = record.value_or(LeaseRecord());
  next.renew_time = FormatMicroTime(wall_now);
  if (action != LeaseAction::kRenew || next.acquire_time.empty()) {
    next.acquire_time = next.renew_time;
  }
  if (action == LeaseAction::kTake) ++next.transitions;
  next.holder = options.identity;
  // Whole seconds, and at least one.
  next.duration = std::max(std::chrono::ceil<std::chrono::seconds>(options.lease_duration),
                           std::chrono::seconds(1));
  return LeaseWith(next, options);
}

Json BuildReleasedLease(const LeaseRecord& record, TimePoint wall_now,
                        const LeaderElectionOptions& options) {
  LeaseRecord released = record;
  released.holder.clear();
  released.duration = std::chrono::seconds(1);
  released.renew_time = FormatMicroTime(wall_now);
  released.acquire_time = released.renew_time;
  return LeaseWith(released, options);
}

}  // namespace trainyard::kube::internal
