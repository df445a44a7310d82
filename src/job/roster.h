// The replicas that a job wants, each with what the job says of it, what is remembered of it and
// what is seen of it; and what else is seen.
//
// Built for one plan and gone with it. Thread-compatible.
#pragma once

#include <span>
#include <vector>

#include "job/replica_records.h"
#include "job/rules.h"
#include "spec/tfjob.h"

namespace trainyard::job {

struct Member {
  ReplicaId id;
  const spec::ReplicaSpec* spec;
  ReplicaRecord* record;
  const ReplicaView* view;  // the newest instance that is seen; null: none is
  bool decides;             // its success is the job's

  // What is seen is the instance that is remembered.
  bool is_current() const { return view != nullptr && view->instance == record->instance; }
  bool is_running() const { return is_current() && view->phase == Phase::kRunning; }
  bool has_active_view() const { return view != nullptr && view->is_active(); }
};

class Roster {
 public:
  // Adds records for wanted replicas that have none. Both arguments must outlive the roster, and
  // no record be added meanwhile.
  Roster(const spec::TFJob& job, std::span<const ReplicaView> seen, ReplicaRecords* records);

  // In the order of their ids: parameter servers first.
  std::span<Member> members() { return members_; }
  std::span<const Member> members() const { return members_; }
  // Every replica that is seen, wanted or not, its newest instance, in the order of their ids.
  std::span<const ReplicaView* const> views() const { return views_; }

 private:
  std::vector<const ReplicaView*> views_;
  std::vector<Member> members_;
};

}  // namespace trainyard::job
