// What is remembered of each replica, in the order of their names: a map, kept in one piece of
// memory because a plan copies all of it.
//
// A value; thread-compatible. Pointers and iterators last until a replica is added.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "job/replica.h"

namespace trainyard::job {

class ReplicaRecords {
 public:
  using Entry = std::pair<ReplicaId, ReplicaRecord>;
  using iterator = std::vector<Entry>::iterator;
  using const_iterator = std::vector<Entry>::const_iterator;

  iterator begin() { return entries_.begin(); }
  iterator end() { return entries_.end(); }
  const_iterator begin() const { return entries_.begin(); }
  const_iterator end() const { return entries_.end(); }
  size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }

  // end() if the replica is not there.
  const_iterator find(const ReplicaId& id) const;
  bool contains(const ReplicaId& id) const { return find(id) != end(); }
  // The replica must be there.
  const ReplicaRecord& at(const ReplicaId& id) const { return find(id)->second; }
  // Adds the replica if it is not there; cheap at the end of the order.
  ReplicaRecord& operator[](const ReplicaId& id);

  // Adds the first `count` replicas of a type where they are not there.
  void Include(spec::ReplicaType type, int count);

  friend bool operator==(const ReplicaRecords&, const ReplicaRecords&) = default;

 private:
  std::vector<Entry> entries_;  // sorted by id
};

}  // namespace trainyard::job
