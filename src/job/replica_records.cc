#include "job/replica_records.h"

#include <algorithm>

namespace trainyard::job {
namespace {

bool IsBefore(const ReplicaRecords::Entry& entry, const ReplicaId& id) { return entry.first < id; }

}  // namespace

ReplicaRecords::const_iterator ReplicaRecords::find(const ReplicaId& id) const {
  const auto place = std::lower_bound(entries_.begin(), entries_.end(), id, IsBefore);
  return place != entries_.end() && place->first == id ? place : entries_.end();
}

ReplicaRecord& ReplicaRecords::operator[](const ReplicaId& id) {
  auto place = std::lower_bound(entries_.begin(), entries_.end(), id, IsBefore);
  if (place == entries_.end() || place->first != id) place = entries_.insert(place, {id, {}});
  return place->second;
}

void ReplicaRecords::Include(spec::ReplicaType type, int count) {
  auto place = std::lower_bound(entries_.begin(), entries_.end(), ReplicaId{type, 0}, IsBefore);
  for (int index = 0; index < count; ++index, ++place) {
    const ReplicaId id{type, index};
    if (place == entries_.end() || place->first != id) place = entries_.insert(place, {id, {}});
  }
}

}  // namespace trainyard::job
